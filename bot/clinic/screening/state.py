"""What a screening has so far, as plain data: it lives in one slot of the conversation, so it goes to JSON and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from typing import Any, Literal

from bot.clinic.screening.rules import Answer

Status = Literal["open", "done", "stopped", "person"]
About = Literal["self", "other"]


@dataclass(frozen=True)
class Given:
    """One answer: its value, the patient's own words, the id of the question it was given to ("" when volunteered), and
    the day (ISO 8601)."""

    value: Answer
    text: str
    asked: str
    on: str


@dataclass(frozen=True)
class Amendment:
    """An answer that was replaced later; the first one stays on record."""

    question: str
    was: Given


@dataclass(frozen=True)
class Screening:
    """The state of one screening. `answers` by question id; `misses` counts what was not understood of `asked`;
    `person` is the word for somebody else ("mother"), empty when they were not named."""

    answers: Mapping[str, Given] = field(default_factory=dict)
    amendments: tuple[Amendment, ...] = ()
    asked: str | None = None
    misses: int = 0
    about: About = "self"
    person: str = ""
    status: Status = "open"

    def to_dict(self) -> dict[str, Any]:
        """JSON-serialisable; `from_dict` reads it back."""
        return asdict(self) | {"amendments": [asdict(amendment) for amendment in self.amendments]}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any] | None) -> Screening:
        """The state a dict holds, whatever else is in it; a new screening for None or an empty one."""
        if not data:
            return cls()
        answers = {id: Given(**given) for id, given in data.get("answers", {}).items()}
        amendments = tuple(Amendment(one["question"], Given(**one["was"])) for one in data.get("amendments", ()))
        known = {name: data[name] for name in cls.__dataclass_fields__ if name in data}
        return cls(**{**known, "answers": answers, "amendments": amendments})

    @property
    def values(self) -> dict[str, Answer]:
        """Question id -> value."""
        return {id: given.value for id, given in self.answers.items()}

    def with_answer(self, question: str, value: Answer, text: str, today: date) -> Screening:
        """This state with one more answer; an answer that it replaces moves to the amendments."""
        given = Given(value, text, self.asked or "", today.isoformat())
        return replace(self.without(question), answers={**self.without(question).answers, question: given})

    def without(self, question: str) -> Screening:
        """This state without an answer, which moves to the amendments."""
        if question not in self.answers:
            return self
        kept = {id: given for id, given in self.answers.items() if id != question}
        return replace(self, answers=kept, amendments=(*self.amendments, Amendment(question, self.answers[question])))
