"""A person's rights over their data: everything of a conversation removed everywhere, or handed out."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import delete, inspect, select
from sqlalchemy.orm import Session

from bot.store import audit
from bot.store.columns import Base
from bot.store.models import (
    Booking,
    Conversation,
    Feedback,
    Message,
    OutboxItem,
    Screening,
    TrackerState,
    TrackerTurn,
    TriageItem,
)

# In an order that respects the foreign keys; the conversation itself goes last.
_PERSONAL: tuple[tuple[type[Base], str], ...] = (
    (TrackerTurn, "sender_id"),
    (TrackerState, "sender_id"),
    (Feedback, "conversation_id"),
    (TriageItem, "conversation_id"),
    (OutboxItem, "conversation_id"),
    (Booking, "conversation_id"),
    (Screening, "conversation_id"),
    (Message, "conversation_id"),
    (Conversation, "id"),
)


def erase_conversation(session: Session, conversation_id: str, *, actor: str, now: datetime) -> dict[str, int]:
    """Delete everything about a conversation; returns the rows removed per table.

    The audit log keeps who did what to which id, and no word of the patient. A turn under way may write again:
    erase when the turn has ended, and the conversation's id is gone for good.
    """
    removed: dict[str, int] = {}
    for model, column in _PERSONAL:
        done = session.execute(delete(model).where(getattr(model, column) == conversation_id))
        removed[model.__tablename__] = int(done.rowcount)  # type: ignore[attr-defined]
    session.expire_all()
    subject = f"conversation:{conversation_id}"
    audit.record(session, actor=actor, action="conversation.erased", subject=subject, now=now, details=removed)
    return removed


def export_conversation(session: Session, conversation_id: str) -> dict[str, list[dict[str, Any]]]:
    """Everything stored about a conversation, decrypted, as JSON-ready rows per table; empty lists when nothing is."""
    return {
        model.__tablename__: [_plain(row) for row in session.scalars(_rows(model, column, conversation_id))]
        for model, column in reversed(_PERSONAL)
    }


def _rows(model: type[Base], column: str, conversation_id: str) -> Any:
    keys = inspect(model).primary_key
    return select(model).where(getattr(model, column) == conversation_id).order_by(*keys)


def _plain(row: Base) -> dict[str, Any]:
    values = {item.columns[0].name: getattr(row, item.key) for item in inspect(type(row)).column_attrs}
    values.pop("contact_index", None)
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}
