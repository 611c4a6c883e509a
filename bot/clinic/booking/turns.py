"""What goes in and out of the booking interview: what was heard, what to say, and the state in between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

FIELDS = ("treatment", "name", "contact", "when", "note")
UNDECIDED = "undecided"  # the treatment of somebody who wants to decide at the clinic
State = dict[str, Any]
Taken = Sequence[tuple[datetime, int]]


@dataclass(frozen=True)
class Heard:
    """A patient's message: intent, text, entities, and what a button's payload answers."""

    intent: str
    text: str = ""
    entities: Sequence[Mapping[str, Any]] = ()
    question: str | None = None
    answer: str | None = None

    def entity(self, name: str) -> str | None:
        """The first value of an entity."""
        return next((str(one["value"]) for one in self.entities if one.get("entity") == name), None)


@dataclass(frozen=True)
class Say:
    """A domain response to utter: its values, and buttons and metadata to add to the response's own."""

    response: str
    values: Mapping[str, str] = field(default_factory=dict)
    buttons: tuple[Mapping[str, str], ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)


Status = Literal["asking", "confirmed", "stopped", "wants_person"]


@dataclass(frozen=True)
class Turn:
    """The new state (empty when nothing is kept), what to say, and where the booking stands."""

    state: State
    says: tuple[Say, ...]
    status: Status = "asking"


def question(
    response: str,
    asks: str,
    buttons: Sequence[Mapping[str, str]] = (),
    card: Mapping[str, Any] | None = None,
    **values: str,
) -> Say:
    """A response that asks for a field; `card` is what it carries about the times in it."""
    return Say(response, values, tuple(buttons), {"kind": "question", "asks": asks, **(card or {})})


def button(title: str, asks: str, answer: str) -> dict[str, str]:
    """A button that answers a question of the interview."""
    escaped = answer.replace("\\", "\\\\").replace('"', '\\"')
    return {"title": title, "payload": f'/inform{{"question": "{asks}", "answer": "{escaped}"}}'}


def new_state() -> State:
    """The state of a booking nothing is known of."""
    return {"answers": {}, "asking": None, "misses": 0, "wish": None, "wished": "", "offered": []}


def show_time(moment: datetime) -> str:
    """A moment as patients read it, on the clock it carries: Thursday 3 December, 10:00."""
    return f"{moment:%A} {moment.day} {moment:%B}, {moment:%H:%M}"


def show_short(moment: datetime) -> str:
    """The same, short enough for a button: Thu 3 Dec, 10:00."""
    return f"{moment:%a} {moment.day} {moment:%b}, {moment:%H:%M}"


def show_day(moment: datetime) -> str:
    """A date as patients read it: Thursday 3 December."""
    return f"{moment:%A} {moment.day} {moment:%B}"
