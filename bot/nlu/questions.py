"""Splits a message into the questions it holds. Pure: words in, places out; the classifier's guesses decide what to keep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MOST = 4  # parts of one message
ENDS = frozenset(".?!;\n")
JOINTS = frozenset(", and also plus + & then but or so btw oh ps / - & as well".split()) | {","}
ASKERS = frozenset(
    "what which who whose when where why how is are do does did can could will would should may am was has have any".split()
)
REQUESTS = frozenset(
    "i id please book cancel move change delete tell show check give let need want explain price cost".split()
)
FILLERS = frozenset("also btw and plus so well ok okay oh ps then but first".split())
SOCIAL = frozenset(
    "greet goodbye thank affirm deny unsure chitchat inform help complain ask_why refuse stop restart".split()
)
CLEAR = 0.45  # probability from which a part counts as a question of its own


@dataclass(frozen=True)
class Part:
    """One part of a message and its best intent."""

    start: int
    end: int
    intent: str
    confidence: float
    refused: bool = False


def split(words: Sequence[str]) -> list[tuple[int, int]]:
    """Where the message may be cut: the words (first, after last) of each part; one part when it has one sentence."""
    cuts = [0]
    for i in range(1, len(words)):
        if _begins(words, i) and i - cuts[-1] >= 1:
            cuts.append(i)
    parts = [(start, end) for start, end in zip(cuts, [*cuts[1:], len(words)]) if _has_words(words[start:end])]
    return parts if 1 < len(parts) <= MOST else [(0, len(words))]


def _begins(words: Sequence[str], i: int) -> bool:
    before, word, after = words[i - 1], words[i], words[i + 1] if i + 1 < len(words) else ""
    if before in ENDS:
        return word not in ENDS
    if before in JOINTS or before in FILLERS:
        return False if word in JOINTS and word not in ("and", "also", "but") else _asks(word, after)
    if word in JOINTS or word in FILLERS:
        return _asks(after, words[i + 2] if i + 2 < len(words) else "")
    return word in ("how", "what", "when", "where", "who", "why") and before not in _LEADS_ON


_LEADS_ON = frozenset(
    "know tell me explain about of to for on in at from with by is are was wonder wondering ask asking see understand sure "
    "idea matter like just exactly and or not no that this the a say said show remember check unsure even guess i you "
    "decide depends depending regarding".split()
)


def _asks(word: str, after: str) -> bool:
    return word in ASKERS or word in REQUESTS and after not in ("",) or word in ("my", "side", "it", "there", "that")


def _has_words(words: Sequence[str]) -> bool:
    return any(word[0].isalnum() for word in words)


def keep(whole: Part, parts: Sequence[Part]) -> list[Part]:
    """The questions to answer: the parts that are clear and differ, or the whole message as one."""
    clear = [part for part in parts if part.intent not in SOCIAL and part.confidence >= CLEAR and not part.refused]
    kept: list[Part] = []
    for part in clear:
        if all(part.intent != other.intent for other in kept):
            kept.append(part)
    return kept if len(kept) > 1 else [whole]
