"""A booking interview as tests have it: `Talk` answers with response names; wording is the domain's."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bot.clinic.booking import interview
from bot.clinic.booking.responses import RESPONSES
from bot.clinic.booking.turns import Heard, Turn

from .diary import CLINIC, NOW

ALL = "Ana Example, 202 555 0123, facial, tuesday 10"


class Talk:
    """A booking in progress."""

    def __init__(self, taken: Sequence[tuple[datetime, int]] = (), now: datetime = NOW) -> None:
        self.taken, self.now = list(taken), now
        self.turn = Turn({}, ())

    def begin(self, text: str = "", treatment: str | None = None, **known: Any) -> str:
        self.turn = interview.begin(heard(text, "book_appointment", treatment), known, CLINIC, self.taken, self.now)
        return self.said

    def say(self, text: str, intent: str = "inform", treatment: str | None = None) -> str:
        return self._hear(heard(text, intent, treatment))

    def press(self, question: str, answer: str) -> str:
        return self._hear(Heard("inform", question=question, answer=answer))

    def _hear(self, message: Heard) -> str:
        before = json.dumps(self.turn.state)
        state = json.loads(before)
        self.turn = interview.hear(state, message, CLINIC, self.taken, self.now)
        assert json.dumps(state) == before, "the state given was changed"
        return self.said

    @property
    def said(self) -> str:
        for say in self.turn.says:
            assert set(RESPONSES[say.response]) <= set(say.values)
        return self.turn.says[-1].response if self.turn.says else ""

    @property
    def values(self) -> dict[str, str]:
        return dict(self.turn.says[-1].values)

    @property
    def titles(self) -> list[str]:
        return [button["title"] for button in self.turn.says[-1].buttons]

    @property
    def answers(self) -> dict[str, Any]:
        return self.turn.state["answers"]


def heard(text: str, intent: str, treatment: str | None = None) -> Heard:
    return Heard(intent, text, [{"entity": "treatment", "value": treatment}] if treatment else [])


def talk_at(field: str, **options: Any) -> Talk:
    """A booking in which this field is asked for."""
    talk = Talk(**options)
    talk.begin()
    for asked, (text, treatment) in {
        "treatment": ("facial", "facial"),
        "name": ("Ana Example", None),
        "contact": ("202 555 0123", None),
        "when": ("tuesday 10", None),
        "note": ("no", None),
    }.items():
        if asked == field:
            break
        talk.say(text, treatment=treatment)
    assert talk.turn.state["asking"] == field
    return talk
