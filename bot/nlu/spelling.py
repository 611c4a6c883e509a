"""How patients type, brought closer to how the vocabulary is written: shorthand, repeated letters, typing errors.

Offsets are never changed: a token keeps its text, and what it stands for becomes its norm.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib.resources import files

from rapidfuzz.distance import OSA
from rapidfuzz.process import extractOne

SHORTEST = 5  # letters; shorter words have too many neighbours to be corrected
COMMON = 20_000  # occurrences in the word list's corpus below which a word may still be a typing error
_QUOTES = str.maketrans({"’": "'", "‘": "'", "´": "'", "`": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": " "})
_UNSEEN = re.compile(r"[\u0000-\u0008\u000b-\u001f\u007f\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]")
_STRETCHED = re.compile(r"([a-z!?.])\1{2,}")
_CONTACTS = ((re.compile(r"\S+@\S+\.\w+"), " emailaddress "), (re.compile(r"\+?\d(?:[ ().-]?\d){6,}"), " phonenumber "))
_WORD = re.compile(r"[a-z']+")


def straighten(text: str) -> str:
    """The text with plain quotes and without unseen characters; every character keeps its place."""
    return _UNSEEN.sub(" ", text.translate(_QUOTES))


@lru_cache(maxsize=1)
def known_words() -> frozenset[str]:
    """English words, as counted in the frequency list of symspellpy (82,000 words)."""
    lines = files("symspellpy").joinpath("frequency_dictionary_en_82_765.txt").read_text("utf-8-sig").splitlines()
    return frozenset(word for word, count in (line.split() for line in lines) if int(count) >= COMMON)


class Speller:
    """Says what a word stands for: the vocabulary's shorthand first, then the nearest word worth knowing."""

    def __init__(self, shorthand: Mapping[str, str], words: Iterable[str]) -> None:
        self._shorthand = dict(shorthand)
        self._targets = sorted({word for word in words if len(word) >= SHORTEST and word.isalpha()})
        self._known = known_words() | set(self._targets)
        self._remember = lru_cache(maxsize=20_000)(self._correct)

    def forget(self) -> None:
        """Let go of the words it has met."""
        self._remember.cache_clear()

    def word(self, word: str) -> str:
        """The word as the vocabulary would write it, in lower case."""
        word = word.lower()
        return self._shorthand.get(word) or self._remember(word)

    def text(self, text: str) -> str:
        """The whole text with its words corrected, for reading it as a sentence. Offsets are not kept."""
        plain = unicodedata.normalize("NFKC", straighten(text)).lower()
        for contact, name in _CONTACTS:
            plain = contact.sub(name, plain)
        return " ".join(_WORD.sub(lambda found: self.word(found.group()), _STRETCHED.sub(r"\1", plain)).split())

    def _correct(self, word: str) -> str:
        word = _STRETCHED.sub(r"\1", word)
        if len(word) < SHORTEST or word in self._known or not word.isalpha():
            return word
        if word.endswith("in") and word + "g" in self._known:
            return word + "g"
        cutoff = 1 if len(word) < 8 else 2
        found = extractOne(word, self._targets, scorer=OSA.distance, score_cutoff=cutoff)
        return found[0] if found else word
