"""When a person answers: moments counted in the clinic's opening hours, closed days left out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.clinic.content import Clinic

Span = tuple[datetime, datetime]
_LONGEST_CLOSURE = 60  # days searched for the next opening
_DAY = timedelta(days=1)


class NeverOpen(ValueError):
    """The clinic's hours have no opening within sixty days."""


@dataclass(frozen=True)
class Promise:
    """How soon a person answers: so many hours while open, or so many working days."""

    open_hours: float = 0
    working_days: int = 0


class Hours:
    """A clinic's opening hours, each day looked up once: figures ask for thousands of moments."""

    def __init__(self, clinic: Clinic) -> None:
        self._clinic = clinic
        self._zone = ZoneInfo(clinic.time_zone)
        self._closed = {closed.date for closed in clinic.closed_days}
        self._spans: dict[date, tuple[Span, ...]] = {}

    def promised_at(self, asked_at: datetime, promise: Promise) -> datetime:
        """The moment by which a person has answered a patient who asked at `asked_at`.

        Open hours run only while the clinic is open. A working day ends at the same time of the next open day, at its
        closing at the latest; what comes in outside the hours counts from the next opening. Never earlier for who asks
        later.
        """
        start = self.next_open(asked_at)
        if promise.working_days:
            return self._days_later(start, promise.working_days)
        return self._hours_later(start, timedelta(hours=promise.open_hours))

    def next_open(self, moment: datetime) -> datetime:
        """`moment` when the clinic is open then, else its next opening; raises NeverOpen."""
        local = moment.astimezone(self._zone)
        day = local.date()
        for _ in range(_LONGEST_CLOSURE):
            for opens, closes in self._open_on(day):
                if local < closes:
                    return max(local, opens)
            day += _DAY
        raise NeverOpen("clinic.yml: hours has no open day in the next 60; write the opening hours of at least one day")

    def is_open(self, moment: datetime) -> bool:
        """Whether the clinic is open at this moment."""
        return self.next_open(moment) == moment

    def late_before(self, promise: Promise, now: datetime) -> datetime:
        """Who asked before this moment has waited longer than promised at `now`; to the minute."""
        early, late = now - timedelta(days=_LONGEST_CLOSURE + 7 * promise.working_days), now
        while late - early > timedelta(minutes=1):
            middle = early + (late - early) / 2
            if self.promised_at(middle, promise) < now:
                early = middle
            else:
                late = middle
        return early

    def _hours_later(self, start: datetime, left: timedelta) -> datetime:
        until = next((closes for opens, closes in self._open_on(start.date()) if opens <= start < closes), start)
        if start + left <= until:
            return start + left
        return self._hours_later(self.next_open(until), left - (until - start))

    def _days_later(self, start: datetime, days: int) -> datetime:
        moment = start
        for _ in range(days):
            moment = self.next_open(datetime.combine(moment.date() + _DAY, time(), self._zone))
        same_time = datetime.combine(moment.date(), start.time(), self._zone)
        closing = self._open_on(moment.date())[-1][1]
        promised = min(max(same_time, moment), closing)
        return closing if promised == closing else self.next_open(promised)

    def _open_on(self, day: date) -> tuple[Span, ...]:
        """When the clinic opens and closes on a day, a lunch break in between; empty on a closed one."""
        if day not in self._spans:
            self._spans[day] = self._look_up(day)
        return self._spans[day]

    def _look_up(self, day: date) -> tuple[Span, ...]:
        opening = self._clinic.hours.days[day.weekday()][1]
        if opening is None or day in self._closed:
            return ()
        return tuple(
            (datetime.combine(day, opens, self._zone), datetime.combine(day, closes, self._zone))
            for opens, closes in opening.periods
        )


def promised_at(asked_at: datetime, promise: Promise, clinic: Clinic) -> datetime:
    """`Hours.promised_at` for one moment."""
    return Hours(clinic).promised_at(asked_at, promise)


def next_open(moment: datetime, clinic: Clinic) -> datetime:
    """`Hours.next_open` for one moment."""
    return Hours(clinic).next_open(moment)


def is_open(moment: datetime, clinic: Clinic) -> bool:
    """`Hours.is_open` for one moment."""
    return Hours(clinic).is_open(moment)
