"""Days as they are spoken of: tomorrow, next week, in a fortnight, next Friday, Tuesdays.

"Next Friday" early in a week is read by `Sight.choice`: 0 is this week's day, 1 the next one's.
"""

from __future__ import annotations

import re
from datetime import date, timedelta

from dateutil.relativedelta import relativedelta

from bot.clinic.booking.tokens import DAY, UNIT, Impossible, Rules, Sight, Token, days
from bot.clinic.booking.words import MONTHS, WEEKDAYS
from bot.clinic.booking.written_dates import in_year

RULES = Rules()


@RULES.add(rf"(?:in |within |over |during )?the (?:next|coming) (\d+|few) ({UNIT})|within (\d+|an?) ({UNIT})")
def _from_now_on(match: re.Match[str], sight: Sight) -> Token:
    count = {"few": 3, "a": 1, "an": 1}.get(match[1] or match[3]) or int(match[1] or match[3])
    unit = (match[2] or match[4]).rstrip("s")
    return days(sight.today, _ahead(sight.today, unit, count), name="range")


@RULES.add(
    rf"in (\d+|an?|a few) ({UNIT})(?:'s?)?(?: time)?|(\d+|an?) ({UNIT})(?:'s?)? (?:time|from (?:now|today)|today|later)"
)
def _in_a_while(match: re.Match[str], sight: Sight) -> Token:
    unit = (match[2] or match[4]).rstrip("s")
    count = {"a": 1, "an": 1, "a few": 3}.get(match[1] or match[3]) or int(match[1] or match[3])
    first = _ahead(sight.today, unit, count)
    is_one_day = unit == "day" or match[0].endswith("today")
    return days(first) if is_one_day else days(first, first + timedelta(days=6), name="while")


def _ahead(start: date, unit: str, count: int) -> date:
    if count > 400:
        raise Impossible("further ahead than any diary")
    if unit == "month":
        return start + relativedelta(months=count)
    return start + timedelta(days=count * {"day": 1, "week": 7, "fortnight": 14}[unit])


@RULES.add(rf"(\d+|a) (week|fortnight)s? (?:from|on|after) (?:next )?({DAY}|tomorrow)|({DAY}) (week|fortnight)")
def _week_from(match: re.Match[str], sight: Sight) -> Token:
    start = match[3] or match[4]
    day = sight.today + timedelta(days=1) if start == "tomorrow" else sight.coming(WEEKDAYS.index(start))
    count = 1 if (match[1] or "a") == "a" else int(match[1])
    return days(_ahead(day, match[2] or match[5], count))


@RULES.add(r"(?:the )?day after tomorrow|overmorrow")
def _after_tomorrow(match: re.Match[str], sight: Sight) -> Token:
    return days(sight.today + timedelta(days=2))


@RULES.add(r"today|tomorrow|yesterday|this(?= (?:morning|afternoon|evening))|tonight|now")
def _near_day(match: re.Match[str], sight: Sight) -> Token:
    offset = {"tomorrow": 1, "yesterday": -1}.get(match[0], 0)
    return days(sight.today + timedelta(days=offset), name="evening" if match[0] == "tonight" else "")


@RULES.add(rf"(?:the )?(?:last|previous|past) (?:(week|month)|({DAY}))|(\d+|an?) {UNIT} ago")
def _gone(match: re.Match[str], sight: Sight) -> Token:
    last = (
        sight.coming(WEEKDAYS.index(match[2]), 0) - timedelta(days=7)
        if match[2]
        else sight.monday() - timedelta(days=1)
    )
    return days(min(last, sight.today - timedelta(days=1)))


@RULES.add(
    r"(?:(?:the )?week after(?: next| that)?|in the week after next)(?= *(?:$|[,.!?]|or |and |on |at |in |not |but ))"
)
def _second_week(match: re.Match[str], sight: Sight) -> Token:
    return days(sight.monday(2), sight.monday(3) - timedelta(days=1), name="week")


@RULES.add(r"(?:(?:the )?week after|after) next week")
def _past_next_week(match: re.Match[str], sight: Sight) -> Token:
    if match[0].startswith("after"):
        return days(sight.monday(2), sight.today + timedelta(days=800), name="range")
    return days(sight.monday(2), sight.monday(3) - timedelta(days=1), name="week")


@RULES.add(
    r"(?:(?:any ?time|some ?time|any day|any|later|the rest of|end of|beginning of|start of|early|late|mid) )?(?:in )?",
    r"(this|next|the (?:following|coming)|following|coming) week",
)
def _week(match: re.Match[str], sight: Sight) -> Token:
    monday = sight.monday(0 if match[1] == "this" else 1)
    first, last = 0, 6
    if match[0].startswith(("end", "late")):
        first, last = 3, 6
    if match[0].startswith(("beginning", "start", "early")):
        first, last = 0, 1
    return days(monday + timedelta(days=first), monday + timedelta(days=last), name="week")


@RULES.add(
    r"(?:the )?(?:week )(?:of|commencing|beginning|starting) (?=\d|the \d|monday|(?:" + "|".join(MONTHS) + "))", ends=""
)
def _week_of(match: re.Match[str], sight: Sight) -> Token:
    return Token("week_of")


@RULES.add(rf"(this|coming|next|the coming) (weekend|{DAY})(?! week)")
def _named_day(match: re.Match[str], sight: Sight) -> Token:
    weekday = 5 if match[2] == "weekend" else WEEKDAYS.index(match[2])
    day = _next(weekday, sight) if match[1] == "next" else sight.coming(weekday, 0 if match[1] == "this" else 1)
    return days(day, day + timedelta(days=1), name="range") if match[2] == "weekend" else days(day)


@RULES.add(rf"(?:the )?({DAY}) after next")
def _after_the_next(match: re.Match[str], sight: Sight) -> Token:
    return days(_next(WEEKDAYS.index(match[1]), sight) + timedelta(days=7))


def _next(weekday: int, sight: Sight) -> date:
    """What "next" makes of a weekday: never tomorrow, and this week's only in the first reading."""
    day, tomorrow = sight.coming(weekday), sight.today + timedelta(days=1)
    is_a_week_on = day < sight.monday(1) and (day == tomorrow or sight.choice)
    return day + timedelta(days=7) if is_a_week_on else day


@RULES.add(r"(?:the )?(christmas|new year'?s?|easter)(?: (?:(day)|holidays?|break))?")
def _feast(match: re.Match[str], sight: Sight) -> Token | None:
    if match[1] == "easter":
        return None
    if match[1] == "christmas" and match[2]:
        return days(in_year(12, 25, None, sight))
    if match[1] == "christmas":
        return days(in_year(12, 24, None, sight), in_year(12, 26, None, sight), name="range")
    return days(in_year(1, 1, None, sight))


@RULES.add(rf"(?:(an?|any|every|each|some|most|on|one) )?({DAY})(s?)")
def _weekday(match: re.Match[str], sight: Sight) -> Token:
    vague = bool(match[3]) or match[1] in ("a", "an", "any", "every", "each", "some", "most", "one")
    return Token("weekdays", frozenset({WEEKDAYS.index(match[2])}), name="vague" if vague else "")


@RULES.add(
    r"(?:the |at |on |any |at the |on the |over the )?(weekends?|weekdays?|working days?|week days?|midweek|workdays?)",
    r"|during the week",
)
def _kind_of_day(match: re.Match[str], sight: Sight) -> Token:
    word = match[1] or "weekday"
    chosen = {5, 6} if word.startswith("weekend") else {1, 2, 3} if word == "midweek" else {0, 1, 2, 3, 4}
    return Token("weekdays", frozenset(chosen), name="vague")


@RULES.add(rf"(\d+|an?) ({UNIT})|({UNIT})")
def _bare_while(match: re.Match[str], sight: Sight) -> Token:
    """As the whole answer "2 weeks" means in two weeks; elsewhere it says how long something takes."""
    whole = match.start() == 0 and match.end() == len(match.string)
    if not whole or match[3] not in (None, "fortnight"):
        return Token("comma", name="length")
    count = int(match[1]) if match[1] and match[1].isdigit() else 1
    first = _ahead(sight.today, (match[2] or match[3]).rstrip("s"), count)
    return days(first, first + timedelta(days=6), name="while")
