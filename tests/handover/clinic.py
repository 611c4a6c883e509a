"""A clinic with bookings to hand over, and a clock that a test moves."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from bot.clinic.booking.plan import clinic_from
from bot.handover.adapters import Adapter
from bot.handover.words import Words, load_words
from bot.handover.worker import Worker
from bot.store import bookings
from bot.store.engine import Sessions, reading, unit_of_work
from bot.store.models import Booking
from bot.store.slots_models import Delivery
from bot.store.terms import BookingStatus
from tests.clinic.diary import at
from tests.handover.patients import content

NOW = at("2026-11-25 10:00")
START = at("2026-12-01 10:00")
SECRET = "whsec_" + base64.b64encode(b"a secret for the tests of a webhook").decode()
on_sqlite = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


def words() -> Words:
    return load_words(content(), clinic_from(content().clinic))


@dataclass
class Clock:
    """Time that stands still until it is moved."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Desk:
    """Makes and changes bookings as the patient and the desk do."""

    sessions: Sessions
    chat: str
    clock: Clock

    def ask(self, name: str = "Kim Example", **changes: object) -> Booking:
        values: dict[str, object] = {
            "name": name,
            "contact": "kim@example.org",
            "contact_kind": "email",
            "treatment": "body",
            "starts_at": START,
        }
        with unit_of_work(self.sessions) as session:
            row = bookings.create(session, self.chat, bookings.Request(**{**values, **changes}), self.clock())  # type: ignore[arg-type]
            session.commit()
            return row

    def set(self, row: Booking, *states: BookingStatus) -> None:
        with unit_of_work(self.sessions) as session:
            for state in states:
                bookings.set_status(session, session.get_one(Booking, row.id), state, actor="staff", now=self.clock())
            session.commit()

    def move(self, row: Booking, start: datetime) -> None:
        with unit_of_work(self.sessions) as session:
            same = session.get_one(Booking, row.id)
            bookings.reschedule(session, same, start, None, actor="patient", now=self.clock())
            session.commit()


async def deliver(
    sessions: Sessions, clock: Clock, adapters: Sequence[Adapter], days: float = 5, worker: Worker | None = None
) -> Worker:
    """Work, moving the clock to each next attempt, until nothing waits or the days are over."""
    worker = worker or Worker(sessions, adapters, clock)
    end = clock.now + timedelta(days=days)
    while True:
        await worker.drain()
        following = await asyncio.to_thread(next_attempt, sessions, clock.now)
        if following is None or following > end:
            return worker
        clock.now = following


def next_attempt(sessions: Sessions, now: datetime) -> datetime | None:
    with reading(sessions) as session:
        waits = select(func.min(Delivery.available_at)).where(
            Delivery.delivered_at.is_(None), Delivery.dead_at.is_(None), Delivery.available_at > now
        )
        return session.scalar(waits)
