"""What a message says, as plain values: the parse of docs/architecture.md without Rasa around it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

TOPICS = "ask_"
CONTEXT_KEYS = ("treatment", "concern", "criterion")
QUESTION = re.compile(
    r"\?|^\W*(can|could|is|are|do|does|what|who|how|why|when|where|which|will|would|should|may)\b", re.IGNORECASE
)


@dataclass(frozen=True)
class Question:
    """One question of a message: its intent (an `ask_…` name), and what it is about."""

    intent: str
    text: str = ""
    confidence: float = 1.0
    entities: tuple[Mapping[str, Any], ...] = field(default=())

    def value(self, entity: str) -> str | None:
        """The first value of that entity, or None."""
        return next((str(e["value"]) for e in self.entities if e.get("entity") == entity), None)


def questions(parse: Mapping[str, Any]) -> list[Question]:
    """The message's questions about the treatment or the clinic, in order, each topic once."""
    found: dict[tuple[str, str | None, str | None], Question] = {}
    for part in _parts(parse):
        if part.intent.startswith(TOPICS):
            found.setdefault((part.intent, part.value("treatment"), part.value("concern")), part)
    return list(found.values())


def _parts(parse: Mapping[str, Any]) -> list[Question]:
    intent = parse.get("intent") or {}
    whole = _question({**parse, "intent": intent.get("name"), "confidence": intent.get("confidence", 1.0)})
    parts = [_question(part) for part in parse.get("questions") or []]
    return parts if len(parts) > 1 else [whole]


def _question(part: Mapping[str, Any]) -> Question:
    return Question(
        intent=str(part.get("intent") or ""),
        text=str(part.get("text") or ""),
        confidence=float(part.get("confidence") or 0.0),
        entities=tuple(part.get("entities") or ()),
    )


def nearest_topics(ranking: Sequence[Mapping[str, Any]], known: Mapping[str, str], count: int = 2) -> list[str]:
    """The most likely topics of a message that was not understood, best first: those `known` has a title for."""
    names = (str(candidate.get("name")) for candidate in ranking)
    return [name for name in names if name in known][:count]
