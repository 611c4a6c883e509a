"""What two processes do at the same moment in the tests of double booking."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from bot.clinic.booking.clinic import Clinic
from bot.clinic.booking.slots import is_free, nearest_times
from bot.store import bookings, desk_bookings, slots
from bot.store.conversations import open_conversation
from bot.store.engine import Sessions, reading, unit_of_work
from bot.store.models import Booking
from tests.clinic.diary import CLINIC, NOW, at

FIRST = at("2026-12-01 09:00")


def rules(clinic: Clinic = CLINIC, now: datetime = NOW) -> slots.Rules:
    """What fits into a clinic's diary at a moment."""
    return slots.Rules(clinic.minutes, lambda start, minutes, taken: is_free(start, clinic, taken, now, minutes), now)


def request(start: datetime, **changes: object) -> bookings.Request:
    values: dict[str, object] = {
        "name": "Test Patient",
        "contact": "+12025550177",
        "contact_kind": "phone",
        "treatment": "body",
        "starts_at": start,
    }
    return bookings.Request(**{**values, **changes})  # type: ignore[arg-type]


def wanted_in(turn: int) -> datetime:
    """The time both want in a round: each round has an open day of its own."""
    return FIRST + timedelta(days=7 * (turn // 5) + (0, 1, 2, 3, 6)[turn % 5])


def take(sessions: Sessions, chat: str, number: int, turn: int) -> tuple[str, str]:
    """Book the round's time in a new conversation; who comes too late books the next best. ("first"|"next", when)."""
    start = wanted_in(turn)
    try:
        return "first", _book(sessions, start)
    except slots.TimeGone:
        with reading(sessions) as session:
            taken = slots.taken(session, rules(), NOW)
        for other in nearest_times(start, CLINIC, taken, NOW, minutes=60):
            try:
                return "next", _book(sessions, other)
            except slots.TimeGone:
                continue
        return "none", ""


def choose(sessions: Sessions, chat: str, number: int, turn: int) -> bool:
    """Hold the round's time in a new conversation; False when it is gone."""
    with unit_of_work(sessions) as session:
        mine = open_conversation(session, channel="website", now=NOW).id
        try:
            slots.hold(session, mine, wanted_in(turn), "body", rules())
        except slots.TimeGone:
            return False
        session.commit()
        return True


def _book(sessions: Sessions, start: datetime) -> str:
    with unit_of_work(sessions) as session:
        mine = open_conversation(session, channel="website", now=NOW).id
        slots.book(session, mine, request(start), rules())
        session.commit()
        return start.isoformat()


def give_or_take(sessions: Sessions, chat: str, number: int, turn: int) -> bool:
    """For the round's time: racer 0 is the desk that moves a visit there, racer 1 a patient who books it."""
    start = wanted_in(turn)
    if number:
        try:
            return bool(_book(sessions, start))
        except slots.TimeGone:
            return False
    with unit_of_work(sessions) as session:
        row = session.scalars(select(Booking).where(Booking.key == f"visit {turn}")).one()
        try:
            moved = desk_bookings.change(
                session, row.id, "propose", version=row.version, starts_at=start, actor="desk", rules=rules()
            )
        except slots.TimeGone:
            return False
        session.commit()
        return moved is not None


def move_or_confirm(sessions: Sessions, chat: str, number: int, turn: int) -> bool:
    """For the round's own visit: racer 0 is the desk that confirms it, racer 1 its patient who moves it an hour on."""
    with unit_of_work(sessions) as session:
        row = session.scalars(select(Booking).where(Booking.key == f"visit {turn}")).one()
        later = wanted_in(turn) + timedelta(hours=1)
        if number:
            slots.move(session, row, later, row.wish, rules(), actor="patient")
        done = number or desk_bookings.change(
            session, row.id, "confirm", version=0, starts_at=None, actor="desk", rules=rules()
        )
        session.commit()
        return bool(done)
