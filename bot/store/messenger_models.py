"""Messenger's tables: who is who, what came in and waits, what went out, and codes that move a chat between channels.

The person's id at Meta (PSID) is encrypted; a blind index finds it. An event's body is dropped when it is done.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from bot.store.columns import Base, BigId, UtcDateTime, one_of
from bot.store.crypto import EncryptedJSON, EncryptedText
from bot.store.models import CONVERSATION_ID, ID, Conversation

DeliveryState = Literal["sending", "waiting", "sent", "refused"]
HASH = String(64)


class MessengerPerson(Base):
    """One person on one page and the conversation they are in. The row goes when the conversation is erased."""

    __tablename__ = "messenger_person"
    __table_args__ = (
        UniqueConstraint("conversation_id"),
        Index(None, "with_person"),
    )

    person_index: Mapped[str] = mapped_column(HASH, primary_key=True)
    psid: Mapped[str] = mapped_column(EncryptedText)
    conversation_id: Mapped[str] = mapped_column(ForeignKey(Conversation.id, ondelete="CASCADE"))
    # Rows of the transcript up to this position were told elsewhere (the chat moved here later) and are not sent.
    from_position: Mapped[int] = mapped_column(BigId, default=0)
    # Meta's clock of the person's last message: the window in which one may answer counts from it.
    last_wrote_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # When the person was last told that a machine answers, and whether a human was known to answer instead.
    disclosed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    with_person: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class MessengerEvent(Base):
    """One event of Meta's webhook. `key` makes a redelivered event the same event, on every process, for good."""

    __tablename__ = "messenger_event"
    __table_args__ = (
        UniqueConstraint("key"),
        Index(
            "ix_messenger_event_waiting",
            "person_index",
            "sent_at",
            "position",
            sqlite_where=text("done_at IS NULL"),
            postgresql_where=text("done_at IS NULL"),
        ),
        Index(None, "done_at"),
        {"sqlite_autoincrement": True},
    )

    position: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    key: Mapped[str] = mapped_column(HASH)
    person_index: Mapped[str] = mapped_column(HASH)
    kind: Mapped[str] = mapped_column(String(24))
    body: Mapped[dict[str, Any] | None] = mapped_column(EncryptedJSON)
    sent_at: Mapped[datetime] = mapped_column(UtcDateTime)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # Set when the event was given up: the class of the last error, never its words.
    error: Mapped[str | None] = mapped_column(String(128))


class MessengerLane(Base):
    """A person's lane: whoever holds it works off that person's events, one after the other, until `until`."""

    __tablename__ = "messenger_lane"

    person_index: Mapped[str] = mapped_column(HASH, primary_key=True)
    holder: Mapped[str] = mapped_column(String(64))
    until: Mapped[datetime] = mapped_column(UtcDateTime)


class MessengerDelivery(Base):
    """What became of a line of the transcript that is to reach Messenger."""

    __tablename__ = "messenger_delivery"
    __table_args__ = (Index(None, "mid_hash"), Index(None, "conversation_id"))

    message_id: Mapped[str] = mapped_column(ID, primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey(Conversation.id, ondelete="CASCADE"))
    state: Mapped[DeliveryState] = mapped_column(one_of(DeliveryState, "state"))
    reason: Mapped[str | None] = mapped_column(String(64))
    # How many parts of a long text have gone out, so that a retry goes on where it stopped.
    parts: Mapped[int] = mapped_column(default=0)
    mid_hash: Mapped[str | None] = mapped_column(HASH)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class MoveCode(Base):
    """A short-lived code with which a patient takes a chat along to another channel. Only its hash is kept."""

    __tablename__ = "move_code"

    code_hash: Mapped[str] = mapped_column(HASH, primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey(Conversation.id, ondelete="CASCADE"))
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class MoveGuess(Base):
    """A wrong code somebody tried: codes cannot be guessed. `who` is a person's index or a conversation's id."""

    __tablename__ = "move_guess"
    __table_args__ = (Index(None, "who", "at"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    who: Mapped[str] = mapped_column(CONVERSATION_ID)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
