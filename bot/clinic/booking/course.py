"""What a patient is told of the course a treatment is given in: how many sessions, how far apart, possible dates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.clinic.booking.clinic import Clinic
from bot.clinic.booking.series import propose_series
from bot.clinic.booking.turns import Taken


@dataclass(frozen=True)
class Course:
    """At least and at most so many sessions, `weeks` apart (at least, at most); `following` are free starts for those
    after the first, of the shortest course at the shortest distance. Nothing of it is booked. `fact` says so."""

    least: int
    most: int
    weeks: tuple[int, int]
    following: tuple[datetime, ...]
    fact: str


def course_of(
    first: datetime | None, treatment: str | None, clinic: Clinic, taken: Taken, now: datetime
) -> Course | None:
    """The course that begins with a first visit, if its time is known; None for a treatment not given in one."""
    known = clinic.treatments.get(treatment or "")
    if known is None or known.series is None:
        return None
    series, apart = known.series, min(known.series.weeks)
    sessions = propose_series(first, known.id, clinic, taken, now, sessions=series.least, weeks=apart) if first else []
    following = tuple(one.start for one in sessions[1:] if one.start is not None)
    return Course(series.least, series.most, (apart, max(series.weeks)), following, series.fact)
