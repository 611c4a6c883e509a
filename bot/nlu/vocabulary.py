"""The schema of content/vocabulary.yml, and how it is loaded. A wrong file is refused with path and cure."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

TREATMENTS = ("facial", "hair", "no_needle", "body")
CONCERNS = (
    "cellulite", "stretch_marks", "scar", "blemish", "wrinkles", "dark_circles", "hair_loss", "dandruff", "local_fat",
    "pain",
)  # fmt: skip


class VocabularyError(ValueError):
    """vocabulary.yml cannot be used; the message says where and what to write instead."""


def _words_only(value: Any) -> Any:
    if isinstance(value, (bool, int, float)):
        raise ValueError(f'{value} is not text here; write it in quotes, as "{str(value).lower()}" or "no"')
    return value


Phrase = Annotated[str, BeforeValidator(_words_only), Field(min_length=1)]
Phrases = list[Phrase]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Criterion(_Strict):
    """Phrases that say a condition is there, may be, was, or is not."""

    present: Phrases
    unsure: Phrases = []
    past: Phrases = []
    absent: Phrases = []


class Cues(_Strict):
    """Words around a condition that change what is said about it."""

    negated_before: Phrases
    negated_after: Phrases
    unsure_before: Phrases
    unsure_after: Phrases
    past_before: Phrases
    past_after: Phrases
    now: Phrases
    ends: Phrases
    ends_negation: Phrases


class Age(_Strict):
    """Words that make a number an age, and words that make it something else."""

    units_after: Phrases
    said_before: Phrases
    nearly: Phrases
    born: Phrases
    sex: Phrases
    not_an_age: Phrases
    not_before: Phrases


class Sign(_Strict):
    """One warning sign: patterns that name it, and words that hint at it when the classifier alone is alarmed."""

    level: Literal["emergency", "urgent"]
    patterns: Phrases
    hints: Phrases = []


class Danger(_Strict):
    """How signs are named, and what around them makes them no danger now."""

    groups: dict[str, Phrases]
    signs: dict[str, Sign]
    negated: Phrases
    not_now: Phrases
    settled: Phrases
    in_general: Phrases
    imagined: Phrases
    figures_of_speech: Phrases
    here_and_now: Phrases


class FollowUp(_Strict):
    """What a short message means after certain topics."""

    says: Phrases
    after: list[str] = []
    means: str


class Vocabulary(_Strict):
    """Everything in content/vocabulary.yml."""

    treatment: dict[Literal[TREATMENTS], Phrases]  # type: ignore[valid-type]
    concern: dict[Literal[CONCERNS], Phrases]  # type: ignore[valid-type]
    places: dict[Literal[TREATMENTS], Phrases]  # type: ignore[valid-type]
    given: Phrases
    not_treatment: Phrases
    other_treatments: Phrases
    ours: Phrases
    taken_back: Phrases
    criteria: dict[Phrase, Criterion]  # by the ids of screening.yml, so that a new criterion needs no code
    heart_medicines: list[Phrases]
    medicine_words: Phrases
    several: Phrases
    organs: dict[Phrase, Phrases]
    organ_trouble: Phrases
    trouble_with: Phrases
    organ_health: Phrases
    cues: Cues
    people: Phrases
    for_others: Phrases
    other_pronouns: Phrases
    family_history: Phrases
    in_general: Phrases
    none_of_these: Phrases
    age: Age
    shorthand: dict[Phrase, Phrase]
    danger: Danger
    follow_ups: list[FollowUp]
    repeats: Phrases
    adds_nothing: Phrases

    def phrases(self) -> Iterator[str]:
        """Every phrase that names something, for the speller."""
        for group in (self.treatment, self.places, self.concern):
            for phrases in group.values():
                yield from phrases
        for criterion in self.criteria.values():
            yield from (*criterion.present, *criterion.unsure, *criterion.past, *criterion.absent)
        for medicines in self.heart_medicines:
            yield from medicines
        yield from (phrase for phrase in self.people)


def parse_vocabulary(raw: Any, name: str = "vocabulary.yml") -> Vocabulary:
    """Check what a YAML file held; raises VocabularyError listing every fault with its path."""
    try:
        return Vocabulary.model_validate(raw)
    except ValidationError as error:
        faults = (f"{name}: {'/'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        raise VocabularyError("\n".join(faults)) from None


@lru_cache(maxsize=4)
def load_vocabulary(path: Path) -> Vocabulary:
    """The vocabulary in a file, read once a process; raises VocabularyError."""
    try:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        raw = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506 - one of the safe loaders
    except (OSError, yaml.YAMLError) as error:
        raise VocabularyError(f"{path.name}: cannot be read: {error}") from error
    return parse_vocabulary(raw, path.name)
