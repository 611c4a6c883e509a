"""Free appointment times: inside opening hours, after the lead time, never more at once than there are rooms.

All arithmetic on moments is done in UTC, so that an hour is an hour on the days the clocks change.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta, timezone
from itertools import groupby, islice
from typing import Literal

from bot.clinic.booking.clinic import Clinic
from bot.clinic.booking.turns import Taken
from bot.clinic.booking.wish import Wish

UTC = timezone.utc


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
    fitting = (start for start in every if fits(start, wish) and (after is None or _apart(start, after) > timedelta()))
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
    starts = list(_free(clinic, taken, now, length))
    near = [start for start in starts if abs(_apart(start, wanted)) <= timedelta(days=7)]
    near = near if len(near) >= count else [start for start in starts if start >= wanted] or starts
    return sorted(sorted(near, key=lambda start: abs(_apart(start, wanted)))[:count])


def is_free(start: datetime, clinic: Clinic, taken: Taken, now: datetime, minutes: int) -> bool:
    """Whether an appointment of that length can begin exactly then."""
    day = clinic.local(start).date()
    return any(
        _apart(start, free) == timedelta() for free in _free(clinic, taken, now, minutes, lambda one: one == day)
    )


def why_not(start: datetime, clinic: Clinic, taken: Taken, minutes: int) -> Literal["closed", "full"] | None:
    """What stands against an appointment that staff give: no room at all then, or closed for some of it.

    The lead time, the steps and how far ahead can be booked bind patients only.
    """
    first = start.astimezone(UTC)
    if not _Held(taken).have_room(first, minutes, clinic.rooms):
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
) -> Iterator[datetime]:
    held, soonest = _Held(taken), earliest(clinic, now)
    first, last = clinic.today(now), clinic.last_day(now)
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        if not suits(day):
            continue
        for start in clinic.starts(day, minutes):
            if start >= soonest and held.have_room(start, minutes, clinic.rooms):
                yield start.astimezone(clinic.time_zone)


class _Held:
    """What is taken, in order, so that a moment is compared with what lies around it and not with the whole diary."""

    def __init__(self, taken: Taken) -> None:
        starts = [(start.astimezone(UTC), timedelta(minutes=length)) for start, length in taken]
        self._periods = sorted((start, start + length) for start, length in starts)
        self._starts = [start for start, _ in self._periods]
        self._longest = max((length for _, length in starts), default=timedelta())

    def have_room(self, start: datetime, minutes: int, rooms: int) -> bool:
        """Whether a room is free from `start` on for so long."""
        end = start + timedelta(minutes=minutes)
        first, last = bisect_right(self._starts, start - self._longest), bisect_left(self._starts, end)
        if first >= last:
            return rooms > 0
        during = [(low, high) for low, high in self._periods[first:last] if high > start]
        moments = [start, *(low for low, _ in during if low > start)]
        return all(sum(low <= moment < high for low, high in during) < rooms for moment in moments)


def _apart(one: datetime, other: datetime) -> timedelta:
    return one.astimezone(UTC) - other.astimezone(UTC)
