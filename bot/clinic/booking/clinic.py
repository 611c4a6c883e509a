"""The clinic's diary as plain values: when it is open, what it treats and for how long.

Filled from `content/clinic.yml` by the caller, so that booking can be reasoned about and tested without files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

DAYS_KEPT = 1000  # days and lengths whose starts a clinic remembers: every offer of times asks for sixty of them


@dataclass(frozen=True)
class Series:
    """A course of sessions: how many at least and at most, and the weeks that may lie between two of them.
    `fact` is the id of the leaflet's fact that says so."""

    least: int
    most: int
    weeks: tuple[int, ...] = (1,)
    fact: str = ""


@dataclass(frozen=True)
class Treatment:
    """A bookable treatment: `minutes` one appointment takes, `series` when it is given as a course."""

    id: str
    title: str
    minutes: int
    series: Series | None = None


@dataclass(frozen=True)
class Clinic:
    """What booking needs to know. `hours` maps a weekday (0 is Monday) to its (opens, closes) periods, local time."""

    time_zone: ZoneInfo
    hours: Mapping[int, tuple[tuple[time, time], ...]]
    treatments: Mapping[str, Treatment]
    closed_days: frozenset[date] = field(default_factory=frozenset)
    rooms: int = 1
    lead_time: timedelta = timedelta(hours=24)
    horizon_days: int = 60
    step_minutes: int = 30
    region: str = "US"
    name: str = ""
    phone: str = ""
    email: str = ""
    address: str = ""
    titles: Mapping[str, str] = field(default_factory=dict)
    _starts: dict[tuple[date, int], tuple[tuple[float, datetime], ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def minutes(self, treatment: str | None) -> int:
        """Length of an appointment; the longest one while the treatment is not known or not listed."""
        if treatment is not None and treatment in self.treatments:
            return self.treatments[treatment].minutes
        return max((one.minutes for one in self.treatments.values()), default=self.step_minutes)

    def title(self, treatment: str | None) -> str:
        """The treatment as patients read it; one that is not listed has its title in `titles`, else a dash."""
        if treatment is not None and treatment in self.treatments:
            return self.treatments[treatment].title
        return self.titles.get(treatment or "") or "–"

    def today(self, now: datetime) -> date:
        """The clinic's date at `now`; raises ValueError when `now` has no time zone."""
        return self.local(now).date()

    def local(self, moment: datetime) -> datetime:
        """The moment on the clinic's clock; raises ValueError when it has no time zone."""
        if moment.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        return moment.astimezone(self.time_zone)

    def at(self, day: date, minute: int) -> datetime:
        """The moment a wall clock shows `minute` minutes after midnight; minute 1440 is the next midnight.

        A time that the spring change skips becomes the same moment one hour on; of a repeated one, the first.
        """
        wall = datetime.combine(day, time()) + timedelta(minutes=minute)
        moment = wall.replace(tzinfo=self.time_zone).astimezone(timezone.utc)
        return moment.astimezone(self.time_zone)

    def openings(self, day: date) -> tuple[tuple[datetime, datetime], ...]:
        """The periods the clinic is open on a date, as moments; empty on a closed day."""
        if day in self.closed_days:
            return ()
        periods = self.hours.get(day.weekday(), ())
        return tuple((self.at(day, minute_of(opens)), self.at(day, minute_of(closes))) for opens, closes in periods)

    def starts(self, day: date, minutes: int) -> tuple[tuple[float, datetime], ...]:
        """Every start of the day from which an appointment of that length lies inside one opening period: the seconds
        since 1970, and the same moment on the clinic's clock."""
        known = self._starts.get((day, minutes))
        if known is None:
            if len(self._starts) >= DAYS_KEPT:
                self._starts.clear()
            known = self._starts[day, minutes] = tuple(
                (start.timestamp(), self.local(start)) for start in self._grid(day, minutes)
            )
        return known

    def _grid(self, day: date, minutes: int) -> Iterator[datetime]:
        for opens, closes in self.openings(day):
            start, end = opens.astimezone(timezone.utc), closes.astimezone(timezone.utc)
            while start + timedelta(minutes=minutes) <= end:
                yield start
                start += timedelta(minutes=self.step_minutes)

    def last_day(self, now: datetime) -> date:
        """The last date that can be booked at `now`."""
        return self.today(now) + timedelta(days=self.horizon_days)


def minute_of(clock: time) -> int:
    """Minutes after midnight."""
    return clock.hour * 60 + clock.minute
