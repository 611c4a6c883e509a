"""Which visits are near and not reminded of yet; the note that one was, written with the reminder itself."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.store.models import Booking
from bot.store.slots_models import Reminder
from bot.store.writing import insert_if_new


def near(session: Session, now: datetime, until: datetime) -> list[Booking]:
    """Confirmed visits between now and a moment whose patients have not been reminded of that time, soonest first."""
    sent = select(Reminder.booking_id).where(Reminder.booking_id == Booking.id, Reminder.starts_at == Booking.starts_at)
    wanted = select(Booking).where(
        Booking.status == "booked", Booking.starts_at > now, Booking.starts_at <= until, ~sent.exists()
    )
    return list(session.scalars(wanted.order_by(Booking.starts_at)))


def note(session: Session, booking: Booking, now: datetime) -> bool:
    """Write down that a visit's patient is reminded; False when another process was first."""
    values = {"booking_id": booking.id, "starts_at": booking.starts_at, "sent_at": now}
    return insert_if_new(session, Reminder, ("booking_id", "starts_at"), **values)
