"""Thumbs under answers; the last one a patient gives for an answer counts."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.store import desk_queue
from bot.store.columns import new_id
from bot.store.models import Feedback, Message
from bot.store.terms import Thumb
from bot.store.writing import insert_once


def give(  # noqa: PLR0913 - a row has this many fields, all named at the call
    session: Session,
    conversation_id: str,
    message_id: str,
    *,
    thumb: Thumb,
    now: datetime,
    reason: str | None = None,
) -> Feedback:
    """Store a patient's thumb for one of the bot's messages, replacing an earlier one.

    A thumb up takes back the row that an earlier thumb down opened, unless somebody works on it.
    """
    if thumb == "up":
        desk_queue.forget_thumb(session, message_id, now)
    row = insert_once(
        session,
        Feedback,
        ("message_id",),
        id=new_id(),
        conversation_id=conversation_id,
        message_id=message_id,
        thumb=thumb,
        reason=reason,
        created_at=now,
    )
    if row is None:
        row = session.scalars(select(Feedback).where(Feedback.message_id == message_id)).one()
        row.thumb, row.reason, row.created_at = thumb, reason, now
        session.flush()
    return row


def of_conversation(session: Session, conversation_id: str) -> dict[str, Thumb]:
    """The thumbs a patient gave in a conversation, by message."""
    query = select(Feedback.message_id, Feedback.thumb).where(Feedback.conversation_id == conversation_id)
    return {message_id: thumb for message_id, thumb in session.execute(query)}


def is_of_bot(session: Session, conversation_id: str, message_id: str) -> bool:
    """Whether the conversation holds this message and the bot said it."""
    query = select(Message.id).where(
        Message.id == message_id, Message.conversation_id == conversation_id, Message.sender == "bot"
    )
    return session.scalar(query) is not None
