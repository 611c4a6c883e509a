"""Bookings as the desk works them: lists, a week, and changes guarded by the version the page showed."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Literal, cast

from sqlalchemy import ColumnElement, case, func, literal, or_, select, update
from sqlalchemy.orm import Session

from bot.clinic.booking.reference import normal_reference
from bot.clinic.desk.visits import Move, leads_to, moves_from
from bot.store import bookings, slots
from bot.store.crypto import blind_indexes
from bot.store.desk_queue import bump
from bot.store.models import Booking, TriageItem
from bot.store.terms import BookingStatus

Order = Literal["waiting", "coming", "newest"]


def page(  # noqa: PLR0913 - what is shown, in which order, and which page of it
    session: Session,
    statuses: Collection[str],
    text: str = "",
    *,
    order: Order,
    today: datetime,
    offset: int = 0,
    limit: int = 50,
) -> tuple[list[Booking], bool]:
    """Bookings in these states, and whether there are more. `text` finds a reference or a contact.

    `order`: what has waited longest first; the next visits first, and after them those that were before `today` (its
    beginning), latest first; or the latest visits first.
    """
    query = select(Booking)
    if text:
        query = query.where(
            or_(Booking.reference == normal_reference(text), Booking.contact_index.in_(blind_indexes(text)))
        )
    elif statuses:
        query = query.where(Booking.status.in_(list(statuses)))
    query = query.order_by(*_in_order(order, today), Booking.id)
    rows = list(session.scalars(query.offset(offset).limit(limit + 1)))
    return rows[:limit], len(rows) > limit


def _in_order(order: Order, today: datetime) -> tuple[ColumnElement[Any], ...]:
    if order == "waiting":
        return (Booking.created_at.asc(),)
    visit = func.coalesce(Booking.starts_at, Booking.created_at)
    if order == "newest":
        return (visit.desc(),)
    comes = visit >= literal(today, Booking.created_at.type)
    return case((comes, 0), else_=1), case((comes, visit)), visit.desc()


def counts(session: Session) -> dict[str, int]:
    """How many bookings are in each state."""
    return {status: n for status, n in session.execute(select(Booking.status, func.count()).group_by(Booking.status))}


def between(session: Session, start: datetime, end: datetime) -> list[Booking]:
    """The visits that start in a span, in order."""
    query = select(Booking).where(Booking.starts_at >= start, Booking.starts_at < end)
    return list(session.scalars(query.order_by(Booking.starts_at, Booking.id).limit(500)))


def get(session: Session, booking_id: str) -> Booking | None:
    """A booking by its id."""
    return session.get(Booking, booking_id)


def by_id(session: Session, ids: Collection[str]) -> dict[str, Booking]:
    """The bookings with these ids that are still there."""
    return {row.id: row for row in session.scalars(select(Booking).where(Booking.id.in_(list(ids))))}


def change(  # noqa: PLR0913 - what changes, as the page showed it, and who did it
    session: Session,
    booking_id: str,
    move: Move,
    *,
    version: int,
    starts_at: datetime | None,
    actor: str,
    rules: slots.Rules,
) -> Booking | None:
    """Make a move with a visit; None when it is not as the page showed it, or the move makes no sense any more.

    Raises slots.TimeGone when the time given with it is not free by the rules.
    """
    row = session.get(Booking, booking_id)
    if row is None:
        return None
    slots.lock(session, row, starts_at, rules)
    if row.version != version or move not in moves_from(row.status):
        return None
    if starts_at is not None and starts_at != row.starts_at:
        slots.move(session, row, starts_at, row.wish, rules, actor=actor)
    bookings.set_status(session, row, cast(BookingStatus, leads_to(move)), actor=actor, now=rules.now)
    settle(session, row, "booked", rules.now)
    bump(session)
    return row


def settle(session: Session, booking: Booking, reason: str, now: datetime) -> None:
    """The queue's rows of this booking are done with."""
    mine = update(TriageItem).where(
        TriageItem.booking_id == booking.id, TriageItem.kind == "booking", TriageItem.closed_at.is_(None)
    )
    session.execute(mine.values(status="closed", close_reason=reason, closed_at=now, updated_at=now))
