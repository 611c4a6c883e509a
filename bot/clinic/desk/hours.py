"""When a person answers: moments counted in the clinic's opening hours, closed days left out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.clinic.content import Clinic

_LONGEST_CLOSURE = 60  # days searched for the next opening


class NeverOpen(ValueError):
    """The clinic's hours have no opening within sixty days."""


@dataclass(frozen=True)
class Promise:
    """How soon a person answers: so many hours while open, or so many working days."""

    open_hours: float = 0
    working_days: int = 0


def promised_at(asked_at: datetime, promise: Promise, clinic: Clinic) -> datetime:
    """The moment by which a person has answered a patient who asked at `asked_at`.

    Open hours run only while the clinic is open. A working day ends at the same time of the next open day, at its
    closing at the latest; what comes in outside the hours counts from the next opening.
    """
    start = next_open(asked_at, clinic)
    if promise.working_days:
        return _days_later(start, promise.working_days, clinic)
    return _hours_later(start, timedelta(hours=promise.open_hours), clinic)


def next_open(moment: datetime, clinic: Clinic) -> datetime:
    """`moment` when the clinic is open then, else its next opening; raises NeverOpen."""
    local = moment.astimezone(ZoneInfo(clinic.time_zone))
    for days in range(_LONGEST_CLOSURE):
        span = _span(local.date() + timedelta(days=days), clinic)
        if span and local < span[1]:
            return max(local, span[0])
    raise NeverOpen("clinic.yml: hours has no open day in the next 60; write the opening hours of at least one day")


def is_open(moment: datetime, clinic: Clinic) -> bool:
    """Whether the clinic is open at this moment."""
    return next_open(moment, clinic) == moment


def _hours_later(start: datetime, left: timedelta, clinic: Clinic) -> datetime:
    span = _span(start.date(), clinic)
    until = span[1] if span else start
    if start + left <= until:
        return start + left
    return _hours_later(next_open(until, clinic), left - (until - start), clinic)


def _days_later(start: datetime, days: int, clinic: Clinic) -> datetime:
    moment = start
    for _ in range(days):
        opens = next_open(datetime.combine(moment.date() + timedelta(days=1), time(), moment.tzinfo), clinic)
        moment = opens
    span = _span(moment.date(), clinic)
    same_time = datetime.combine(moment.date(), start.timetz().replace(tzinfo=None), start.tzinfo)
    return min(max(same_time, moment), span[1]) if span else moment


def _span(day: date, clinic: Clinic) -> tuple[datetime, datetime] | None:
    """When the clinic opens and closes on a day; None on a closed one."""
    opening = clinic.hours.days[day.weekday()][1]
    if opening is None or any(closed.date == day for closed in clinic.closed_days):
        return None
    zone = ZoneInfo(clinic.time_zone)
    return datetime.combine(day, opening.opens, zone), datetime.combine(day, opening.closes, zone)
