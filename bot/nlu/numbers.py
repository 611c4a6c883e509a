"""Whole numbers in a message, in digits or in words."""

from __future__ import annotations

import re
from collections.abc import Sequence

_DATE = re.compile(r"\d{1,2}[.,]\d{1,2}[.,](\d{4})")
_UNITS = dict(zip("one two three four five six seven eight nine".split(), range(1, 10), strict=True))
_TEENS = dict(
    zip(
        "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split(),
        range(10, 20),
        strict=True,
    )
)
_TENS = dict(
    zip(
        "twenty thirty forty fifty sixty seventy eighty ninety".split(),
        range(20, 100, 10),
        strict=True,
    )
) | {"fourty": 40}


def numbers_in(words: Sequence[str]) -> list[tuple[int, int, int]]:
    """Whole numbers (first word, after last, value), in digits or in words."""
    found, i = [], 0
    while i < len(words):
        end, value = _number(words, i)
        if value is not None:
            found.append((i, end, value))
        i = end
    return found


def _number(words: Sequence[str], i: int) -> tuple[int, int | None]:
    word = words[i]
    if word.isdecimal() and word.isascii():
        return i + 1, int(word) if len(word) <= 4 else None
    if date := _DATE.fullmatch(word):
        return i + 1, int(date[1])
    if word == "nineteen" and words[i + 1 : i + 2] and words[i + 1] in _TENS:
        end, value = _tens(words, i + 1)
        return end, 1900 + value  # "born in nineteen eighty"
    if word in _TENS:
        return _tens(words, i)
    return i + 1, _TEENS.get(word, _UNITS.get(word))


def _tens(words: Sequence[str], i: int) -> tuple[int, int]:
    """ "forty", "forty-seven", "forty seven"."""
    after = i + 2 if words[i + 1 : i + 2] == ["-"] else i + 1
    if after < len(words) and words[after] in _UNITS:
        return after + 1, _TENS[words[i]] + _UNITS[words[after]]
    return i + 1, _TENS[words[i]]


def is_number(word: str) -> bool:
    """Whether the word is a number or the beginning of one."""
    return word.isdecimal() or word in _UNITS or word in _TEENS or word in _TENS
