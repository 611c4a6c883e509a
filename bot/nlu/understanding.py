"""Everything that understands a message, built once from the vocabulary and shared by the pipeline's components."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from bot.nlu.clinical import ClinicalReader
from bot.nlu.danger import Alarm, DangerFinder
from bot.nlu.intent_model import OUT, Guess
from bot.nlu.language import recognise
from bot.nlu.questions import Part, asks, keep, split
from bot.nlu.reader import Reading, build_language, phrase_words, read
from bot.nlu.spelling import Speller, known_words
from bot.nlu.vocabulary import Vocabulary, load_vocabulary
from bot.store.forgetting import remembers

VOCABULARY = Path(__file__).resolve().parent.parent / "content" / "vocabulary.yml"
Ask = Callable[[list[str]], list[Guess]]

SIGNS = {"affirm": "👍👌✅✔🆗", "deny": "👎❌🙅"}  # typed alone, these are an answer


@dataclass(frozen=True)
class Classified:
    """What the classifier says of a message: Rasa's intent and ranking, our questions, and its opinions for the guard."""

    intent: dict[str, Any]
    ranking: list[dict[str, Any]]
    questions: list[dict[str, Any]]
    opinions: list[dict[str, float]]


class Understanding:
    """Reads messages. Holds no state but memory of the last ones."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        words = phrase_words(vocabulary.phrases()) | _sign_words(vocabulary)
        self._speller = Speller(vocabulary.shorthand, words)
        self._language = build_language(self._speller)
        self._clinical = ClinicalReader(vocabulary, self._language)
        self._danger = DangerFinder(vocabulary, self._language)
        self._last = lru_cache(maxsize=64)(lambda text: read(self._language, text))
        self.read: Callable[[str], Reading] = self._last
        remembers(self.forget)

    def forget(self) -> None:
        """Let go of the last messages and of the words in them."""
        self._last.cache_clear()
        self._speller.forget()

    def normal(self, text: str) -> str:
        """The text as encoder and classifier see it."""
        return self._speller.text(text)

    def language_of(self, text: str) -> str:
        """ISO 639-1 code."""
        return recognise(text)

    def entities(self, text: str) -> list[dict[str, Any]]:
        """Entities as Rasa keeps them, with `about`."""
        return self._clinical.entities(self.read(text))

    def alarm(self, text: str, opinions: Sequence[Mapping[str, float]]) -> Alarm | None:
        """The danger the message names, if any."""
        return self._danger.decide(self.read(text).doc, opinions)

    def classify(self, text: str, entities: Sequence[Mapping[str, Any]], ask: Ask) -> Classified:
        """Intent and questions of one message; `ask` is the trained model."""
        reading = self.read(text)
        places = split(reading.words)
        texts = [self._text(reading, place) for place in places] if len(places) > 1 else []
        whole, *parts = ask([text, *texts])
        one = Part(0, len(reading.words), *_intent(whole))
        kept = keep(
            one, [_part(guess, place, asks(reading.words[slice(*place)])) for guess, place in zip(parts, places)]
        )
        intent = _wordless(text) or _intent(whole)
        return Classified(
            intent={"name": intent[0], "confidence": intent[1]},
            ranking=[{"name": name, "confidence": confidence} for name, confidence in whole.ranking],
            questions=[self._question(reading, part, entities, len(kept)) for part in kept],
            opinions=[dict(guess.ranking) for guess in (whole, *parts)],
        )

    def _text(self, reading: Reading, place: tuple[int, int]) -> str:
        start, end = reading.place(reading.doc[place[0] : place[1]])
        return reading.text[start:end]

    def _question(self, reading: Reading, part: Part, entities: Sequence[Mapping[str, Any]], of: int) -> dict[str, Any]:
        if of == 1:
            text, own = reading.text, list(entities)
        else:
            start, end = reading.place(reading.doc[part.start : part.end])
            text = reading.text[start:end]
            own = [entity for entity in entities if entity["start"] < end and entity["end"] > start]
        return {"text": text, "intent": part.intent, "confidence": part.confidence, "entities": own}


def _sign_words(vocabulary: Vocabulary) -> set[str]:
    signs = vocabulary.danger.signs.values()
    patterns = [p for sign in signs for p in (*sign.patterns, *sign.hints)]
    patterns += [phrase for phrases in vocabulary.danger.groups.values() for phrase in phrases]
    return {word for pattern in patterns for word in re.findall(r"[a-z]+", pattern) if word in known_words()}


def _wordless(text: str) -> tuple[str, float] | None:
    """What a message without a letter or digit means: a thumb is a yes or no, any other sign is not understood."""
    if any(sign.isalnum() for sign in text):
        return None
    found = next((intent for intent, signs in SIGNS.items() if any(sign in text for sign in signs)), OUT)
    return found, 1.0


def _intent(guess: Guess) -> tuple[str, float]:
    return (OUT, max(guess.out_of_scope, guess.probability(OUT))) if guess.refused else guess.ranking[0]


def _part(guess: Guess, place: tuple[int, int], question: bool) -> Part:
    """A part of a message is short: its best intent counts even where the whole message would be refused."""
    name, confidence = guess.ranking[0]
    return Part(*place, intent=name, confidence=confidence, asks=question)


@lru_cache(maxsize=4)
def load_understanding(vocabulary: str | None = None) -> Understanding:
    """The understanding built on a vocabulary file (default: the clinic's), once a process."""
    return Understanding(load_vocabulary(Path(vocabulary) if vocabulary else VOCABULARY))
