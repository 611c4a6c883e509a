"""A patient's wish for a time, as values: what the words came to, ready to be matched against the diary."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

Kind = Literal["exact", "window", "ambiguous", "past", "closed", "too_far", "not_understood"]
Days = tuple[date, date]
Minutes = tuple[int, int]

ALL_WEEK = frozenset(range(7))
END_OF_DAY = 24 * 60


@dataclass(frozen=True)
class Window:
    """Days and times of day that suit. Days are inclusive; minutes count from midnight, the end is exclusive.

    `points` are wished clock times ("at ten"); with neither points nor spans any time of day suits. `late` asks for the
    last times of the day rather than its first.
    """

    days: tuple[Days, ...]
    weekdays: frozenset[int] = ALL_WEEK
    points: tuple[int, ...] = ()
    spans: tuple[Minutes, ...] = ()
    not_days: tuple[Days, ...] = ()
    not_spans: tuple[Minutes, ...] = ()
    late: bool = False

    def suits_day(self, day: date) -> bool:
        """Whether the date is wished for."""
        return day.weekday() in self.weekdays and _within(day, self.days) and not _within(day, self.not_days)

    def suits_minute(self, minute: int) -> bool:
        """Whether an appointment may begin at this minute of the day."""
        if any(low <= minute < high for low, high in self.not_spans):
            return False
        if not self.points and not self.spans:
            return True
        return minute in self.points or any(low <= minute < high for low, high in self.spans)

    def dates(self, first: date, last: date) -> list[date]:
        """The wished dates from first to last, in order."""
        every = (first + timedelta(days=offset) for offset in range((last - first).days + 1))
        return [day for day in every if self.suits_day(day)]

    @property
    def first(self) -> date:
        """The earliest wished date."""
        return min(low for low, _ in self.days)

    @property
    def last(self) -> date:
        """The latest wished date."""
        return max(high for _, high in self.days)


@dataclass(frozen=True)
class Wish:
    """What a patient's words about a time came to.

    exact: `starts` holds the moments named, on the clinic's clock. window: `windows` are alternatives.
    ambiguous: `readings` are the wishes it could mean, to be read back. past, too_far, closed: refused; for closed
    `next_open` is the next moment the clinic opens. not_understood: no time was found.
    """

    kind: Kind
    windows: tuple[Window, ...] = ()
    starts: tuple[datetime, ...] = ()
    readings: tuple[Wish, ...] = ()
    next_open: datetime | None = None

    @property
    def usable(self) -> bool:
        """Whether free times can be looked for."""
        return self.kind in ("exact", "window")


def _within(day: date, ranges: tuple[Days, ...]) -> bool:
    return any(first <= day <= last for first, last in ranges)


def window_to_dict(window: Window) -> dict[str, Any]:
    """A window as JSON values."""
    return {
        "days": [[first.isoformat(), last.isoformat()] for first, last in window.days],
        "weekdays": sorted(window.weekdays),
        "points": list(window.points),
        "spans": [list(span) for span in window.spans],
        "not_days": [[first.isoformat(), last.isoformat()] for first, last in window.not_days],
        "not_spans": [list(span) for span in window.not_spans],
        "late": window.late,
    }


def window_from_dict(data: dict[str, Any]) -> Window:
    """The window that `window_to_dict` wrote."""
    return Window(
        days=tuple((date.fromisoformat(a), date.fromisoformat(b)) for a, b in data["days"]),
        weekdays=frozenset(data["weekdays"]),
        points=tuple(data["points"]),
        spans=tuple((a, b) for a, b in data["spans"]),
        not_days=tuple((date.fromisoformat(a), date.fromisoformat(b)) for a, b in data["not_days"]),
        not_spans=tuple((a, b) for a, b in data["not_spans"]),
        late=data.get("late", False),
    )


def wish_to_dict(wish: Wish) -> dict[str, Any]:
    """A wish as JSON values; moments are ISO 8601 with their offset."""
    return {
        "kind": wish.kind,
        "windows": [window_to_dict(window) for window in wish.windows],
        "starts": [start.isoformat() for start in wish.starts],
        "readings": [wish_to_dict(reading) for reading in wish.readings],
        "next_open": wish.next_open.isoformat() if wish.next_open else None,
    }


def wish_from_dict(data: dict[str, Any]) -> Wish:
    """The wish that `wish_to_dict` wrote."""
    return Wish(
        kind=data["kind"],
        windows=tuple(window_from_dict(window) for window in data["windows"]),
        starts=tuple(datetime.fromisoformat(start) for start in data["starts"]),
        readings=tuple(wish_from_dict(reading) for reading in data["readings"]),
        next_open=datetime.fromisoformat(data["next_open"]) if data["next_open"] else None,
    )
