"""Which times are held: what the booking conversation must not offer again."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.store.models import Booking

HOLDING = ("proposed", "pending", "booked", "arrived", "fulfilled")


def held(session: Session, after: datetime) -> list[tuple[datetime, str | None]]:
    """(start, treatment id) of every appointment from `after` on that is asked for or agreed."""
    wanted = select(Booking.starts_at, Booking.treatment).where(Booking.starts_at >= after, Booking.status.in_(HOLDING))
    return [(start, treatment) for start, treatment in session.execute(wanted) if start is not None]
