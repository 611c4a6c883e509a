"""A message read once: a spaCy document of its words as the vocabulary writes them, and where each stood."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from bot.nlu.spelling import Speller, straighten

LONGEST = 2_000  # characters of a message that are read; what follows cannot change the answer
_PIECE = re.compile(r"w/o?(?![^\W\d_])|\d+(?:[.,]\d+)*|[^\W\d_]+(?:'[^\W\d_]+)*|n't|'(?:s|m|re|ve|ll|d)\b|[^\s\w]|_")
_CONTRACTED = {"ca": "can", "wo": "will", "sha": "shall", "ai": "is"}
_SHORT = {"'m": "am", "'re": "are", "'ve": "have", "'ll": "will", "'d": "would"}
_IS = frozenset("he she it that what who how where when there here why everything nothing".split())
_NEGATED = frozenset(
    "can do does did is was are were have has had would could should wo must need ai".split()
)  # written without apostrophe: "dont", "wasnt"
_RUN_TOGETHER = {"im": "i am", "ive": "i have", "youre": "you are", "youve": "you have", "theyre": "they are"}


class PatientTokenizer:
    """A spaCy tokenizer that puts spelling, shorthand and contractions right.

    The document's words are the corrected ones; `user_data["places"]` holds (start, end) in the text for each.
    """

    def __init__(self, vocab: Vocab, speller: Speller) -> None:
        self._vocab, self._speller = vocab, speller

    def __call__(self, text: str) -> Doc:
        plain = straighten(text[:LONGEST])
        words: list[str] = []
        places: list[tuple[int, int]] = []
        for piece in _PIECE.finditer(plain):
            for word in self._words(piece.group().lower()):
                words.append(word)
                places.append(piece.span())
        doc = Doc(self._vocab, words=words)
        doc.user_data["places"], doc.user_data["text"] = places, text
        return doc

    def _words(self, piece: str) -> list[str]:  # noqa: PLR0911 - a return for each form a piece may have
        if piece in _RUN_TOGETHER:
            return _RUN_TOGETHER[piece].split()
        if piece in ("w/o", "w/"):
            return ["without" if piece == "w/o" else "with"]
        if not piece[0].isalpha():
            return [_SHORT.get(piece, piece)]
        stem = piece.replace("'", "")
        if stem == "cannot":
            return ["can", "not"]
        if len(self._plain(stem)) == 2 and stem not in _RUN_TOGETHER:
            return self._plain(stem)
        if "'" in piece:
            head, _, tail = piece.rpartition("'")
            return [
                self._speller.word(head),
                "is" if tail == "s" and head in _IS else _SHORT.get("'" + tail, "'" + tail),
            ]
        words = self._speller.word(piece).split()
        return words if len(words) == 1 else [one for word in words for one in self._plain(word)]

    def _plain(self, word: str) -> list[str]:
        """A word of a corrected piece, its contraction put apart."""
        if word in _RUN_TOGETHER:
            return _RUN_TOGETHER[word].split()
        if word.endswith("nt") and word[:-2] in _NEGATED | {"ca"} and word != "want":
            return [_CONTRACTED.get(word[:-2], word[:-2]), "not"]
        return [word]


@dataclass(frozen=True)
class Reading:
    """A message's words and their places; `line` is the words joined by single spaces, with a space at both ends."""

    doc: Doc

    @property
    def text(self) -> str:
        return str(self.doc.user_data["text"])

    @property
    def words(self) -> list[str]:
        return [token.text for token in self.doc]

    def place(self, span: Span) -> tuple[int, int]:
        """Where the span stands in the message as it was written: first character, character after the last."""
        places = self.doc.user_data["places"]
        return places[span.start][0], places[span.end - 1][1]

    def where(self, start: int, end: int) -> tuple[int, int]:
        """The tokens (first, after last) that lie between two characters of the message."""
        places = self.doc.user_data["places"]
        inside = [i for i, (first, last) in enumerate(places) if first < end and last > start]
        return (inside[0], inside[-1] + 1) if inside else (0, 0)


def build_language(speller: Speller) -> Language:
    """A blank English pipeline that reads messages as patients type them."""
    language = spacy.blank("en")
    language.tokenizer = PatientTokenizer(language.vocab, speller)
    return language


def read(language: Language, text: str) -> Reading:
    """Read one message."""
    return Reading(language.make_doc(text))


def phrase_words(phrases: Iterable[str]) -> set[str]:
    """The single words of phrases, for the speller to know."""
    return {word for phrase in phrases for word in re.findall(r"[^\W\d_]+", phrase.lower())}
