"""Free appointment times: inside opening hours, after the lead time, never more at once than there are rooms.

All arithmetic on moments is done in seconds since 1970, so that an hour is an hour on the days the clocks change.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta, timezone
from itertools import groupby, islice
from typing import Literal

from bot.clinic.booking.clinic import Clinic
from bot.clinic.booking.turns import Taken
from bot.clinic.booking.wish import Wish

UTC = timezone.utc
WEEK = 7 * 24 * 3600  # seconds


def free_times(  # noqa: PLR0913 - the diary at one moment, and what is asked of it
    wish: Wish,
    clinic: Clinic,
    taken: Taken,
    now: datetime,
    count: int = 3,
    *,
    minutes: int | None = None,
    after: datetime | None = None,
) -> list[datetime]:
    """The next free starts that fit the wish, on the clinic's clock, in order.

    `taken` are (start, minutes) already held; `minutes` is the length needed (default: the longest treatment); `after`
    asks for starts later than that one. A wish that is not usable has none.
    """
    if not wish.usable:
        return []
    length = minutes or clinic.minutes(None)
    every = _free(clinic, taken, now, length, wish_day(wish))
    since = None if after is None else _seconds(after)
    fitting = (start for at, start in every if fits(start, wish) and (since is None or at > since))
    if any(window.late for window in wish.windows):
        return _last_of_the_day(fitting, count)
    return list(islice(fitting, count))


def _last_of_the_day(starts: Iterator[datetime], count: int) -> list[datetime]:
    """The last starts of the first day that has any."""
    first = next(groupby(starts, key=lambda start: start.date()), None)
    return list(first[1])[-count:] if first else []


def nearest_times(  # noqa: PLR0913 - as above
    wanted: datetime, clinic: Clinic, taken: Taken, now: datetime, count: int = 3, *, minutes: int | None = None
) -> list[datetime]:
    """The free starts closest to a wanted one (within a week either side, else the next ones after it), in order."""
    length = minutes or clinic.minutes(None)
    middle = _seconds(wanted)
    starts = list(_free(clinic, taken, now, length))
    near = [one for one in starts if abs(one[0] - middle) <= WEEK]
    near = near if len(near) >= count else [one for one in starts if one[0] >= middle] or starts
    return [start for _, start in sorted(sorted(near, key=lambda one: abs(one[0] - middle))[:count])]


def is_free(start: datetime, clinic: Clinic, taken: Taken, now: datetime, minutes: int) -> bool:
    """Whether an appointment of that length can begin exactly then."""
    day, wanted = clinic.local(start).date(), _seconds(start)
    return any(at == wanted for at, _ in _free(clinic, taken, now, minutes, lambda one: one == day))


def why_not(start: datetime, clinic: Clinic, taken: Taken, minutes: int) -> Literal["closed", "full"] | None:
    """What stands against an appointment that staff give: no room at all then, or closed for some of it.

    The lead time, the steps and how far ahead can be booked bind patients only.
    """
    first = start.astimezone(UTC)
    if not _Full(taken, clinic.rooms).leaves_room(_seconds(start), minutes):
        return "full"
    openings = clinic.openings(clinic.local(start).date())
    is_open = any(opens <= first and first + timedelta(minutes=minutes) <= closes for opens, closes in openings)
    return None if is_open else "closed"


def earliest(clinic: Clinic, now: datetime) -> datetime:
    """The first moment that keeps the lead time."""
    return now.astimezone(UTC) + clinic.lead_time


def wish_day(wish: Wish) -> Callable[[date], bool]:
    """Whether a date is wished for at all."""
    return lambda day: any(window.suits_day(day) for window in wish.windows)


def fits(start: datetime, wish: Wish) -> bool:
    """Whether a start on the clinic's clock is one the patient wished for."""
    minute = start.hour * 60 + start.minute
    return any(window.suits_day(start.date()) and window.suits_minute(minute) for window in wish.windows)


def _free(
    clinic: Clinic, taken: Taken, now: datetime, minutes: int, suits: Callable[[date], bool] = lambda day: True
) -> Iterator[tuple[float, datetime]]:
    """Free starts in order, as seconds since 1970 and on the clinic's clock."""
    full, soonest = _Full(taken, clinic.rooms), _seconds(earliest(clinic, now))
    first, last = clinic.today(now), clinic.last_day(now)
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        if not suits(day):
            continue
        for one in clinic.starts(day, minutes):
            if one[0] >= soonest and full.leaves_room(one[0], minutes):
                yield one


class _Full:
    """When every room is taken, as periods in order: whatever begins and ends between two of them finds a room."""

    def __init__(self, taken: Taken, rooms: int) -> None:
        self._rooms = rooms
        self._begins: list[float] = []
        self._ends: list[float] = []
        changes = [(_seconds(start), length * 60) for start, length in taken]
        steps = [(begin, 1) for begin, _ in changes] + [(begin + length, -1) for begin, length in changes]
        busy = 0
        for moment, step in sorted(steps):  # of one moment who leaves goes first
            busy += step
            if step == 1 and busy == rooms:
                self._begins.append(moment)
            elif step == -1 and busy == rooms - 1:
                self._ends.append(moment)

    def leaves_room(self, start: float, minutes: int) -> bool:
        """Whether a room is free from `start` on for so long."""
        next_full = bisect_right(self._ends, start)
        return self._rooms > 0 and (next_full == len(self._begins) or self._begins[next_full] >= start + minutes * 60)


def _seconds(moment: datetime) -> float:
    return moment.timestamp()
