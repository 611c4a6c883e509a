"""Messages as they might also have been written: misspelt, or one beside another. The encoder learns from some of these
in place of the messages themselves, as a danger is often buried in another question and typed in a hurry."""

from __future__ import annotations

import random

JOINTS = (" and ", ". ", ", ", " also ", " ", "? ", " but ", " btw ", ", but ", " so ")
ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
SHORTEST = 4  # letters of a word that is misspelt


def joined(one: str, other: str, dice: random.Random) -> str:
    """Both messages as one, in either order."""
    first, second = (one, other) if dice.random() < 0.5 else (other, one)
    return first + dice.choice(JOINTS) + second


def misspelt(text: str, dice: random.Random) -> str:
    """The message with one word, or two, typed wrongly; as it is if all are short."""
    words = text.split()
    long = [place for place, word in enumerate(words) if len(word) >= SHORTEST and word.isalpha()]
    for place in dice.sample(long, min(len(long), dice.choice((1, 1, 2)))):
        words[place] = _typed_wrongly(words[place], dice)
    return " ".join(words)


def _typed_wrongly(word: str, dice: random.Random) -> str:
    """A letter in the middle swapped with the next, left out, doubled, or taken for its neighbour on the keyboard."""
    place = dice.randrange(1, len(word) - 1)
    before, letter, after = word[:place], word[place], word[place + 1 :]
    slips = (before + after[0] + letter + after[1:], before + after, before + 2 * letter + after)
    row = next((row for row in ROWS if letter in row), letter)
    near = row[max(0, min(len(row) - 1, row.index(letter) + dice.choice((-1, 1))))]
    return dice.choice((*slips, before + near + after))
