"""The questions of screening.yml with the places where they stand in the file, for the checks of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bot.clinic.content.model_screening import Asked, Question
from bot.clinic.content.reading import Source

FILE = "screening.yml"
CRITERIA = (  # the leaflet's
    "under_18",
    "pregnant",
    "breastfeeding",
    "diabetes",
    "cancer",
    "heart_multi_drug",
    "liver_disease",
    "kidney_disease",
)
Place = tuple[Any, ...]


def each_question(sources: Mapping[str, Source], parts: Mapping[str, Any]) -> Iterator[tuple[Place, Question]]:
    """Every main question that could be read, in order."""
    ids = [item.get("id") if isinstance(item, dict) else None for item in sources[FILE].data["questions"]]
    for question in parts[FILE].questions:
        yield ("questions", ids.index(question.id)), question


def each_asked(sources: Mapping[str, Source], parts: Mapping[str, Any]) -> Iterator[tuple[Place, Asked]]:
    """Every main question and follow-up that could be read, in order."""
    for path, question in each_question(sources, parts):
        yield path, question
        for index, follow_up in enumerate(question.follow_ups):
            yield (*path, "follow_ups", index), follow_up
