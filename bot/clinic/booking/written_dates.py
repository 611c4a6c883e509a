"""Dates as they are written: 3 December, 3.12., 12/5, 2026-12-03, the 3rd, early December.

One that can be read as day and month or month and day is read by `Sight.choice`: 0 is the day first.
"""

from __future__ import annotations

import re
from datetime import date, timedelta

from dateutil.relativedelta import relativedelta

from bot.clinic.booking.clock_times import clock, read_hour
from bot.clinic.booking.tokens import DAY, MONTH, Impossible, Rules, Sight, Token, days
from bot.clinic.booking.words import MONTHS, WEEKDAYS

RECENT = timedelta(days=60)  # a date without a year that is no further back than this is taken as past
RULES = Rules()


def make_date(year: int, month: int, day: int) -> date:
    """The date; raises Impossible for one that does not exist."""
    try:
        return date(year, month, day)
    except ValueError as error:
        raise Impossible(str(error)) from error


def in_year(month: int, day: int, year: str | None, sight: Sight) -> date:
    if year:
        return make_date(int(year) + (2000 if len(year) == 2 else 0), month, day)
    found = make_date(sight.today.year, month, day) if (month, day) != (2, 29) else _leap_day(sight)
    return found if found >= sight.today - RECENT else found + relativedelta(years=1)


def _leap_day(sight: Sight) -> date:
    year = next(year for year in range(sight.today.year, sight.today.year + 9) if _is_leap(year))
    return date(year, 2, 29)


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


@RULES.add(r"(\d{4})-(\d{2})-(\d{2})", ends=r"(?=t\d)")
def _iso_stamp(match: re.Match[str], sight: Sight) -> Token:
    return days(make_date(int(match[1]), int(match[2]), int(match[3])), name="iso")


@RULES.add(r"t(\d{2}):(\d{2})(?::\d{2})?(?:z|[+-]\d{2}:?\d{2})?")
def _iso_time(match: re.Match[str], sight: Sight) -> Token:
    return Token("time", clock(int(match[1]), int(match[2])))


@RULES.add(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")
def _year_first(match: re.Match[str], sight: Sight) -> Token:
    return days(make_date(int(match[1]), int(match[2]), int(match[3])))


_NUMBER = r"(?:on )?(?:the )?(\d{1,2})(?:st|nd|rd|th)?"


@RULES.add(
    rf"(between |from )?{_NUMBER} ?(-|to|until|and) ?{_NUMBER}(?: of)? ({MONTH})",
    rf"|(between |from )?({MONTH}) {_NUMBER} ?(-|to|until|and) ?{_NUMBER}(?! ?[ap]m|:)",
)
def _date_span(match: re.Match[str], sight: Sight) -> Token | None:
    lead, low, join, high = (
        (match[1], match[2], match[3], match[4]) if match[5] else (match[6], match[8], match[9], match[10])
    )
    if join == "and" and lead != "between ":
        return None
    month = MONTHS.index(match[5] or match[7]) + 1
    first, last = in_year(month, int(low), None, sight), in_year(month, int(high), None, sight)
    return days(first, last, name="range") if first <= last else None


@RULES.add(rf"{_NUMBER}\.?(?: of)? ({MONTH})(?:,? (20\d\d))?")
def _day_month(match: re.Match[str], sight: Sight) -> Token:
    return days(in_year(MONTHS.index(match[2]) + 1, int(match[1]), match[3], sight))


@RULES.add(rf"({MONTH}),? {_NUMBER}(?! ?[ap]m|[:.]\d| to \d+ ?[ap]m)(?:,? (20\d\d))?")
def _month_day(match: re.Match[str], sight: Sight) -> Token:
    return days(in_year(MONTHS.index(match[1]) + 1, int(match[2]), match[3], sight))


@RULES.add(r"(?:at |@ ?)(\d{1,2})\.(\d{2})(?!\.)")
def _at_dotted(match: re.Match[str], sight: Sight) -> Token:
    return Token("time", read_hour(int(match[1]), int(match[2]), "", sight))


@RULES.add(r"(\d{1,2})\.(\d{1,2})(?:\.(\d{4}|\d{2})?|(?= at\b)|(?=,)|(?=$)|(?= ))")
def _dotted(match: re.Match[str], sight: Sight) -> Token | None:
    if int(match[2]) > 12 or not int(match[2]):
        return None  # "10.30" is a time
    return days(in_year(int(match[2]), int(match[1]), match[3], sight))


@RULES.add(r"(\d{1,2})([/-])(\d{1,2})(?:\2(\d{4}|\d{2}))?")
def _slashed(match: re.Match[str], sight: Sight) -> Token | None:
    first, second = int(match[1]), int(match[3])
    if match[2] == "-" and not match[4]:
        return None  # "10-12" is a span of hours
    if second > 12:
        first, second = second, first
    readings = [in_year(second, first, match[4], sight)]
    if first <= 12:
        readings.append(in_year(first, second, match[4], sight))
    named = [reading for reading in readings if reading.weekday() == sight.weekday] or readings
    return days(named[min(sight.choice, len(named) - 1)])


@RULES.add(
    rf"(?:the )?(?:(\d)(?:st|nd|rd|th)|last) (week|{DAY}) (?:of|in) (?:the )?",
    rf"({MONTH}|this month|next month|month)",
)
def _nth_of_month(match: re.Match[str], sight: Sight) -> Token:
    month = _first_of(match[3], sight)
    first = month + (timedelta(weeks=int(match[1]) - 1) if match[1] else relativedelta(day=31, days=-6))
    if match[2] == "week":
        return days(first, first + timedelta(days=6), name="week")
    return days(first + timedelta(days=(WEEKDAYS.index(match[2]) - first.weekday()) % 7))


@RULES.add(r"(?:the |on the )(\d{1,2})(?:st|nd|rd|th)?(?! ?[ap]m|[:.]\d)|(\d{1,2})(?:st|nd|rd|th)")
def _day_of_month(match: re.Match[str], sight: Sight) -> Token:
    day = int(match[1] or match[2])
    for ahead in range(12):
        month = sight.today + relativedelta(day=1, months=ahead)
        if month + relativedelta(day=31) >= month + timedelta(days=day - 1) >= sight.today:
            return days(month + timedelta(days=day - 1), name="number")
    raise Impossible(f"no month has a day {day}")


@RULES.add(
    r"(?:(early|beginning of|start of|mid|middle of|late|end of)[ -](?:the )?)?(?:in |during )?",
    rf"({MONTH}|this month|next month|the month|month)",
)
def _month(match: re.Match[str], sight: Sight) -> Token | None:
    word = match[2]
    if word == "may" and not match[0].startswith(("in ", "during ", "early", "mid", "late", "end", "beg", "start")):
        return None
    if word in ("month", "the month") and not match[1]:
        return None
    first = _first_of(word, sight)
    low, high = _PARTS.get((match[1] or "whole").split()[0], (1, 31))
    return days(first + relativedelta(day=low), first + relativedelta(day=high), name="range")


_PARTS = {"early": (1, 10), "beginning": (1, 10), "start": (1, 10), "mid": (11, 20), "middle": (11, 20)}
_PARTS |= {"late": (21, 31), "end": (21, 31)}


def _first_of(word: str, sight: Sight) -> date:
    """The first day of a month named, or of this or the next one."""
    this = sight.today.replace(day=1)
    if word not in MONTHS:
        return this + relativedelta(months=1 if word == "next month" else 0)
    first = date(this.year, MONTHS.index(word) + 1, 1)
    return first if first >= this else first + relativedelta(years=1)
