"""Finds the pieces that name a day, a time or a limit in a tidied wish. What they mean together is `grammar`'s job.

Dates that can be read in two ways are read by `Sight.choice`: 0 is day before month and this week's day, 1 the other.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from dateutil.relativedelta import relativedelta

from bot.clinic.booking.words import MONTHS, WEEKDAYS

RECENT = timedelta(days=60)  # a date without a year that is no further back than this is taken as past


class Impossible(ValueError):
    """The text names a date or time that does not exist, such as 30 February."""


@dataclass(frozen=True)
class Token:
    """One found piece. `loose`: other words stand between it and the piece before. `name` marks its finer sort."""

    kind: str
    value: Any = None
    loose: bool = False
    name: str = ""


@dataclass(frozen=True)
class Sight:
    """What reading depends on: the clinic's date and minute now, hours (opens, closes) a day, which reading to take."""

    today: date
    minute: int
    opens: int
    closes: int
    choice: int = 0
    half: str = ""  # "am" or "pm" when the text says which half of the day it is about

    def monday(self, weeks: int = 0) -> date:
        return self.today + timedelta(days=7 * weeks - self.today.weekday())

    def coming(self, weekday: int, at_least: int = 1) -> date:
        """The next such weekday, at least so many days from today."""
        ahead = (weekday - self.today.weekday()) % 7
        return self.today + timedelta(days=ahead if ahead >= at_least else ahead + 7)


Rule = Callable[[re.Match[str], Sight], "Token | None"]
_RULES: list[tuple[re.Pattern[str], Rule]] = []

_DAY = rf"(?:{'|'.join(WEEKDAYS)})"
_MONTH = rf"(?:{'|'.join(MONTHS)})"
_UNIT = r"(?:day|week|fortnight|month)s?"


def _rule(pattern: str, ends: str = r"(?!\w)") -> Callable[[Rule], Rule]:
    def keep(function: Rule) -> Rule:
        _RULES.append((re.compile(f"(?:{pattern}){ends}"), function))
        return function

    return keep


def days(first: date, last: date | None = None, name: str = "") -> Token:
    """A token for the dates from first to last."""
    return Token("days", (first, last or first), name=name)


def make_date(year: int, month: int, day: int) -> date:
    """The date; raises Impossible for one that does not exist."""
    try:
        return date(year, month, day)
    except ValueError as error:
        raise Impossible(str(error)) from error


def _in_year(month: int, day: int, year: str | None, sight: Sight) -> date:
    if year:
        return make_date(int(year) + (2000 if len(year) == 2 else 0), month, day)
    found = make_date(sight.today.year, month, day) if (month, day) != (2, 29) else _leap_day(sight)
    return found if found >= sight.today - RECENT else found + relativedelta(years=1)


def _leap_day(sight: Sight) -> date:
    year = next(year for year in range(sight.today.year, sight.today.year + 9) if _is_leap(year))
    return date(year, 2, 29)


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


# --- dates as written -------------------------------------------------------------------------------------------------


@_rule(r"(\d{4})-(\d{2})-(\d{2})", ends=r"(?=t\d)")
def _iso_stamp(match: re.Match[str], sight: Sight) -> Token:
    return days(make_date(int(match[1]), int(match[2]), int(match[3])), name="iso")


@_rule(r"t(\d{2}):(\d{2})(?::\d{2})?(?:z|[+-]\d{2}:?\d{2})?")
def _iso_time(match: re.Match[str], sight: Sight) -> Token:
    return Token("time", _clock(int(match[1]), int(match[2])))


@_rule(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")
def _year_first(match: re.Match[str], sight: Sight) -> Token:
    return days(make_date(int(match[1]), int(match[2]), int(match[3])))


@_rule(rf"(between |from )?(?:the )?(\d{{1,2}})(?:st|nd|rd|th)? ?(-|to|until|and) ?(?:the )?(\d{{1,2}})(?:st|nd|rd|th)?(?: of)? ({_MONTH})"
       rf"|(between |from )?({_MONTH}) (?:the )?(\d{{1,2}})(?:st|nd|rd|th)? ?(-|to|until|and) ?(?:the )?(\d{{1,2}})(?:st|nd|rd|th)?"
       r"(?! ?[ap]m|:)")  # fmt: skip
def _date_span(match: re.Match[str], sight: Sight) -> Token | None:
    lead, low, join, high = (
        (match[1], match[2], match[3], match[4]) if match[5] else (match[6], match[8], match[9], match[10])
    )
    if join == "and" and lead != "between ":
        return None
    month = MONTHS.index(match[5] or match[7]) + 1
    first, last = _in_year(month, int(low), None, sight), _in_year(month, int(high), None, sight)
    return days(first, last, name="range") if first <= last else None


@_rule(rf"(?:the )?(\d{{1,2}})(?:st|nd|rd|th)?\.?(?: of)? ({_MONTH})(?:,? (20\d\d))?")
def _day_month(match: re.Match[str], sight: Sight) -> Token:
    return days(_in_year(MONTHS.index(match[2]) + 1, int(match[1]), match[3], sight))


@_rule(
    rf"({_MONTH}),? (?:the )?(\d{{1,2}})(?:st|nd|rd|th)?(?! ?[ap]m|[:.]\d|(?:st|nd|rd|th)? to \d+ ?[ap]m)(?:,? (20\d\d))?"
)
def _month_day(match: re.Match[str], sight: Sight) -> Token:
    return days(_in_year(MONTHS.index(match[1]) + 1, int(match[2]), match[3], sight))


@_rule(r"(?:at |@ ?)(\d{1,2})\.(\d{2})(?!\.)")
def _at_dotted(match: re.Match[str], sight: Sight) -> Token:
    return Token("time", read_hour(int(match[1]), int(match[2]), "", sight))


@_rule(r"(\d{1,2})\.(\d{1,2})(?:\.(\d{4}|\d{2})?|(?= at\b)|(?=,)|(?=$)|(?= ))")
def _dotted(match: re.Match[str], sight: Sight) -> Token | None:
    if int(match[2]) > 12 or not int(match[2]):
        return None  # "10.30" is a time
    return days(_in_year(int(match[2]), int(match[1]), match[3], sight))


@_rule(r"(\d{1,2})([/-])(\d{1,2})(?:\2(\d{4}|\d{2}))?")
def _slashed(match: re.Match[str], sight: Sight) -> Token | None:
    first, second = int(match[1]), int(match[3])
    if match[2] == "-" and not match[4]:
        return None  # "10-12" is a span of hours
    if second > 12 or (sight.choice and first <= 12):
        first, second = second, first
    return days(_in_year(second, first, match[4], sight))


@_rule(rf"(?:the )?(\d)(?:st|nd|rd|th) (week|{_DAY}) (?:of|in) (?:the )?({_MONTH}|this month|next month|month)")
def _nth_of_month(match: re.Match[str], sight: Sight) -> Token:
    first = _first_of(match[3], sight) + timedelta(days=7 * (int(match[1]) - 1))
    if match[2] == "week":
        return days(first, first + timedelta(days=6), name="week")
    return days(first + timedelta(days=(WEEKDAYS.index(match[2]) - first.weekday()) % 7))


@_rule(r"(?:the |on the )(\d{1,2})(?:st|nd|rd|th)?(?! ?[ap]m|[:.]\d)|(\d{1,2})(?:st|nd|rd|th)")
def _day_of_month(match: re.Match[str], sight: Sight) -> Token:
    day = int(match[1] or match[2])
    for ahead in range(12):
        month = sight.today + relativedelta(day=1, months=ahead)
        if month + relativedelta(day=31) >= month + timedelta(days=day - 1) >= sight.today:
            return days(month + timedelta(days=day - 1), name="number")
    raise Impossible(f"no month has a day {day}")


@_rule(
    rf"(?:(early|beginning of|start of|mid|middle of|late|end of)[ -](?:the )?)?(?:in |during )?({_MONTH}|this month|next month|the month|month)"
)
def _month(match: re.Match[str], sight: Sight) -> Token | None:
    word = match[2]
    if word == "may" and not match[0].startswith(("in ", "during ", "early", "mid", "late", "end", "beg", "start")):
        return None
    if word in ("month", "the month") and not match[1]:
        return None
    first = _first_of(word, sight)
    low, high = {"e": (1, 10), "b": (1, 10), "s": (1, 10), "m": (11, 20), "l": (21, 31)}.get(
        (match[1] or " ")[0], (1, 31)
    )
    low, high = (21, 31) if match[1] == "end of" else (low, high)
    return days(first + relativedelta(day=low), first + relativedelta(day=high), name="range")


def _first_of(word: str, sight: Sight) -> date:
    """The first day of a month named, or of this or the next one."""
    this = sight.today.replace(day=1)
    if word not in MONTHS:
        return this + relativedelta(months=1 if word == "next month" else 0)
    first = date(this.year, MONTHS.index(word) + 1, 1)
    return first if first >= this else first + relativedelta(years=1)


# --- dates counted from today -----------------------------------------------------------------------------------------


@_rule(rf"(?:in |within |over |during )?the (?:next|coming) (\d+|few) ({_UNIT})|within (\d+|an?) ({_UNIT})")
def _from_now_on(match: re.Match[str], sight: Sight) -> Token:
    count = {"few": 3, "a": 1, "an": 1}.get(match[1] or match[3]) or int(match[1] or match[3])
    unit = (match[2] or match[4]).rstrip("s")
    return days(sight.today, _ahead(sight.today, unit, count), name="range")


@_rule(
    rf"in (\d+|an?|a few) ({_UNIT})(?:'s?)?(?: time)?|(\d+|an?) ({_UNIT})(?:'s?)? (?:time|from (?:now|today)|today|later)"
)
def _in_a_while(match: re.Match[str], sight: Sight) -> Token:
    unit = (match[2] or match[4]).rstrip("s")
    count = {"a": 1, "an": 1, "a few": 3}.get(match[1] or match[3]) or int(match[1] or match[3])
    first = _ahead(sight.today, unit, count)
    return days(first) if unit == "day" else days(first, first + timedelta(days=6), name="while")


def _ahead(start: date, unit: str, count: int) -> date:
    if count > 400:
        raise Impossible("further ahead than any diary")
    if unit == "month":
        return start + relativedelta(months=count)
    return start + timedelta(days=count * {"day": 1, "week": 7, "fortnight": 14}[unit])


@_rule(rf"(\d+|a) (week|fortnight)s? (?:from|on|after) (?:next )?({_DAY}|tomorrow)|({_DAY}) week|(week) ({_DAY})")
def _week_from(match: re.Match[str], sight: Sight) -> Token | None:
    if match[5]:
        return None
    start = match[3] or match[4]
    day = sight.today + timedelta(days=1) if start == "tomorrow" else sight.coming(WEEKDAYS.index(start))
    count = 1 if (match[1] or "a") == "a" else int(match[1])
    return days(_ahead(day, match[2] or "week", count))


@_rule(r"(?:the )?day after tomorrow|overmorrow")
def _after_tomorrow(match: re.Match[str], sight: Sight) -> Token:
    return days(sight.today + timedelta(days=2))


@_rule(r"today|tomorrow|yesterday|this (?=morning|afternoon|evening)|tonight|now")
def _near_day(match: re.Match[str], sight: Sight) -> Token:
    offset = {"tomorrow": 1, "yesterday": -1}.get(match[0], 0)
    return days(sight.today + timedelta(days=offset), name="evening" if match[0] == "tonight" else "")


@_rule(rf"(?:the )?(?:last|previous|past) (?:(week|month)|({_DAY}))|(\d+|an?) {_UNIT} ago")
def _gone(match: re.Match[str], sight: Sight) -> Token:
    last = (
        sight.coming(WEEKDAYS.index(match[2]), 0) - timedelta(days=7)
        if match[2]
        else sight.monday() - timedelta(days=1)
    )
    return days(min(last, sight.today - timedelta(days=1)))


@_rule(
    r"(?:(?:the )?week after(?: next| that)?|in the week after next)(?= *(?:$|[,.!?]|or |and |on |at |in |not |but ))"
)
def _second_week(match: re.Match[str], sight: Sight) -> Token:
    return days(sight.monday(2), sight.monday(3) - timedelta(days=1), name="week")


@_rule(r"(?:(?:the )?week after|after) next week")
def _past_next_week(match: re.Match[str], sight: Sight) -> Token:
    if match[0].startswith("after"):
        return days(sight.monday(2), sight.today + timedelta(days=800), name="range")
    return days(sight.monday(2), sight.monday(3) - timedelta(days=1), name="week")


@_rule(
    r"(?:(?:any ?time|some ?time|any day|any|later|the rest of|end of|beginning of|start of|early|late|mid) )?(?:in )?(this|next|the (?:following|coming)|following|coming) week"
)
def _week(match: re.Match[str], sight: Sight) -> Token:
    monday = sight.monday(0 if match[1] == "this" else 1)
    first, last = 0, 6
    if match[0].startswith(("end", "late")):
        first, last = 3, 6
    if match[0].startswith(("beginning", "start", "early")):
        first, last = 0, 1
    return days(monday + timedelta(days=first), monday + timedelta(days=last), name="week")


@_rule(
    r"(?:the )?(?:week )(?:of|commencing|beginning|starting) (?=\d|the \d|monday|(?:" + "|".join(MONTHS) + "))", ends=""
)
def _week_of(match: re.Match[str], sight: Sight) -> Token:
    return Token("week_of")


@_rule(rf"(this|coming|next|the coming) (weekend|{_DAY})(?! week)")
def _named_day(match: re.Match[str], sight: Sight) -> Token:
    weekday = 5 if match[2] == "weekend" else WEEKDAYS.index(match[2])
    ahead = (weekday - sight.today.weekday()) % 7
    day = sight.coming(weekday, 0 if match[1] == "this" else 1)
    this_week = 2 <= ahead and day < sight.monday(1)
    if match[1] == "next" and (day < sight.monday(1)) and (not this_week or sight.choice):
        day += timedelta(days=7)
    return days(day, day + timedelta(days=1), name="range") if match[2] == "weekend" else days(day)


@_rule(r"(?:the )?(christmas|new year'?s?|easter)(?: day| holidays?| break)?")
def _feast(match: re.Match[str], sight: Sight) -> Token | None:
    if match[1] == "easter":
        return None
    if match[1] == "christmas":
        return days(_in_year(12, 24, None, sight), _in_year(12, 26, None, sight), name="range")
    return days(_in_year(1, 1, None, sight))


# --- weekdays ---------------------------------------------------------------------------------------------------------


@_rule(rf"(?:(an?|any|every|each|some|most|on|one) )?({_DAY})(s?)")
def _weekday(match: re.Match[str], sight: Sight) -> Token:
    vague = bool(match[3]) or match[1] in ("a", "an", "any", "every", "each", "some", "most", "one")
    return Token("weekdays", frozenset({WEEKDAYS.index(match[2])}), name="vague" if vague else "")


@_rule(
    r"(?:the |at |on |any |at the |on the |over the )?(weekends?|weekdays?|working days?|week days?|midweek|workdays?)|during the week"
)
def _kind_of_day(match: re.Match[str], sight: Sight) -> Token:
    word = match[1] or "weekday"
    chosen = {5, 6} if word.startswith("weekend") else {1, 2, 3} if word == "midweek" else {0, 1, 2, 3, 4}
    return Token("weekdays", frozenset(chosen), name="vague")


@_rule(rf"(\d+|an?) ({_UNIT})|({_UNIT})")
def _bare_while(match: re.Match[str], sight: Sight) -> Token:
    """ "2 weeks" as the whole answer means in two weeks; elsewhere it says how long something takes."""
    whole = match.start() == 0 and match.end() == len(match.string)
    if not whole or match[3] and match[3] != "fortnight":
        return Token("comma", name="length")
    count = int(match[1]) if match[1] and match[1].isdigit() else 1
    first = _ahead(sight.today, (match[2] or match[3]).rstrip("s"), count)
    return days(first, first + timedelta(days=6), name="while")


# --- times of day -----------------------------------------------------------------------------------------------------


def _clock(hour: int, minute: int) -> int:
    if hour > 24 or minute > 59 or (hour == 24 and minute):
        raise Impossible(f"{hour}:{minute:02} is no time of day")
    return hour * 60 + minute


def read_hour(hour: int, minute: int, half: str, sight: Sight) -> int:
    """Minutes after midnight of a spoken time: `half` is am, pm or empty, when the opening hours decide."""
    if hour > 12 or hour == 0:
        return _clock(hour, minute)
    if half:
        return _clock(hour % 12 + (12 if half == "pm" else 0), minute)
    half = sight.half
    if half and not (half == "am" and hour % 12 * 60 + minute < sight.opens and hour != 12):
        return _clock(hour % 12 + (12 if half == "pm" else 0), minute)
    early = _clock(hour % 12, minute)
    late = early + 12 * 60
    if hour == 12:
        return late
    if early < sight.opens and (late < sight.closes or hour < 7):
        return late
    return early


@_rule(
    r"half (?:past )?(\d{1,2})|(?:(a )?quarter|(\d{1,2})(?: minutes)?) (past|after|to|before|of) (\d{1,2})(?! ?(?:am|pm)?-)( ?[ap]m)?"
)
def _spoken(match: re.Match[str], sight: Sight) -> Token | None:
    if match[1]:
        return Token("time", read_hour(int(match[1]), 30, "", sight))
    minutes, hour = int(match[3] or 15), int(match[5])
    if minutes not in (5, 10, 15, 20, 25) or (match[3] and match[4] in ("after", "to", "before", "of")):
        return None  # "10 to 12" is a span of hours
    whole = read_hour(hour, 0, (match[6] or "").strip(), sight)
    return Token("time", whole + (minutes if match[4] in ("past", "after") else -minutes))


@_rule(
    r"(\d{1,2})(?:[:.h](\d{2}))? ?([ap]\.?m\.?|h)? ?(?:-|to|until|and) ?(\d{1,2})(?:[:.h](\d{2}))? ?([ap]\.?m\b\.?|h|oclock)?(?! (?:"
    + "|".join(MONTHS)
    + r"))(?![\d/]|st|nd|rd|th)"
)
def _hours(match: re.Match[str], sight: Sight) -> Token | None:
    first, second = int(match[1]), int(match[4])
    if " and " in match[0] and not (match[3] or match[6]):
        return None  # "2 and 4" needs "between", which the grammar knows
    if first > 24 or second > 24:
        return None
    late = (match[6] or "").replace(".", "")
    early = (match[3] or "").replace(".", "")
    high = read_hour(second, int(match[5] or 0), late if late in ("am", "pm") else "", sight)
    low = read_hour(
        first, int(match[2] or 0), early if early in ("am", "pm") else late if late in ("am", "pm") else "", sight
    )
    low = low - 12 * 60 if low >= high and low >= 12 * 60 else low
    return Token("span", (low, high)) if low < high else None


@_rule(r"([01]\d|2[0-3])(00|15|30|45)(?: ?(?:h|hrs|hours|uhr))?")
def _four_digits(match: re.Match[str], sight: Sight) -> Token:
    return Token("time", _clock(int(match[1]), int(match[2])))


@_rule(r"(\d{1,2})[:h.](\d{2}) ?([ap]\.?m\b\.?|h|hrs|uhr)?")
def _digital(match: re.Match[str], sight: Sight) -> Token:
    half = (match[3] or "").replace(".", "")
    if half in ("am", "pm"):
        return Token("time", read_hour(int(match[1]), int(match[2]), half, sight))
    if match[1].startswith("0") or int(match[1]) > 12:
        return Token("time", _clock(int(match[1]), int(match[2])))
    return Token("time", read_hour(int(match[1]), int(match[2]), "", sight))


@_rule(r"(\d{1,2}) ?(?:([ap])\.?m\b\.?|(oclock|h|hrs|uhr))(?: in the (?:morning|afternoon|evening))?")
def _whole_hour(match: re.Match[str], sight: Sight) -> Token:
    if int(match[1]) > 24:
        raise Impossible(f"{match[1]} is no hour")
    return Token("time", read_hour(int(match[1]), 0, f"{match[2]}m" if match[2] else "", sight))


_PARTS = {
    "early morning": (0, 10 * 60), "late morning": (10 * 60 + 30, 12 * 60 + 30), "morning": (0, 12 * 60),
    "early afternoon": (12 * 60, 14 * 60 + 30), "late afternoon": (15 * 60 + 30, 18 * 60), "afternoon": (12 * 60, 17 * 60),
    "lunch": (12 * 60, 14 * 60), "evening": (17 * 60, 24 * 60), "night": (18 * 60, 24 * 60),
    "end of the day": (15 * 60 + 30, 24 * 60), "end of day": (15 * 60 + 30, 24 * 60),
    "after work": (17 * 60, 24 * 60), "after school": (15 * 60 + 30, 24 * 60), "after lunch": (13 * 60 + 30, 24 * 60),
    "before work": (0, 9 * 60), "before lunch": (0, 12 * 60), "before school": (0, 9 * 60),
}  # fmt: skip


@_rule(r"(?:in the |over |at |during (?:the |my )?|around |early in the |late in the )?(early morning|late morning|early afternoon|late afternoon|"
       r"morning|afternoon|evening|night|end of (?:the )?day|(?:after|before) (?:work|school|lunch(?: ?time| break)?)|"
       r"lunch(?: ?time| ?hour| ?break)?)s?")  # fmt: skip
def _part(match: re.Match[str], sight: Sight) -> Token:
    word = re.sub(r"lunch ?\w*", "lunch", match[1])
    if match[0].startswith(("early in", "late in")):
        word = f"{match[0].split()[0]} {word}"
    return Token("span", _PARTS.get(word, _PARTS.get(word.split()[-1])), name="part")


@_rule(r"(?:12 ?)?midday|12 midday")
def _midday(match: re.Match[str], sight: Sight) -> Token:
    return Token("time", 12 * 60)


@_rule(r"midnight")
def _midnight(match: re.Match[str], sight: Sight) -> Token:
    return Token("time", 0)


@_rule(r"(?:in the |any |an? )?(am|pm)")
def _half(match: re.Match[str], sight: Sight) -> Token:
    return Token("span", (0, 12 * 60) if match[1] == "am" else (12 * 60, 24 * 60), name="part")


# --- limits, joins and refusals ---------------------------------------------------------------------------------------

_PLANNED = rf"(?:{_DAY}s?|mornings?|afternoons?|evenings?|weekends?|later|sooner|before|after)"
_SIGNS = (  # the order matters: the longer reading of a word comes first
    ("any", r"any(?: day| ?time| date| hour| of them)?|all day|flexible|(?:don't|do not) (?:mind|care)|no preference|"
            r"you (?:choose|pick)|surprise me|(?:doesn't|does not) matter|up to you"),
    ("asap", r"asap"),
    ("post_not", r"(?:doesn't|does not|don't|do not|won't|will not|isn't|is not|is no|are not|aren't|are no)"
                 r"(?: really)? (?:work|good|possible|suit|fit|okay|ok|great|an option|available|free)(?: for me)?"),
    ("later", r"(?:or|and) (?:later|onwards?|above|after(?! ?\w))|onwards?"),
    ("sooner", r"(?:or|and) (?:before|sooner)"),
    ("not", rf"not|no(?= {_PLANNED})|except(?: for)?|excluding|apart from|other than|anything but|any day but|"
            r"can't(?: do| make)?|don't|do not|isn't|is not|never|avoid|without|unable to|won't"),
    ("after", r"after|past|later than"),
    ("before", r"before|earlier than"),
    ("by", r"by|until|up to"),
    ("from", r"from|since|starting(?: on| from)?|beginning"),
    ("at", r"at"),
    ("around", r"around|about|approx(?:imately)?|roughly|ish|circa|near"),
    ("between", r"between"),
    ("to", r"to|through|thru"),
    ("or", r"or|and"),
    ("but", r"but"),
)  # fmt: skip
_MARKS = (("to", r"-"), ("or", r"[/&+]"), ("at", r"@"), ("comma", r"[,;.!?]"))


def _sign(kind: str) -> Rule:
    return lambda match, sight: Token(kind)


for _kind, _pattern in _SIGNS:
    _rule(_pattern)(_sign(_kind))
for _kind, _pattern in _MARKS:
    _rule(_pattern, ends="")(_sign(_kind))


@_rule(r"(\d{1,2})(?: ?ish)?")
def _number(match: re.Match[str], sight: Sight) -> Token | None:
    return (
        Token("number", int(match[1]), name="about" if match[0].endswith("ish") else "")
        if int(match[1]) <= 31
        else None
    )


_SKIP = re.compile(r"[\w']+|\S")
_BLANK = re.compile(r"\s+")
_HALF = re.compile(r"\b(?:in the |at |this |tomorrow )?(morning|afternoon|evening|night|tonight)\b")
_FILLERS = frozenset("the a an on in is it i i'd i'm would like want please ok okay hi hello works work for me my can could do "
                     "you we that's that this best good great fine suits suit maybe perhaps preferably ideally prefer "
                     "day days time times date thanks thank yes free some sometime come see be of so then also".split())  # fmt: skip


def half_of_day(text: str) -> str:
    """ "am" or "pm" when a tidied text says which half of the day it is about, else empty."""
    half = _HALF.search(text)
    return "" if not half else "am" if half[1] == "morning" else "pm"


@dataclass(frozen=True)
class Found:
    """The pieces of a wish in order, and the other words that were typed with them."""

    tokens: tuple[Token, ...]
    other: tuple[str, ...]


def find(text: str, sight: Sight) -> Found:
    """Read a tidied text from left to right. Raises Impossible for a date or time that does not exist."""
    tokens: list[Token] = []
    other: list[str] = []
    at, loose = 0, False
    while at < len(text):
        blank = _BLANK.match(text, at)
        if blank:
            at = blank.end()
            continue
        found, end = _next(text, at, sight)
        if found:
            tokens.append(replace(found, loose=loose))
            at, loose = end, False
            continue
        skipped = _SKIP.match(text, at)
        at = skipped.end() if skipped else at + 1
        if skipped and skipped[0] not in _FILLERS:
            other.append(skipped[0])
            loose = True
    return Found(tuple(tokens), tuple(other))


def _next(text: str, at: int, sight: Sight) -> tuple[Token | None, int]:
    for pattern, make in _RULES:
        match = pattern.match(text, at)
        if match and match.end() > at:
            token = make(match, sight)
            if token:
                return token, match.end()
    return None, at
