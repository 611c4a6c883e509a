"""Understands a wish for a time in a patient's own words, on the clinic's clock.

A calendar library alone reads dates, not wishes; here `words` tidies the text, `tokens` finds dates and times (with
dateutil), `grammar` joins them, and this module judges the result against the clinic's diary.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime, timedelta

from bot.clinic.booking import grammar
from bot.clinic.booking.clinic import Clinic, minute_of
from bot.clinic.booking.reading import Found, find, half_of_day, one_weekday
from bot.clinic.booking.tokens import Impossible, Sight
from bot.clinic.booking.wish import Window, Wish
from bot.clinic.booking.words import tidy

NOTHING = Wish("not_understood")
# two numbers joined by a hyphen, unless what stands around them says that they are hours
_PAIR = re.compile(
    r"(?<![\d.:/-])(?<!between )(?<!from )(?<!at )(?<!after )(?<!before )"
    r"(\d{1,2})-(\d{1,2})(?![\d.:/-]| ?[ap]\.?m\b| ?(?:h|hrs|uhr|oclock|o'clock)\b)"
)
_ZERO = re.compile(r"(?<!\d)0\d[-/]|[-/]0\d(?!\d)")


def understand_wish(text: str, now: datetime, clinic: Clinic) -> Wish:
    """What the patient wishes for, seen from `now` (with a time zone; ValueError without).

    Never raises on text. Kinds are explained at `Wish`; a wish that can be read as two different days is `ambiguous`.
    """
    tidied = tidy(text)
    dates = _hyphened(tidied, now, clinic)
    both = [*dates, *(_readings(tidied, now, clinic) if not dates or _may_be_hours(tidied) else ())]
    if len(both) == 1:
        return both[0]
    possible = [wish for wish in both if wish.kind not in ("past", "not_understood")] or both[:1]
    if len(possible) == 1 or _refused_alike(possible):
        return possible[0]
    return Wish("ambiguous", readings=tuple(sorted(possible, key=_place)))


def _readings(tidied: str, now: datetime, clinic: Clinic) -> list[Wish]:
    """What a text can mean, the day first and the month first, each once."""
    one, other = (_read(tidied, now, clinic, choice) for choice in (0, 1))
    return [one] if one == other else [one, other]


def _place(wish: Wish) -> tuple[bool, date]:
    """Days in their order, hours of any day after them."""
    window = wish.windows[0]
    return window.first != window.last, window.first


def _hyphened(tidied: str, now: datetime, clinic: Clinic) -> list[Wish]:
    """What "12-5" means as a date; nothing when no such day can be asked for, and hours alone are meant."""
    dated = _as_date(tidied, now, clinic)
    dates = _readings(dated, now, clinic) if dated else []
    is_near = any(wish.kind in ("exact", "window", "closed") for wish in dates)
    return dates if is_near or _ZERO.search(dated) else []


def _as_date(tidied: str, now: datetime, clinic: Clinic) -> str:
    """The text with "12-5" written as the date it may be, "12/5"; empty where it can be none, or the day is named."""
    pairs = list(_PAIR.finditer(tidied))
    if len(pairs) != 1 or half_of_day(tidied) or not _can_be_date(*map(int, pairs[0].groups())):
        return ""
    pair = pairs[0]
    if any(token.kind in ("days", "weekdays") for token in _found(tidied, _sight(now, clinic)).tokens):
        return ""
    return f"{tidied[: pair.start()]}{pair[1]}/{pair[2]}{tidied[pair.end() :]}"


def _can_be_date(one: int, other: int) -> bool:
    return 1 <= min(one, other) <= 12 and max(one, other) <= 31


def _may_be_hours(tidied: str) -> bool:
    """Whether a pair of numbers may be hours as well: no zero leads, and no other number says the hour."""
    pair = _PAIR.search(tidied)
    if pair is None or _ZERO.search(tidied) or re.search(r"\d", _PAIR.sub("", tidied, count=1)):
        return False
    first, second = int(pair[1]), int(pair[2])
    return max(first, second) <= (24 if first < second else 12)


def _refused_alike(readings: list[Wish]) -> bool:
    """Whether every reading is refused for the same reason ("next Sunday" where Sundays are closed): nothing to ask."""
    return len({wish.kind for wish in readings}) == 1 and not readings[0].usable


def any_time(now: datetime, clinic: Clinic) -> Wish:
    """The wish of somebody to whom every time is fine."""
    return Wish("window", (Window(((clinic.today(now), clinic.last_day(now)),)),))


def names_a_day(text: str, now: datetime, clinic: Clinic) -> bool:
    """Whether the text says a date or a weekday, not just an hour or "soon"."""
    tidied, sight = tidy(text), _sight(now, clinic)
    named = any(token.kind in ("days", "weekdays") for token in _found(tidied, sight).tokens)
    return named or bool(_hyphened(tidied, now, clinic))


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
