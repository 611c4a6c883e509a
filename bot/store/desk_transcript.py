"""Reading transcripts backwards, as the desk's page does when somebody scrolls up."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.store.models import Message


def older(session: Session, conversation_id: str, before: int, limit: int) -> list[Message]:
    """The messages just before a position, oldest of them first."""
    query = select(Message).where(Message.conversation_id == conversation_id, Message.position < before)
    return list(session.scalars(query.order_by(Message.position.desc()).limit(limit)))[::-1]
