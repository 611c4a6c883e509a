"""Thumbs: counted in the figures, a row of the queue when they go down, taken back when they go up."""

from __future__ import annotations

import csv
import io
from typing import Any

from bot.store import conversations, desk_queue, feedback, triage
from bot.store.engine import reading, unit_of_work
from bot.store.models import TriageItem

from .conftest import NOW, Front, Person
from .test_queue import rows, seen


def answered(front: Front, question: str = "Does it hurt?") -> tuple[str, str]:
    """A chat with an answer under which a patient can put a thumb: the conversation, the answer's message."""
    chat = front.chat(question)
    with unit_of_work(front.sessions) as session:
        return chat, conversations.transcript(session, chat)[-1].id


def rate(front: Front, chat: str, message: str, thumb: Any, reason: str | None = None) -> None:
    with unit_of_work(front.sessions) as session:
        feedback.give(session, chat, message, thumb=thumb, reason=reason, now=NOW)
        if thumb == "down":
            desk_queue.question_from_thumb(session, message, reason, NOW)
        session.commit()


def test_a_thumb_down_opens_one_row_and_the_reason_that_comes_later_is_in_it(front: Front, anna: Person) -> None:
    chat, message = answered(front)
    rate(front, chat, message, "down")
    rate(front, chat, message, "down", "I wanted a price")
    page = anna.get("/desk").text
    assert len(rows(page)) == 1
    assert "Does it hurt?" in page
    assert "I wanted a price" in page
    assert "I wanted a price" in anna.get(f"/desk/c/{chat}").text


def test_a_thumb_up_afterwards_takes_the_row_back_unless_somebody_has_it(front: Front, anna: Person) -> None:
    first, second = answered(front), answered(front)
    for chat, message in (first, second):
        rate(front, chat, message, "down", "too long")
    with reading(front.sessions) as session:
        items = {row.conversation_id: row.id for row in triage.queue(session, NOW).items}
    anna.post(f"/desk/items/{items[second[0]]}/assign", seen=seen(front, items[second[0]]))
    for chat, message in (first, second):
        rate(front, chat, message, "up")
    with reading(front.sessions) as session:
        assert [row.conversation_id for row in triage.queue(session, NOW).items] == [second[0]]
        assert session.get_one(TriageItem, items[first[0]]).close_reason == "no_answer_needed"


def test_the_last_thumb_counts_in_the_figures(front: Front, anna: Person) -> None:
    chat, message = answered(front)
    rate(front, chat, message, "down", "too long")
    rate(front, chat, message, "up")
    text = anna.get("/desk/figures.csv?table=thumbs").text.lstrip("\ufeff")
    assert list(csv.reader(io.StringIO(text)))[1:] == [["other", "1", "0"]]
