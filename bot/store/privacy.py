"""A person's rights over their data: everything of a conversation removed everywhere, or handed out.

Personal is what points to a conversation by a foreign key, and Rasa's tracker. Tables that hang on such a table have to
delete with it (ON DELETE CASCADE).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Table, delete, select
from sqlalchemy.orm import Session

from bot.store import audit
from bot.store.models import Conversation, TrackerState, TrackerTurn
from bot.store.schema import Base

_HIDDEN = {"contact_index"}


def erase_conversation(session: Session, conversation_id: str, *, actor: str, now: datetime) -> dict[str, int]:
    """Delete everything about a conversation; returns the rows removed per table.

    The audit log keeps who did what to which id, and no word of the patient. A turn under way may write again:
    erase when the turn has ended, and the conversation's id is gone for good.
    """
    session.flush()
    removed: dict[str, int] = {}
    for table, column in reversed(personal_columns()):
        done = session.execute(delete(table).where(column == conversation_id))
        removed[table.name] = int(done.rowcount)  # type: ignore[attr-defined]
    session.expire_all()
    subject = f"conversation:{conversation_id}"
    audit.record(session, actor=actor, action="conversation.erased", subject=subject, now=now, details=removed)
    return removed


def export_conversation(session: Session, conversation_id: str) -> dict[str, list[dict[str, Any]]]:
    """Everything stored about a conversation, decrypted, as JSON-ready rows per table; empty lists when nothing is."""
    return {
        table.name: [_plain(row._mapping) for row in session.execute(_rows(table, column, conversation_id))]
        for table, column in personal_columns()
    }


def personal_columns() -> list[tuple[Table, Column[Any]]]:
    """The tables that hold something of a conversation, with the column that names it, each after those it needs."""
    tables = Base.metadata.tables
    home = tables[Conversation.__tablename__].c.id
    found = [(home.table, home)]
    for table in Base.metadata.sorted_tables:
        found += [(table, column) for column in table.c if column.references(home)]
    for model in (TrackerState, TrackerTurn):
        found.append((tables[model.__tablename__], tables[model.__tablename__].c.sender_id))
    return found


def _rows(table: Table, column: Column[Any], conversation_id: str) -> Any:
    return select(table).where(column == conversation_id).order_by(*table.primary_key)


def _plain(row: Any) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in row.items()
        if name not in _HIDDEN
    }
