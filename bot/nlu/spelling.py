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

LONG = 8  # letters; from here two errors are put right
SHORTEST = 5  # letters; shorter words have too many neighbours to be corrected
COMMON = 20_000  # occurrences in the word list's corpus below which a word may still be a typing error
_QUOTES = str.maketrans({"’": "'", "‘": "'", "´": "'", "`": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": " "})
_UNSEEN = re.compile(r"[\u0000-\u0008\u000b-\u001f\u007f\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]")
_STRETCHED = re.compile(r"([a-z!?.])\1{2,}")
_CONTACTS = (
    (re.compile(r"[^\s@]{1,64}@[^\s@]{1,255}\.\w+"), " emailaddress "),
    (re.compile(r"\+?\d(?:[ ().-]?\d){6,}"), " phonenumber "),
)
_WORD = re.compile(r"[a-z']+")
_RUN = frozenset("im ive youre youve theyre ok dont cant wont isnt arent didnt doesnt wasnt hasnt havent y n".split())
_VOWELS = re.compile(r"[aeiouy]")
RUN_TOGETHER = 6  # letters from which an unknown word may be two or three written as one
EVERYDAY = 8_000_000  # occurrences of a word that may stand in words run together
_SMALL = frozenset("i am is in it my me to no of on at so we he up im".split())  # its words of one or two letters


def straighten(text: str) -> str:
    """The text with plain quotes and without unseen characters; every character keeps its place."""
    return _UNSEEN.sub(" ", text.translate(_QUOTES))


@lru_cache(maxsize=1)
def known_words() -> frozenset[str]:
    """English words, as counted in the frequency list of symspellpy (82,000 words)."""
    return frozenset(word for word, count in _counts().items() if count >= COMMON)


@lru_cache(maxsize=1)
def _counts() -> dict[str, int]:
    lines = files("symspellpy").joinpath("frequency_dictionary_en_82_765.txt").read_text("utf-8-sig").splitlines()
    return {word: int(count) for word, count in (line.split() for line in lines)}


class Speller:
    """Says what a word stands for: the vocabulary's shorthand first, then the nearest word worth knowing."""

    def __init__(self, shorthand: Mapping[str, str], words: Iterable[str]) -> None:
        self._shorthand = dict(shorthand)
        self._targets = sorted({word for word in words if len(word) >= SHORTEST and word.isalpha()})
        self._known = known_words() | set(self._targets)
        self._skeletons = {_skeleton(word): word for word in reversed(self._targets)}
        everyday = {word for word, count in _counts().items() if count >= EVERYDAY and len(word) > 2}
        self._joinable = everyday | set(self._targets) | _SMALL | {"cant", "dont", "wont", "ive"}
        self._remember = lru_cache(maxsize=20_000)(self._correct)

    def forget(self) -> None:
        """Let go of the words it has met."""
        self._remember.cache_clear()

    def word(self, word: str) -> str:
        """The word as the vocabulary would write it, in lower case."""
        word = word.lower()
        return self._shorthand.get(word) or self._remember(word)

    def is_english(self, word: str) -> bool:
        """Whether the word is an English one, or is put right to one."""
        plain = word.replace("'", "")
        return plain in self._known or plain in _RUN or self.word(plain) != plain

    def text(self, text: str) -> str:
        """The whole text with its words corrected, for reading it as a sentence. Offsets are not kept."""
        plain = unicodedata.normalize("NFKC", straighten(text)).lower()
        for contact, name in _CONTACTS:
            plain = contact.sub(name, plain)
        return " ".join(_WORD.sub(lambda found: self.word(found.group()), _STRETCHED.sub(r"\1", plain)).split())

    def _correct(self, word: str) -> str:
        word = _STRETCHED.sub(r"\1", word)
        if word in self._known or not word.isalpha():
            return word
        if len(word) >= 4 and not _VOWELS.search(word):
            return self._skeletons.get(word, word)
        if len(word) < SHORTEST:
            return word
        if word.endswith("in") and word + "g" in self._known:
            return word + "g"
        near, apart = self._nearest(word, 1), self._apart(word)
        if near or not apart:
            return near or (self._nearest(word, 2) if len(word) >= LONG else None) or word
        return apart

    def _nearest(self, word: str, errors: int) -> str | None:
        """The word worth knowing within so many typing errors; "swellin" may want its g."""
        for spelt in (word, word + "g") if word.endswith("in") else (word,):
            found = extractOne(spelt, self._targets, scorer=OSA.distance, score_cutoff=errors)
            if found:
                return str(found[0])
        alike = self._skeletons.get(_skeleton(word), "")  # the vowels are guessed: "feavr"
        return alike if alike[:1] == word[0] and OSA.distance(alike, word) <= 2 else None

    def _apart(self, word: str, parts: int = 3) -> str | None:
        """Words run together ("mylips", "cantbreathe") put apart: as few everyday words as there can be."""
        if len(word) < RUN_TOGETHER and parts == 3:
            return None
        for i in range(len(word) - 1, 0, -1):
            if word[:i] in self._joinable:
                if word[i:] in self._joinable:
                    return f"{word[:i]} {word[i:]}"
                rest = self._apart(word[i:], parts - 1) if parts > 2 else None
                if rest:
                    return f"{word[:i]} {rest}"
        return None


def _skeleton(word: str) -> str:
    return _VOWELS.sub("", word)
