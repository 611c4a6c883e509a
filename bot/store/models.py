"""The tables. What a patient typed, told or left as contact is encrypted; what queue and figures need is plain."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from bot.store.columns import Base, BigId, Json, UtcDateTime, new_id, one_of
from bot.store.crypto import EncryptedJSON, EncryptedText, blind_index
from bot.store.terms import (
    BookingStatus,
    ContactKind,
    HandoffReason,
    Outcome,
    Owner,
    Role,
    Sender,
    Thumb,
    TriageKind,
    TriageStatus,
)

ID = String(36)
CONVERSATION_ID = String(64)


class Conversation(Base):
    """One patient's chat on one channel. `id` is also Rasa's sender id; `owner` says who may speak to the patient."""

    __tablename__ = "conversation"
    # Few chats have another owner than the bot; an index over the clock too would be written with every message.
    __table_args__ = (Index(None, "last_message_at"), Index(None, "owner"))

    id: Mapped[str] = mapped_column(CONVERSATION_ID, primary_key=True, default=new_id)
    channel: Mapped[str] = mapped_column(String(32))
    pseudonym: Mapped[str] = mapped_column(String(64))
    owner: Mapped[Owner] = mapped_column(one_of(Owner, "owner"), default="bot")
    language: Mapped[str] = mapped_column(String(16), default="en")
    assigned_to: Mapped[str | None] = mapped_column(ID)
    promised_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_message_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Message(Base):
    """One line of the transcript. Within a conversation, rows become visible in the order of `position`."""

    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint("id"),
        UniqueConstraint("conversation_id", "client_id"),
        Index(None, "conversation_id", "position"),
        Index(None, "reply_to"),
        Index(
            "ix_message_unanswered",
            "created_at",
            sqlite_where=text("sender = 'patient' AND answered_at IS NULL"),
            postgresql_where=text("sender = 'patient' AND answered_at IS NULL"),
        ),
        {"sqlite_autoincrement": True},
    )

    position: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(ID, default=new_id)
    conversation_id: Mapped[str] = mapped_column(ForeignKey(Conversation.id))
    client_id: Mapped[str | None] = mapped_column(String(64))
    sender: Mapped[Sender] = mapped_column(one_of(Sender, "sender"))
    text: Mapped[str] = mapped_column(EncryptedText)
    buttons: Mapped[list[dict[str, Any]]] = mapped_column(EncryptedJSON, default=list)
    meta: Mapped[dict[str, Any]] = mapped_column("metadata", EncryptedJSON, default=dict)
    # Copied out of the metadata, for the figures: what sort of message this is and which ask_… intent it answers.
    kind: Mapped[str | None] = mapped_column(String(32))
    topic: Mapped[str | None] = mapped_column(String(64))
    # On a patient's row: what the bot understood, and when the turn was answered.
    intent: Mapped[str | None] = mapped_column(String(64))
    understood: Mapped[dict[str, Any] | None] = mapped_column(EncryptedJSON)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # On a bot's or staff's row: the id of the patient's message it answers; the staff user who wrote it.
    reply_to: Mapped[str | None] = mapped_column(ID)
    author: Mapped[str | None] = mapped_column(ID)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Consent(Base):
    """A patient's reply to the privacy notice: to which version, yes or no, and when. The last one counts."""

    __tablename__ = "consent"
    __table_args__ = (Index(None, "conversation_id", "at"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey(Conversation.id))
    version: Mapped[str] = mapped_column(String(64))
    given: Mapped[bool]
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class Screening(Base):
    """One decided screening. It is never changed: a changed answer makes a new row that amends it."""

    __tablename__ = "screening"
    __table_args__ = (Index(None, "conversation_id", "decided_at"), Index(None, "decided_at"))

    id: Mapped[str] = mapped_column(ID, primary_key=True, default=new_id)
    conversation_id: Mapped[str] = mapped_column(ForeignKey(Conversation.id))
    answers: Mapped[dict[str, Any]] = mapped_column(EncryptedJSON)
    outcome: Mapped[Outcome] = mapped_column(one_of(Outcome, "outcome"))
    reasons: Mapped[list[str]] = mapped_column(EncryptedJSON, default=list)
    open: Mapped[list[str]] = mapped_column(EncryptedJSON, default=list)
    content_version: Mapped[str] = mapped_column(String(64))
    rules_version: Mapped[str] = mapped_column(String(64))
    decided_at: Mapped[datetime] = mapped_column(UtcDateTime)
    amends: Mapped[str | None] = mapped_column(ForeignKey("screening.id"))


class Booking(Base):
    """A request for an appointment and its state. `version` counts its changes (iCalendar's SEQUENCE); `person` is what
    the patient calls somebody else whom the visit is for, None where it is their own."""

    __tablename__ = "booking"
    __table_args__ = (
        UniqueConstraint("reference"),
        UniqueConstraint("key"),
        Index(None, "contact_index"),
        Index(None, "conversation_id", "created_at"),
        Index(None, "starts_at"),
        Index(None, "status", "created_at"),
    )

    id: Mapped[str] = mapped_column(ID, primary_key=True, default=new_id)
    reference: Mapped[str] = mapped_column(String(16))
    key: Mapped[str | None] = mapped_column(String(128))
    conversation_id: Mapped[str] = mapped_column(ForeignKey(Conversation.id))
    name: Mapped[str] = mapped_column(EncryptedText)
    contact: Mapped[str] = mapped_column(EncryptedText)
    contact_kind: Mapped[ContactKind] = mapped_column(one_of(ContactKind, "contact_kind"))
    contact_index: Mapped[str] = mapped_column(String(64))
    treatment: Mapped[str | None] = mapped_column(String(64))
    starts_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    wish: Mapped[str | None] = mapped_column(EncryptedText)
    note: Mapped[str | None] = mapped_column(EncryptedText)
    status: Mapped[BookingStatus] = mapped_column(one_of(BookingStatus, "status"), default="proposed")
    screening_id: Mapped[str | None] = mapped_column(ForeignKey(Screening.id))
    screening_status: Mapped[str] = mapped_column(String(32))
    person: Mapped[str | None] = mapped_column(EncryptedText)
    version: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)

    def reindex(self) -> None:
        """Make the row findable by its contact under the current key."""
        self.contact_index = blind_index(self.contact)


class KeptVisit(Base):
    """What stays of a visit that took place when its patient is erased, as long as the law makes a clinic keep it."""

    __tablename__ = "kept_visit"
    __table_args__ = (Index(None, "keep_until"),)

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    reference: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(EncryptedText)
    treatment: Mapped[str | None] = mapped_column(String(64))
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    status: Mapped[BookingStatus] = mapped_column(one_of(BookingStatus, "status"))
    erased_at: Mapped[datetime] = mapped_column(UtcDateTime)
    keep_until: Mapped[datetime] = mapped_column(UtcDateTime)


class ContentVersion(Base):
    """One version of bot/content as it went live or was approved: from it, what was said once can be read again."""

    __tablename__ = "content_version"

    version: Mapped[str] = mapped_column(String(64), primary_key=True)
    files: Mapped[dict[str, str]] = mapped_column(Json)
    live_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    approved_by: Mapped[str | None] = mapped_column(String(128))
    approved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class OutboxItem(Base):
    """Something to tell another system, written with the change itself and delivered later, at least once."""

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("key"),
        Index(
            "ix_outbox_waiting",
            "available_at",
            "position",
            sqlite_where=text("delivered_at IS NULL AND dead_at IS NULL"),
            postgresql_where=text("delivered_at IS NULL AND dead_at IS NULL"),
        ),
        Index(None, "subject", "position"),
        Index(None, "conversation_id"),
        {"sqlite_autoincrement": True},
    )

    position: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(ID, default=new_id)
    kind: Mapped[str] = mapped_column(String(64))
    key: Mapped[str] = mapped_column(String(160))
    # Items of one subject (a booking's id) are delivered in the order they were written.
    subject: Mapped[str | None] = mapped_column(String(64))
    conversation_id: Mapped[str | None] = mapped_column(ForeignKey(Conversation.id))
    payload: Mapped[dict[str, Any]] = mapped_column(EncryptedJSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    available_at: Mapped[datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    delivered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    dead_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_error: Mapped[str | None] = mapped_column(String(128))


class TriageItem(Base):
    """One thing in the front desk's queue. The smaller `urgency`, the sooner; equals wait in order of arrival."""

    __tablename__ = "triage_item"
    __table_args__ = (
        UniqueConstraint("key"),
        Index(
            "ix_triage_item_queue",
            "urgency",
            "created_at",
            "id",
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
        Index(None, "conversation_id", "created_at"),
        Index(None, "kind", "created_at"),
    )

    id: Mapped[str] = mapped_column(ID, primary_key=True, default=new_id)
    kind: Mapped[TriageKind] = mapped_column(one_of(TriageKind, "kind"))
    urgency: Mapped[int]
    key: Mapped[str | None] = mapped_column(String(160))
    conversation_id: Mapped[str] = mapped_column(ForeignKey(Conversation.id))
    message_id: Mapped[str | None] = mapped_column(ID)
    booking_id: Mapped[str | None] = mapped_column(ForeignKey(Booking.id))
    question: Mapped[str | None] = mapped_column(EncryptedText)
    details: Mapped[dict[str, Any]] = mapped_column(EncryptedJSON, default=dict)
    status: Mapped[TriageStatus] = mapped_column(one_of(TriageStatus, "status"), default="open")
    assigned_to: Mapped[str | None] = mapped_column(ID)
    snoozed_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    handoff_reason: Mapped[HandoffReason] = mapped_column(one_of(HandoffReason, "handoff_reason"))
    close_reason: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class AuditEntry(Base):
    """Who did what to which thing. The database itself refuses to change or delete a row."""

    __tablename__ = "audit"
    __table_args__ = (Index(None, "subject"), Index(None, "at"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(128))
    details: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)


class Feedback(Base):
    """A patient's thumb under one answer; the last one given counts."""

    __tablename__ = "feedback"
    __table_args__ = (UniqueConstraint("message_id"), Index(None, "created_at"))

    id: Mapped[str] = mapped_column(ID, primary_key=True, default=new_id)
    conversation_id: Mapped[str] = mapped_column(ForeignKey(Conversation.id))
    message_id: Mapped[str] = mapped_column(ID)
    thumb: Mapped[Thumb] = mapped_column(one_of(Thumb, "thumb"))
    reason: Mapped[str | None] = mapped_column(EncryptedText)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class StaffUser(Base):
    """Somebody who may open the desk. `email` is kept in lower case."""

    __tablename__ = "staff_user"
    __table_args__ = (UniqueConstraint("email"),)

    id: Mapped[str] = mapped_column(ID, primary_key=True, default=new_id)
    email: Mapped[str] = mapped_column(String(320))
    name: Mapped[str] = mapped_column(String(128))
    role: Mapped[Role] = mapped_column(one_of(Role, "role"))
    password_hash: Mapped[str] = mapped_column(String(256))
    totp_secret: Mapped[str | None] = mapped_column(EncryptedText)
    # The thirty seconds, counted from 1970, of the last code that was accepted: an older or equal one is refused.
    totp_step: Mapped[int | None] = mapped_column(BigInteger)
    failed_attempts: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class TrackerState(Base):
    """What Rasa needs of a conversation at its next turn, apart from the last turns. Any sender id, not only ours."""

    __tablename__ = "tracker_state"

    sender_id: Mapped[str] = mapped_column(String(255), primary_key=True)
    # How many events the log holds, and the number of the first one that the next turn reads.
    total: Mapped[int]
    window_start: Mapped[int]
    # Stands for all the events before the window; nothing when there are none.
    prefix: Mapped[list[dict[str, Any]] | None] = mapped_column(EncryptedJSON)


class TrackerTurn(Base):
    """The complete log of Rasa's events, append-only: the events of one save, numbered from 0 within the sender."""

    __tablename__ = "tracker_turn"

    sender_id: Mapped[str] = mapped_column(String(255), primary_key=True)
    # The number of the last event in this row.
    last: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    events: Mapped[list[dict[str, Any]]] = mapped_column(EncryptedJSON)
    saved_at: Mapped[datetime] = mapped_column(UtcDateTime)
