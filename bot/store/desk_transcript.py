"""Reading transcripts backwards, as the desk's page does when somebody scrolls up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.store.models import Message


def older(session: Session, conversation_id: str, before: int, limit: int) -> list[Message]:
    """The messages just before a position, oldest of them first."""
    query = select(Message).where(Message.conversation_id == conversation_id, Message.position < before)
    return list(session.scalars(query.order_by(Message.position.desc()).limit(limit)))[::-1]


@dataclass(frozen=True)
class AskedBefore:
    """A message a patient typed, what it was taken for, and what the bot said to it."""

    text: str
    conversation_id: str
    understood: Mapping[str, Any]
    said: str


def asked_lately(session: Session, limit: int) -> list[AskedBefore]:
    """Of the newest `limit` messages that were understood those that were typed, each wording once, newest first."""
    query = select(Message).where(Message.sender == "patient", Message.intent.is_not(None))
    rows: dict[str, Message] = {}
    for row in session.scalars(query.order_by(Message.position.desc()).limit(limit)):
        if not (row.meta or {}).get("payload"):
            rows.setdefault(row.text.casefold(), row)
    answers = select(Message.reply_to, Message.text).where(Message.reply_to.in_([row.id for row in rows.values()]))
    said: dict[str, str] = {}
    for reply_to, text in session.execute(answers.order_by(Message.position)):
        said.setdefault(str(reply_to), text)
    return [
        AskedBefore(
            row.text, row.conversation_id, row.understood or {"intent": {"name": row.intent}}, said.get(row.id, "")
        )
        for row in rows.values()
    ]
