"""How easy a text is to read: the Flesch-Kincaid grade, measured offline.

Syllables come from the CMU Pronouncing Dictionary (package pysyllables); for words it lacks, groups of
vowels are counted. textstat would fetch that dictionary from the network at the first call.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

STAND_IN = "this"  # what a placeholder such as {clinic_phone} counts as


def grade(text: str, terms: Mapping[str, str] | None = None) -> float:
    """US school grade needed to read `text`, after `terms` (forced medical term -> plain stand-in) are replaced.

    Flesch-Kincaid (Kincaid et al. 1975): 0.39 words per sentence + 11.8 syllables per word - 15.59. 0.0 without words.
    """
    plain = _plain(text, terms or {})
    words = _words(plain)
    if not words:
        return 0.0
    lengths = [len(_words(sentence)) for sentence in re.split(r"[.!?]+(?:[\s\"]|$)", plain)]
    sentences = max(1, sum(length > 2 for length in lengths))  # "No." and "Thank you." are not sentences that help
    return 0.39 * len(words) / sentences + 11.8 * sum(map(_syllables, words)) / len(words) - 15.59


def _plain(text: str, terms: Mapping[str, str]) -> str:
    text = re.sub(r"\{\w+\}", STAND_IN, text)
    for term, plain in sorted(terms.items(), key=lambda item: -len(item[0])):
        text = re.sub(rf"\b{re.escape(term)}\b", plain, text, flags=re.IGNORECASE)
    return text


def _words(sentence: str) -> list[str]:
    return re.findall(r"[a-z]+(?:'[a-z]+)?|\d+", sentence.lower().replace("’", "'"))


@lru_cache(maxsize=4096)
def _syllables(word: str) -> int:
    from pysyllables import get_syllable_count  # type: ignore[import-untyped]  # it reads a file when imported

    return 1 if word.isdigit() else get_syllable_count(word) or _vowel_groups(word)


def _vowel_groups(word: str) -> int:
    silent = len(re.findall(r"[^aeiouyl]e$|[^aeiouytd]ed$", word))
    return max(1, len(re.findall(r"[aeiouy]+", word)) - silent)
