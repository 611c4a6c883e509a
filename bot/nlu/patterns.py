"""The small pattern language of content/vocabulary.yml, compiled to regular expressions over a message's words.

`swell*` any ending, `a|(b c)` either, `{group}` any phrase of a group, `...` up to six words that end no sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate, product

from spacy.tokens import Doc

_PART = re.compile(r"(?:\([^)]*\)|[^\s(]|\((?![^)]*\)))+")
GAP = r"(?:(?![.?!;] )[^ ]+ ){0,6}?"
GAP_UNDENIED = r"(?:(?!(?:[.?!;]|not|no|never|without|nor|neither|none) )[^ ]+ ){0,6}?"


def written_out(phrases: Iterable[str]) -> list[str]:
    """Every phrase that `sugar|diabetes in my last|first pregnancy` stands for; several words go in brackets."""
    return [" ".join(words) for phrase in phrases for words in product(*map(_alternatives, _PART.findall(phrase)))]


class PatternError(ValueError):
    """A pattern that cannot be read; the message quotes it."""


class Line:
    """A message's words joined by spaces, with a way back from characters to words."""

    def __init__(self, doc: Doc) -> None:
        words = [token.text for token in doc]
        self.text = " " + "".join(word + " " for word in words)
        self._word_at = {start: i for i, start in enumerate(accumulate((len(word) + 1 for word in words), initial=1))}

    def spans(self, pattern: re.Pattern[str]) -> list[tuple[int, int]]:
        """The words (first, after last) of each match, overlaps included where they start at different words."""
        found, position = [], 0
        while match := pattern.search(self.text, position):
            start, end = self._word_at.get(match.start()), self._word_at.get(match.end() + 1)
            if start is not None and end is not None and end > start:
                found.append((start, end))
            position = match.start() + 1
        return found


def compile_patterns(
    patterns: Iterable[str], groups: Mapping[str, Sequence[str]] | None = None, gap: str = GAP
) -> re.Pattern[str]:
    """One expression for all patterns; raises PatternError naming an unknown group or an empty pattern."""
    longest_first = sorted(patterns, key=lambda pattern: -len(pattern.split()))
    alternatives = [_one(pattern, groups or {}, gap) for pattern in longest_first]
    return re.compile(r"(?<= )(?:" + "|".join(alternatives) + r")(?= )")


def _one(pattern: str, groups: Mapping[str, Sequence[str]], gap: str) -> str:
    parts = _PART.findall(pattern.lower())
    while parts and parts[-1] == "...":
        parts.pop()
    if not parts or parts[0] == "...":
        raise PatternError(f"{pattern!r} must begin with a word")
    pieces = []
    for part in parts:
        pieces.append(gap if part == "..." else f"(?:{_word(part, groups, pattern)}) ")
    return "".join(pieces)[:-1]


def _word(part: str, groups: Mapping[str, Sequence[str]], pattern: str) -> str:
    found: list[str] = []
    for one in part.split("|"):
        if one.startswith("{") and one.endswith("}"):
            if one[1:-1] not in groups:
                raise PatternError(f"{pattern!r}: {one} is not one of the groups {', '.join(groups)}")
            found += groups[one[1:-1]]
        else:
            found.append(_bare(one))
    return "|".join(" ".join(_ending(word) for word in phrase.lower().split()) for phrase in found)


def _alternatives(part: str) -> list[str]:
    return [_bare(one) for one in part.split("|") if one]


def _bare(part: str) -> str:
    return part[1:-1] if len(part) > 2 and part[0] == "(" and part[-1] == ")" else part


def _ending(word: str) -> str:
    return re.escape(word[:-1]) + "[^ ]*" if word.endswith("*") and len(word) > 1 else re.escape(word)
