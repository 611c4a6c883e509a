"""Tables of appointments: times held while a patient decides, what was handed over, reminders, guesses at bookings.

Rows that belong to a patient's chat hang on it, or on its booking or outgoing message, and are deleted with it.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from bot.store.columns import Base, BigId, UtcDateTime, new_id
from bot.store.models import CONVERSATION_ID, ID, Booking, Conversation, OutboxItem


class DiaryDay(Base):
    """One day (UTC) of the diary. Whoever takes a time locks the day's row until the commit; `changes` counts them."""

    __tablename__ = "diary_day"

    # ISO 8601, as text: backups write rows as JSON.
    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    changes: Mapped[int] = mapped_column(default=0)


class SlotHold(Base):
    """The time a patient has chosen and not yet confirmed: busy-tentative in FHIR's words, free again at `until`."""

    __tablename__ = "slot_hold"
    __table_args__ = (Index(None, "starts_at"),)

    conversation_id: Mapped[str] = mapped_column(
        CONVERSATION_ID, ForeignKey(Conversation.id, ondelete="CASCADE"), primary_key=True
    )
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    minutes: Mapped[int]
    until: Mapped[datetime] = mapped_column(UtcDateTime)


class Delivery(Base):
    """One outgoing message on its way to one target. Those of one subject reach a target in their order."""

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("item_position", "target"),
        Index(
            "ix_delivery_waiting",
            "available_at",
            "position",
            sqlite_where=text("delivered_at IS NULL AND dead_at IS NULL"),
            postgresql_where=text("delivered_at IS NULL AND dead_at IS NULL"),
        ),
        Index(None, "target", "subject", "position"),
        {"sqlite_autoincrement": True},
    )

    position: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(ID, default=new_id)
    item_position: Mapped[int] = mapped_column(BigId, ForeignKey(OutboxItem.position, ondelete="CASCADE"))
    target: Mapped[str] = mapped_column(String(48))
    subject: Mapped[str | None] = mapped_column(String(64))
    available_at: Mapped[datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    delivered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    dead_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # The class of the last error and, for HTTP, the status; never what was sent or answered.
    last_error: Mapped[str | None] = mapped_column(String(128))


class DeliveryTarget(Base):
    """A target that said it wants nothing more (HTTP 410). Without a row, a target is in use."""

    __tablename__ = "delivery_target"

    name: Mapped[str] = mapped_column(String(48), primary_key=True)
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Reminder(Base):
    """A reminder that was sent: one per booking and time, so that a booking moved to another day gets its own."""

    __tablename__ = "reminder"

    booking_id: Mapped[str] = mapped_column(ID, ForeignKey(Booking.id, ondelete="CASCADE"), primary_key=True)
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    sent_at: Mapped[datetime] = mapped_column(UtcDateTime)


class BookingGuess(Base):
    """A reference and contact that fitted no booking. `key` is a keyed hash of the chat, reference or contact."""

    __tablename__ = "booking_guess"
    __table_args__ = (Index(None, "key", "at"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    key: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
