"""Lets hours pass for one conversation: everything stored about it becomes older by that much."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import select

from bot.store import turns
from bot.store.engine import Sessions, make_engine, make_sessions, unit_of_work
from bot.store.models import Conversation, Message, Screening, TrackerState, TrackerTurn

MOMENTS = {
    Conversation: ("created_at", "last_message_at"),
    Message: ("created_at", "answered_at"),
    Screening: ("decided_at",),
    TrackerTurn: ("saved_at",),
}
EventDict = dict[str, Any]


def let_time_pass(database_url: str, conversation_id: str, hours: float) -> None:
    """Make the conversation that much older, in the tables and in Rasa's events; Rasa then reads it anew."""
    span = timedelta(hours=hours)
    sessions = store(database_url)
    with unit_of_work(sessions) as session:
        for model, moments in MOMENTS.items():
            for row in session.scalars(select(model).where(_owner(model) == conversation_id)):
                for moment in moments:
                    if getattr(row, moment) is not None:
                        setattr(row, moment, getattr(row, moment) - span)
                if isinstance(row, TrackerTurn):
                    row.events = [_older(event, span) for event in row.events]
        state = session.get(TrackerState, conversation_id)
        assert state is not None
        state.prefix = [_older(event, span) for event in state.prefix] if state.prefix else None
        total = state.total
        session.commit()
    noted = {"event": "slot", "name": "concern", "value": None, "timestamp": 0.0}
    turns.append(sessions.kw["bind"], conversation_id, total, [noted])  # a tracker kept in memory is out of date now


@lru_cache(maxsize=2)
def store(database_url: str) -> Sessions:
    """The installation's database; its keys are configured by the installation's fixture."""
    return make_sessions(make_engine(database_url))


def _owner(model: Any) -> Any:
    column = {Conversation: "id", TrackerTurn: "sender_id"}.get(model, "conversation_id")
    return getattr(model, column)


def _older(event: EventDict, span: timedelta) -> EventDict:
    moment = event.get("timestamp")
    return {**event, "timestamp": moment - span.total_seconds()} if moment else event
