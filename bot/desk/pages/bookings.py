"""Bookings: a list and a week; each change tells the patient in their chat."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Annotated, Any, cast, get_args

from fastapi import Form
from starlette.responses import Response

from bot.clinic.booking.plan import clinic_from
from bot.clinic.booking.slots import nearest_times, why_not
from bot.clinic.booking.turns import show_short
from bot.clinic.desk.visits import Move, moves_from
from bot.desk.context import View
from bot.desk.routing import NotThere, Pages, Refused, Signed, Whole
from bot.desk.visit_news import tell
from bot.store import audit, conversations, deliveries, desk_bookings, errands, screenings, slots
from bot.store.engine import Session
from bot.store.models import Booking

pages = Pages()
FURTHEST = timedelta(days=3653)  # from today, that the calendar shows and a visit can be
Field = Annotated[str, Form()]
PAGE = 50
GROUPS = {
    "open": ("To confirm", ("proposed", "pending")),
    "booked": ("Confirmed", ("booked",)),
    "past": ("Past", ("arrived", "fulfilled", "noshow", "cancelled")),
}
ORDERS: dict[str, desk_bookings.Order] = {"open": "waiting", "booked": "coming", "past": "newest"}
FULL = "Every room is taken for some of this time; it may be held by a patient who is just deciding."
CLOSED = "The clinic is closed for some of this time. Tick “also outside opening hours” to give it anyway."


@pages.get("/bookings")
def bookings(view: Signed, show: str = "open", q: str = "", start: Whole = 0) -> Response:
    """The list: to confirm, those that wait longest first; confirmed, the next visits first; past, the latest first."""
    chosen, text = show if show in GROUPS else "open", q.strip()[:100]
    today = datetime.combine(view.now.astimezone(view.desk.zone).date(), time(), view.desk.zone)
    order: desk_bookings.Order = "newest" if text else ORDERS[chosen]
    part = {"offset": max(start, 0), "limit": PAGE}
    with view.reading() as session:
        rows, more = desk_bookings.page(session, GROUPS[chosen][1], text, order=order, today=today, **part)
        counts = desk_bookings.counts(session)
        given_up = deliveries.count_dead(session) + errands.count_given_up(session)
    numbers = {key: sum(counts.get(status, 0) for status in states) for key, (_, states) in GROUPS.items()}
    values: dict[str, Any] = {"rows": rows, "numbers": numbers, "following": start + PAGE if more else None}
    return view.page("bookings.html", groups=GROUPS, show=chosen, q=q, given_up=given_up, **values)


@pages.get("/bookings/week")
def week(view: Signed, of: str = "") -> Response:
    """Seven days from Monday on, with the visits in them."""
    zone = view.desk.zone
    today = view.now.astimezone(zone).date()
    try:
        chosen = date.fromisoformat(of) if of else today
    except ValueError:
        chosen = today
    chosen = min(max(chosen, today - FURTHEST), today + FURTHEST)
    monday = chosen - timedelta(days=chosen.weekday())
    starts = [datetime.combine(monday + timedelta(days=number), time(), zone) for number in range(8)]
    with view.reading() as session:
        rows = desk_bookings.between(session, starts[0], starts[7])
    days = [
        {
            "date": start.date(),
            "start": start,
            "visits": [row for row in rows if row.starts_at and start <= row.starts_at < end],
            "closed": _closed(view, start.date()),
        }
        for start, end in pairwise(starts)
    ]
    around = {"before": monday - timedelta(days=7), "after": monday + timedelta(days=7), "today": today}
    return view.page("week.html", days=days, **around)


@pages.get("/bookings/{booking_id}")
def booking(view: Signed, booking_id: str) -> Response:
    """One visit and what can be done with it."""
    with view.changing() as session:
        row = desk_bookings.get(session, booking_id)
        if row is None:
            raise NotThere(booking_id)
        audit.record(
            session, actor=view.staff.id, action="booking.viewed", subject=f"booking:{booking_id}", now=view.now
        )
        chat = conversations.get_conversation(session, row.conversation_id)
        screening = screenings.get(session, row.screening_id) if row.screening_id else None
    return view.page("booking.html", visit=row, chat=chat, screening=screening, moves=moves_from(row.status))


@pages.post("/bookings/{booking_id}/{move}")
def change(  # noqa: PLR0913, PLR0917 - the fields of the form
    view: Signed,
    booking_id: str,
    move: str,
    version: Annotated[Whole, Form()],
    at: Field = "",
    reason: Field = "",
    outside: Field = "",
) -> Response:
    """Confirm, propose another time, decline, mark as arrived, as over or as not come.

    A time must have a room free; `outside` allows one outside the opening hours.
    """
    starts_at = _checked(view, move, at, reason)
    rules = _rules(view, outside=bool(outside))
    try:
        with view.changing() as session:
            row = desk_bookings.change(
                session,
                booking_id,
                cast(Move, move),
                version=version,
                starts_at=starts_at,
                actor=view.staff.id,
                rules=rules,
            )
            _tell(view, session, row, move, reason)
    except slots.TimeGone:
        raise Refused(_not_free(view, booking_id, cast(datetime, starts_at), rules), 409) from None
    return view.goto(f"/desk/bookings/{booking_id}")


def _checked(view: View, move: str, at: str, reason: str) -> datetime | None:
    """The time given; raises Refused where the form is not filled in as the move needs it."""
    if move not in get_args(Move):
        raise Refused("This cannot be done with a visit.", 400)
    starts_at = _moment(view, at) if at else None
    if move == "propose" and starts_at is None:
        raise Refused("Choose the time you propose.", 400)
    if move == "decline" and not reason.strip():
        raise Refused("Say why, in words for the patient.", 400)
    return starts_at


def _tell(view: View, session: Session, row: Booking | None, move: str, reason: str) -> None:
    if row is None:
        raise Refused("Somebody has changed this visit since. Reload the page to see it.", 409)
    if move == "confirm" and row.starts_at is None:
        raise Refused("Choose the time to confirm.", 400)
    tell(view.desk, session, row, cast(Move, move), reason, view.staff.id, view.now)


def _rules(view: View, *, outside: bool) -> slots.Rules:
    """What staff may give: any time with a room free in the opening hours, or also outside them."""
    clinic = clinic_from(view.desk.content.clinic)
    allowed = (None, "closed") if outside else (None,)
    return slots.Rules(
        minutes=clinic.minutes,
        fits=lambda start, minutes, taken: why_not(start, clinic, taken, minutes) in allowed,
        now=view.now,
    )


def _not_free(view: View, booking_id: str, wanted: datetime, rules: slots.Rules) -> str:
    """Why a time cannot be given, and the nearest that can."""
    clinic = replace(clinic_from(view.desk.content.clinic), lead_time=timedelta())
    with view.reading() as session:
        row = desk_bookings.get(session, booking_id)
        if row is None:
            raise NotThere(booking_id)
        minutes = clinic.minutes(row.treatment)
        taken = slots.taken(session, rules, view.now - slots.LONGEST, besides=row.conversation_id)
    near = ", ".join(show_short(one) for one in nearest_times(wanted, clinic, taken, view.now, minutes=minutes))
    said = CLOSED if why_not(wanted, clinic, taken, minutes) == "closed" else FULL
    return f"{said} {f'Free near it: {near}.' if near else ''}".strip()


def _moment(view: View, at: str) -> datetime:
    try:
        moment = datetime.fromisoformat(at).replace(tzinfo=view.desk.zone)
    except ValueError:
        raise Refused("The time is not a time.", 400) from None
    if moment < view.now:
        raise Refused("This time is past.", 400)
    if moment > view.now + FURTHEST:
        raise Refused("This time is years ahead.", 400)
    return moment


def _closed(view: View, day: date) -> str:
    clinic = view.desk.content.clinic
    reason = next((closed.reason for closed in clinic.closed_days if closed.date == day), "")
    return reason or ("Closed" if clinic.hours.days[day.weekday()][1] is None else "")
