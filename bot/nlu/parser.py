"""A whole parse without Rasa around it: for measuring, for tests, and for trying things out quickly."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import yaml

from bot.nlu.danger import INTENTS
from bot.nlu.encoders import load_encoder
from bot.nlu.intent_model import Guess, IntentModel, Options, with_names
from bot.nlu.understanding import Understanding, load_understanding

Example = tuple[str, str]  # text, intent


class Normaliser(Protocol):
    """What training needs of an Understanding."""

    def normal(self, text: str) -> str: ...


class Parser:
    """Understands messages with a trained intent model; what it returns is "What a parse holds" in docs/architecture.md."""

    def __init__(self, model: IntentModel, encoder: str = "minilm", understanding: Any = None) -> None:
        self.model, self._encoder = model, encoder
        self._shared = understanding or load_understanding()

    @classmethod
    def train(
        cls,
        examples: Sequence[Example],
        encoder: str = "minilm",
        options: Options | None = None,
        shared: Understanding | Normaliser | None = None,
    ) -> Parser:
        """Train on (text, intent) pairs."""
        shared = shared or load_understanding()
        options = options or Options()
        learnt = with_names(examples) if options.name_examples else list(examples)
        texts = [shared.normal(text) for text, _ in learnt]
        vectors = load_encoder(encoder).encode(texts)
        model = IntentModel(options).fit(texts, vectors, [intent for _, intent in learnt])
        return cls(model, encoder, shared)

    def guess(self, texts: Sequence[str]) -> list[Guess]:
        """The intent model's guesses alone."""
        normal = [self._shared.normal(text) for text in texts]
        return self.model.guess(normal, load_encoder(self._encoder).encode(normal))

    def parse(self, text: str) -> dict[str, Any]:
        """Intent, ranking, entities, danger, questions and language of one message."""
        entities = self._shared.entities(text)
        said = self._shared.classify(text, entities, self.guess)
        alarm = self._shared.alarm(text, said.opinions)
        return {
            "text": text,
            "intent": {"name": INTENTS[alarm.level], "confidence": 1.0} if alarm else said.intent,
            "intent_ranking": said.ranking,
            "entities": entities,
            "questions": said.questions,
            "danger": {"level": alarm.level, "sign": alarm.sign} if alarm else None,
            "language": self._shared.language_of(text),
        }


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
