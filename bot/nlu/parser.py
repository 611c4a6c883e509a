"""A whole parse without Rasa around it: for measuring, for tests, and for trying things out quickly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import yaml

from bot.nlu.danger import INTENTS
from bot.nlu.encoders import FIRST, LAST, load_encoder, unmet
from bot.nlu.guard_model import GuardModel, Opinion
from bot.nlu.intent_model import Guess, IntentModel, Options, with_names
from bot.nlu.language import DEFAULT
from bot.nlu.understanding import Classified, Understanding, load_understanding

GUARD_LAYERS = (LAST, 4, 5, FIRST)  # the vector first
MET_PART = 4
ENCODER = "tuned"  # the pipeline's
FOREIGN = "use"  # the encoder for other languages than English
Example = tuple[str, str]  # text, intent


class Normaliser(Protocol):
    """What training needs of an Understanding."""

    def normal(self, text: str) -> str: ...


class Parser:
    """Understands messages with a trained intent model; it returns "What a parse holds" of docs/architecture.md."""

    def __init__(
        self, model: IntentModel, encoder: str = ENCODER, understanding: Any = None, guard: GuardModel | None = None
    ) -> None:
        self.model, self.guard, self._encoder = model, guard, encoder
        self.foreign: IntentModel | None = None  # for languages with answers; see train_foreign
        self._shared = understanding or load_understanding()

    @classmethod
    def train(
        cls,
        examples: Sequence[Example],
        encoder: str = ENCODER,
        options: Options | None = None,
        shared: Understanding | Normaliser | None = None,
    ) -> Parser:
        """Train on (text, intent) pairs."""
        shared = shared or load_understanding()
        model = train_intents(examples, encoder, options or Options(), shared)
        guard = train_guard(examples, encoder, shared) if isinstance(shared, Understanding) else None
        return cls(model, encoder, shared, guard)

    def guess(self, texts: Sequence[str]) -> list[Guess]:
        """The intent model's guesses alone."""
        normal = [self._shared.normal(text) for text in texts]
        return self.model.guess(normal, load_encoder(self._encoder).encode(normal))

    def parse(self, text: str) -> dict[str, Any]:
        """Intent, ranking, entities, danger, questions and language of one message."""
        language = self._shared.language_of(text)
        entities = self._shared.entities(text) if language == DEFAULT else []
        said = self._shared.classify(text, entities, self.guess) if language == DEFAULT else self._foreign(text)
        alarm = self._shared.alarm(text, said.opinions, self._opinions(text))
        return {
            "text": text,
            "intent": {"name": INTENTS[alarm.level], "confidence": 1.0} if alarm else said.intent,
            "intent_ranking": said.ranking,
            "entities": entities,
            "questions": said.questions,
            "danger": {"level": alarm.level, "sign": alarm.sign} if alarm else None,
            "language": language,
        }

    def _foreign(self, text: str) -> Classified:
        guess = self.foreign.guess([text], load_encoder(FOREIGN).encode([text]))[0] if self.foreign else None
        return self._shared.foreign(text, guess)

    def _opinions(self, text: str) -> list[Opinion]:
        return hear(self.guard, self._shared, self._encoder, text) if self.guard else []


def train_intents(examples: Sequence[Example], encoder: str, options: Options, shared: Normaliser) -> IntentModel:
    """The intent model, trained on (text, intent) pairs."""
    learnt = with_names(examples) if options.name_examples else list(examples)
    texts, intents = [shared.normal(text) for text, _ in learnt], [intent for _, intent in learnt]
    places, new = lessons(encoder, texts)
    vectors = load_encoder(encoder).encode([texts[place] for place in places])
    return IntentModel(options).fit(texts, vectors, intents, places, new)


def lessons(encoder: str, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """The places of the texts whose vectors the models on top of the encoder learn from, and which of those are new to
    the encoder. All new ones, and one in MET_PART of those it has learnt from: it tells them apart by itself, and all
    of them teach the models no more (decision 0012)."""
    new = unmet(encoder, texts)
    taken = new.copy()
    taken[np.flatnonzero(~new)[::MET_PART]] = True
    return np.flatnonzero(taken), new[taken]


def train_foreign(examples: Sequence[Example], options: Options) -> IntentModel:
    """An intent model on the encoder that reads many languages: trained on the English examples, of use in all."""
    texts = [text for text, _ in examples]
    model = IntentModel(replace(options, char_weight=0.0))
    return model.fit(texts, load_encoder(FOREIGN).encode(texts), [intent for _, intent in examples])


def train_guard(examples: Sequence[Example], encoder: str, shared: Understanding) -> GuardModel:
    """The guard model, trained on the danger examples and on (text, intent) pairs."""
    learnt = shared.danger_examples(examples)
    texts = [shared.normal(text) for text, _ in learnt]
    places, _ = lessons(encoder, texts)
    loaded = load_encoder(encoder)
    rows = loaded.layers([texts[place] for place in places], GUARD_LAYERS)
    return GuardModel.fit(texts, rows, [sign for _, sign in learnt], loaded.size, places)


def hear(guard: GuardModel, shared: Understanding, encoder: str, text: str) -> list[Opinion]:
    """What the guard model makes of a message and of each of its parts."""
    texts = [shared.normal(part) for part in shared.parts(text)]
    return guard.opinions(texts, load_encoder(encoder).layers(texts, GUARD_LAYERS))


def read_examples(path: Path) -> list[Example]:
    """The (text, intent) pairs of a Rasa training file; entity marks are taken off."""
    raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    return [
        (line[2:].strip(), entry["intent"])
        for entry in raw["nlu"]
        if "intent" in entry
        for line in entry["examples"].splitlines()
        if line.startswith("- ")
    ]
