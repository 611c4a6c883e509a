"""A course of sessions: from the first date, the following ones at the same hour, a week or two apart.

How many sessions and how far apart is the leaflet's to say (for hair fact F41: 4 to 10, weekly or every two weeks).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.clinic.booking.clinic import Clinic, Series
from bot.clinic.booking.slots import free_times
from bot.clinic.booking.turns import Taken
from bot.clinic.booking.wish import Window, Wish

SHIFT = timedelta(days=2)  # how far a session may move from its day when that day is closed or full


class NotInSeries(ValueError):
    """The number of sessions or the weeks between them are not what the treatment is given in."""


@dataclass(frozen=True)
class Session:
    """One session of a course: its number from 1, and its start; None where nothing is free near its day."""

    number: int
    start: datetime | None


def propose_series(  # noqa: PLR0913 - the diary at one moment, and the course asked of it
    first: datetime, treatment: str, clinic: Clinic, taken: Taken, now: datetime, *, sessions: int, weeks: int
) -> list[Session]:
    """The whole course from its first start: each later session on the same weekday and hour where that is free.

    Where it is not, the closest free time within two days. Dates may lie beyond the days that can be booked yet. Raises
    NotInSeries when the treatment is not given that often or at that distance.
    """
    _check(clinic.treatments[treatment].series if treatment in clinic.treatments else None, sessions, weeks)
    local, minutes = clinic.local(first), clinic.minutes(treatment)
    far = replace(clinic, horizon_days=(first - now).days + 7 * weeks * sessions + SHIFT.days + 1)
    course = [Session(1, local)]
    for number in range(2, sessions + 1):
        wanted = clinic.at(local.date() + timedelta(weeks=weeks * (number - 1)), local.hour * 60 + local.minute)
        course.append(Session(number, _closest(wanted, far, taken, now, minutes)))
    return course


def _check(series: Series | None, sessions: int, weeks: int) -> None:
    if series is None:
        raise NotInSeries("this treatment is not given in a series")
    if not series.least <= sessions <= series.most:
        raise NotInSeries(f"{sessions} sessions; the series has {series.least} to {series.most}")
    if weeks not in series.weeks:
        raise NotInSeries(f"{weeks} weeks apart; the series is given every {' or '.join(map(str, series.weeks))}")


def _closest(wanted: datetime, clinic: Clinic, taken: Taken, now: datetime, minutes: int) -> datetime | None:
    """The free start nearest in days, then in hours, to the wanted one."""
    window = Window(((wanted.date() - SHIFT, wanted.date() + SHIFT),))
    free = free_times(Wish("window", (window,)), clinic, taken, now, count=1000, minutes=minutes)
    return min(
        free, key=lambda start: (abs((start.date() - wanted.date()).days), _hours_apart(start, wanted)), default=None
    )


def _hours_apart(start: datetime, wanted: datetime) -> int:
    return abs((start.hour - wanted.hour) * 60 + start.minute - wanted.minute)
