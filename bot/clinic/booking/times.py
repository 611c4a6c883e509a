"""Understands a wish for a time in a patient's own words, on the clinic's clock.

A calendar library alone reads dates, not wishes; here `words` tidies the text, `tokens` finds dates and times (with
dateutil), `grammar` joins them, and this module judges the result against the clinic's diary.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

from bot.clinic.booking import grammar
from bot.clinic.booking.clinic import Clinic, minute_of
from bot.clinic.booking.reading import Found, find, half_of_day, one_weekday
from bot.clinic.booking.tokens import Impossible, Sight
from bot.clinic.booking.wish import Window, Wish
from bot.clinic.booking.words import tidy

NOTHING = Wish("not_understood")


def understand_wish(text: str, now: datetime, clinic: Clinic) -> Wish:
    """What the patient wishes for, seen from `now` (with a time zone; ValueError without).

    Never raises on text. Kinds are explained at `Wish`; a wish that can be read as two different days is `ambiguous`.
    """
    tidied = tidy(text)
    readings = []
    for choice in (0, 1):
        wish = _read(tidied, now, clinic, choice)
        if wish not in readings:
            readings.append(wish)
    if len(readings) == 1:
        return readings[0]
    possible = [wish for wish in readings if wish.kind not in ("past", "not_understood")] or readings[:1]
    if len(possible) == 1 or _refused_alike(possible):
        return possible[0]
    return Wish("ambiguous", readings=tuple(sorted(possible, key=lambda wish: wish.windows[0].first)))


def _refused_alike(readings: list[Wish]) -> bool:
    """Whether every reading is refused for the same reason ("next Sunday" where Sundays are closed): nothing to ask."""
    return len({wish.kind for wish in readings}) == 1 and not readings[0].usable


def any_time(now: datetime, clinic: Clinic) -> Wish:
    """The wish of somebody to whom every time is fine."""
    return Wish("window", (Window(((clinic.today(now), clinic.last_day(now)),)),))


def names_a_day(text: str, now: datetime, clinic: Clinic) -> bool:
    """Whether the text says a date or a weekday, not just an hour or "soon"."""
    return any(token.kind in ("days", "weekdays") for token in _found(tidy(text), _sight(now, clinic)).tokens)


def is_only_about_time(text: str, now: datetime, clinic: Clinic) -> bool:
    """Whether the text holds words for a time and nothing else of meaning."""
    found = _found(tidy(text), _sight(now, clinic))
    return not found.other and any(token.kind not in ("comma", "or", "at", "to", "end") for token in found.tokens)


def _found(tidied: str, sight: Sight) -> Found:
    try:
        return find(tidied, sight)
    except Impossible:
        return Found((), ("impossible",))


def _sight(now: datetime, clinic: Clinic, choice: int = 0, tidied: str = "") -> Sight:
    local = clinic.local(now)
    periods = [period for day in clinic.hours.values() for period in day]
    opens = min((minute_of(start) for start, _ in periods), default=8 * 60)
    closes = max((minute_of(end) for _, end in periods), default=18 * 60)
    return Sight(
        local.date(), local.hour * 60 + local.minute, opens, closes, choice, half_of_day(tidied), one_weekday(tidied)
    )


def _read(tidied: str, now: datetime, clinic: Clinic, choice: int) -> Wish:
    sight = _sight(now, clinic, choice, tidied)
    windows = grammar.windows(_found(tidied, sight), sight)
    windows = tuple(window for window in windows if window.weekdays) or windows
    return judge(windows, now, clinic) if windows else NOTHING


def judge(windows: tuple[Window, ...], now: datetime, clinic: Clinic) -> Wish:
    """Compares wished windows with the diary: usable, past, too far ahead, or closed."""
    today, last = clinic.today(now), clinic.last_day(now)
    if all(window.last < today for window in windows):
        return Wish("past", windows)
    clipped = (replace(window, days=_clip(window, today, last)) for window in windows)
    bounded = tuple(window for window in clipped if window.days)
    if not bounded:
        return Wish("too_far", windows)
    starts = _starts(bounded, clinic)
    if starts and max(starts) <= now:
        return Wish("past", windows, starts)
    open_ones = tuple(window for window in bounded if _is_ever_open(window, clinic, today, last))
    if not open_ones:
        return Wish("closed", bounded, starts, next_open=_next_open(bounded, starts, now, clinic))
    return Wish("exact" if starts else "window", open_ones, starts)


def _clip(window: Window, first: date, last: date) -> tuple[tuple[date, date], ...]:
    clipped = tuple((max(low, first), min(high, last)) for low, high in window.days)
    return tuple((low, high) for low, high in clipped if low <= high)


def _starts(windows: tuple[Window, ...], clinic: Clinic) -> tuple[datetime, ...]:
    """The moments named, when every window names single days and clock times."""
    starts = []
    for window in windows:
        if not window.points or any(low != high for low, high in window.days):
            return ()
        starts += [
            clinic.at(day, minute) for day, _ in window.days for minute in window.points if window.suits_day(day)
        ]
    return tuple(sorted(starts))


def _is_ever_open(window: Window, clinic: Clinic, today: date, last: date) -> bool:
    first, final = max(window.first, today), min(window.last, last)
    return any(_is_open_on(window, day, clinic) for day in window.dates(first, final))


def _is_open_on(window: Window, day: date, clinic: Clinic) -> bool:
    if day in clinic.closed_days:
        return False
    for opens, closes in clinic.hours.get(day.weekday(), ()):
        minutes = range(minute_of(opens), minute_of(closes))
        if any(window.suits_minute(minute) for minute in (*minutes[::5], *window.points) if minute in minutes):
            return True
    return False


def _next_open(
    windows: tuple[Window, ...], starts: tuple[datetime, ...], now: datetime, clinic: Clinic
) -> datetime | None:
    """When the clinic next opens from the wished day on; None when it stays closed as far as can be booked."""
    today = clinic.today(now)
    wished = [day for window in windows for day in window.dates(max(window.first, today), window.last)]
    day = min(wished, default=today)
    now = max([now, *starts])
    for offset in range(clinic.horizon_days + 8):
        current = day + timedelta(days=offset)
        for opens, _ in clinic.openings(current):
            if opens > now:
                return opens
    return None
