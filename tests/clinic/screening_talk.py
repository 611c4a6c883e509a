"""A screening as tests have it: the clinic's content, what a patient may say, and the last turn of a conversation."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

from bot.clinic.content import load_content
from bot.clinic.screening import Heard, Screening, Turn, begin, hear

CONTENT = load_content(Path(__file__).resolve().parents[2] / "bot" / "content")

TODAY = date(2026, 11, 23)

NO = Heard("deny", text="no")

YES = Heard("affirm", text="yes")

NONE = Heard("inform", {"none_of_these": "no"}, text="none of those")

BLAH = Heard("", text="hm")

MAIN = ("pregnant", "breastfeeding", "diabetes", "cancer", "heart_multi_drug", "liver_disease", "kidney_disease")


def age(years: int) -> Heard:
    return Heard("inform", age=years, text=str(years))


def facts(about: str = "self", **values: str) -> Heard:
    return Heard("inform", values, about=about, text="as typed")


def talk(*messages: Heard, first: Heard | None = None) -> Turn:
    """The last turn of a conversation; the state goes through JSON between the turns, as in the slot."""
    turn = begin(CONTENT, first, TODAY)
    for message in messages:
        state = Screening.from_dict(json.loads(json.dumps(turn.state.to_dict())))
        turn = hear(state, message, CONTENT, TODAY)
    return turn


def asks(turn: Turn) -> str | None:
    """What is asked: the follow-up's own id, else `age` or the criterion."""
    asked = turn.says[-1].metadata if turn.says else {}
    return asked.get("part") or asked.get("asks")
