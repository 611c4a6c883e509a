"""Puts the pieces of a wish together: limits, refusals ("not next week") and alternatives become windows."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from bot.clinic.booking.clause import Clause, Refusals
from bot.clinic.booking.clock_times import in_order, read_hour
from bot.clinic.booking.reading import Found
from bot.clinic.booking.tokens import Sight, Token, days
from bot.clinic.booking.wish import ALL_WEEK, END_OF_DAY, Days, Minutes, Window

FAR = timedelta(days=800)
_DAY_KINDS = ("days", "weekdays")
_TIME_KINDS = ("time", "span")
_BESIDE = {"day_before": timedelta(days=-1), "day_after": timedelta(days=1)}
_LIMITS = ("after", "before", "by", "from", "week_of", *_BESIDE)
_BEFORE_NUMBER = (
    "at",
    "after",
    "before",
    "by",
    "from",
    "around",
    "between",
    "to",
    "or",
    "sooner",
    *_DAY_KINDS,
    *_TIME_KINDS,
)


def windows(found: Found, sight: Sight) -> tuple[Window, ...]:
    """The windows that the pieces describe; empty when they describe none."""
    pieces = _merge(_hours_from_numbers(found, sight), sight)
    refusals = Refusals()
    clauses = _clauses(_refuse(pieces, refusals, sight), sight)
    free = any(clause.free for clause in clauses)
    clauses = _combine([clause for clause in clauses if clause.has_days or clause.has_times])
    if not clauses and (refusals or free):
        clauses = [Clause()]
    wished = (_window(clause, refusals, sight) for clause in clauses)
    return tuple(window for window in wished if window.days)  # limits that contradict each other leave no day


# --- pieces -----------------------------------------------------------------------------------------------------------


def _hours_from_numbers(found: Found, sight: Sight) -> list[Token]:
    """Bare numbers become clock times where they stand like one; others are dropped."""
    tokens = list(found.tokens)
    only = [token for token in tokens if token.kind not in ("comma", "around", "any", "end")]
    kept: list[Token] = []
    for index, token in enumerate(tokens):
        if token.kind != "number":
            kept.append(token)
            continue
        before = kept[-1] if kept and not token.loose else None
        after = tokens[index + 1] if index + 1 < len(tokens) and not tokens[index + 1].loose else None
        if (len(only) == 1 and not found.other) or _stands_like_a_time(before, after):
            kept.append(_as_time(token, before, sight))
    return kept


def _stands_like_a_time(before: Token | None, after: Token | None) -> bool:
    if before and before.kind in _BEFORE_NUMBER:
        return True
    if after is None:
        return False
    alone = before is not None and before.kind == "comma" and after.kind in ("comma", "end")
    return alone or after.kind in ("or", "to", "later", "sooner", *_DAY_KINDS) or after.name == "part"


def _as_time(token: Token, before: Token | None, sight: Sight) -> Token:
    number = token.value
    if before and before.kind == "weekdays" and number > 12 and len(before.value) == 1:
        named = _day_number(number, next(iter(before.value)), sight)
        if named:
            return replace(token, kind="days", value=(named, named), name="number")
    if number > 23:
        return replace(token, kind="comma")
    minute = read_hour(number, 0, "", sight)
    return _around(minute) if token.name == "about" else replace(token, kind="time", value=minute)


def _day_number(number: int, weekday: int, sight: Sight) -> date | None:
    """The coming date with this day of the month, if it falls on the weekday."""
    for ahead in range(1, 40):
        day = sight.today + timedelta(days=ahead)
        if day.day == number:
            return day if day.weekday() == weekday else None
    return None


def _around(minute: int) -> Token:
    return Token("span", (max(0, minute - 30), minute + 31))


def _merge(tokens: list[Token], sight: Sight) -> list[Token]:
    """Joins "A to B", "between A and B" and "5 or later" into one piece each."""
    merged: list[Token] = []
    index = 0
    while index < len(tokens):
        joined = _join(tokens[index : index + 4], sight)
        merged.append(joined[0] if joined else tokens[index])
        index += joined[1] if joined else 1
    return merged


def _join(ahead: list[Token], sight: Sight) -> tuple[Token, int] | None:
    kinds = [token.kind for token in ahead]
    if kinds[:1] in (["between"], ["from"]) and len(ahead) == 4 and kinds[2] in ("or", "to", "by"):
        span = _span(ahead[1], ahead[3], sight)
        if span and (kinds[0] == "between" or kinds[2] != "or"):
            return span, 4
    if len(ahead) >= 3 and kinds[1] == "to":
        span = _span(ahead[0], ahead[2], sight)
        if span:
            return span, 3
    if len(ahead) >= 2 and kinds[0] == "time" and kinds[1] in ("later", "sooner"):
        minute = ahead[0].value
        return Token("span", (minute, END_OF_DAY) if kinds[1] == "later" else (0, minute + 1)), 2
    if len(ahead) >= 2 and kinds[0] == "around" and kinds[1] == "time":
        return _around(ahead[1].value), 2
    return None


def _span(first: Token, last: Token, sight: Sight) -> Token | None:
    if first.kind == last.kind == "time":
        span = in_order(first.value, last.value, sight)
        return Token("span", span) if span else None
    if first.kind == last.kind == "days" and first.value[0] <= last.value[1]:
        return days(first.value[0], last.value[1], name="range")
    if first.kind == last.kind == "weekdays" and len(first.value) == len(last.value) == 1:
        low, high = min(first.value), min(last.value)
        return Token("weekdays", frozenset((low + step) % 7 for step in range((high - low) % 7 + 1)), name="vague")
    return None


# --- refusals ---------------------------------------------------------------------------------------------------------


def _refuse(tokens: list[Token], refusals: Refusals, sight: Sight) -> list[Token]:
    """Takes what is ruled out from the pieces; "not before ten" turns into "after ten"."""
    wanted: list[Token] = []
    refused: list[Token] | None = None
    for token in tokens:
        if token.kind == "not":
            wanted.extend(_rule_out(refused or [], refusals, sight))
            refused = []
        elif token.kind in ("but", "comma") and refused is not None:
            wanted.extend(_rule_out(refused, refusals, sight))
            refused = None
        elif token.kind == "post_not":
            cut = _last_break(wanted)
            wanted = wanted[:cut] + _rule_out(wanted[cut:], refusals, sight)
        else:
            (wanted if refused is None else refused).append(token)
    return wanted + (_rule_out(refused, refusals, sight) if refused else [])


def _last_break(tokens: list[Token]) -> int:
    return max((index for index, token in enumerate(tokens) if token.kind in ("but", "comma")), default=0)


def _rule_out(tokens: list[Token], refusals: Refusals, sight: Sight) -> list[Token]:
    """Enters the pieces as refusals; gives back those that say the opposite as a wish."""
    wanted: list[Token] = []
    limit: Token | None = None
    weekdays: set[int] = set()
    ranges: list[Days] = []
    for token in tokens:
        if wanted and limit is None:
            wanted.append(token)
        elif token.kind in ("before", "after", "by", "from"):
            limit = token
        elif limit is not None and token.kind in (*_DAY_KINDS, "time"):
            opposite = {"before": "from", "by": "after", "after": "by", "from": "before"}[limit.kind]
            wanted += [replace(limit, kind=opposite), token]
            limit = None
        elif token.kind == "days":
            ranges.append(token.value)
        elif token.kind == "weekdays":
            weekdays |= token.value
        elif token.kind == "span":
            refusals.spans.append(token.value)
    _enter(refusals, ranges, weekdays)
    return wanted


def _enter(refusals: Refusals, ranges: list[Days], weekdays: set[int]) -> None:
    if ranges and weekdays:  # "not friday next week" rules out that Friday only
        for first, last in ranges:
            every = (first + timedelta(days=step) for step in range((last - first).days + 1))
            refusals.ranges += [(day, day) for day in every if day.weekday() in weekdays]
        return
    refusals.ranges += ranges
    refusals.weekdays |= weekdays


# --- clauses ----------------------------------------------------------------------------------------------------------


def _clauses(tokens: list[Token], sight: Sight) -> list[Clause]:
    """Reads the pieces into alternatives, a new one at each "or" or "and"."""
    clauses = [Clause()]
    limit = ""
    for token in tokens:
        if token.kind == "or":
            clauses.append(Clause())
        elif token.kind in ("any", "asap"):
            clauses[-1].free = True
        elif token.kind == "latest":
            clauses[-1].late = True
        elif token.kind in _LIMITS:
            limit = token.kind
            continue
        elif token.kind in _DAY_KINDS:
            _take_day(clauses[-1], token, limit, sight)
        elif token.kind in _TIME_KINDS:
            _take_time(clauses[-1], token, limit)
        limit = "" if token.kind not in ("at", "around") else limit
    return clauses


def _take_day(clause: Clause, token: Token, limit: str, sight: Sight) -> None:
    if token.kind == "weekdays" and not limit:
        clause.weekdays |= token.value
        clause.vague = clause.vague or token.name == "vague"
        return
    first, last = token.value if token.kind == "days" else _coming(token, sight)
    if limit == "week_of":
        first, last = first - timedelta(days=first.weekday()), first + timedelta(days=6 - first.weekday())
    if limit in _BESIDE:
        beside = (last if limit == "day_after" else first) + _BESIDE[limit]
        first, last = beside, beside
    if limit in ("after", "from"):
        clause.first = last + timedelta(days=1) if limit == "after" else first
    elif limit in ("before", "by"):
        clause.last = first - timedelta(days=1) if limit == "before" else last
    else:
        clause.ranges.append((first, last))
        clause.week = clause.week or token.name in ("week", "range", "while") or limit == "week_of"
    if token.name == "evening":
        clause.spans.append((17 * 60, END_OF_DAY))
    if token.name == "while":
        clause.free = clause.counted = True


def _coming(token: Token, sight: Sight) -> Days:
    every = [sight.coming(weekday) for weekday in token.value]
    return min(every), max(every)


def _take_time(clause: Clause, token: Token, limit: str) -> None:
    if token.kind == "span":
        low, high = token.value
        if limit == "after" and token.name == "part":
            low, high = high, END_OF_DAY
        if limit == "before" and token.name == "part":
            low, high = 0, low
        clause.spans.append((low, high))
    elif limit in ("after", "from"):
        clause.spans.append((token.value, END_OF_DAY))
    elif limit in ("before", "by"):
        clause.spans.append((0, token.value))
    else:
        clause.points.append(token.value)


def _combine(clauses: list[Clause]) -> list[Clause]:
    """Lets clauses share what was said once: "monday or tuesday next week", "tuesday morning or afternoon"."""
    for index, clause in enumerate(clauses):
        around = [*clauses[index + 1 :], *reversed(clauses[:index])]
        if not clause.has_days:
            _copy_days(
                clause, next((one for one in [*reversed(clauses[:index]), *clauses[index + 1 :]] if one.has_days), None)
            )
        elif clause.weekdays and not clause.ranges:
            weeks = next((one for one in around if one.week and one.weekdays), None)
            clause.ranges = list(weeks.ranges) if weeks else clause.ranges
        if not clause.has_times:
            later = next((one for one in clauses[index + 1 :] if one.has_times), None)
            clause.points, clause.spans = (list(later.points), list(later.spans)) if later else ([], [])
            clause.late = later is not None and later.late
    return clauses


def _copy_days(clause: Clause, source: Clause | None) -> None:
    if source is None:
        return
    clause.ranges, clause.weekdays = list(source.ranges), set(source.weekdays)
    clause.first, clause.last, clause.vague = source.first, source.last, source.vague


def _window(clause: Clause, refusals: Refusals, sight: Sight) -> Window:
    ranges = _ranges(clause, sight)
    points, spans = _times(clause)
    return Window(
        days=tuple(ranges),
        weekdays=frozenset(clause.weekdays or ALL_WEEK) - frozenset(refusals.weekdays),
        points=tuple(points),
        spans=tuple(spans),
        not_days=tuple(refusals.ranges),
        not_spans=tuple(refusals.spans),
        late=clause.late,
    )


def _ranges(clause: Clause, sight: Sight) -> list[Days]:
    if (
        clause.points
        and len(clause.weekdays) == 1
        and not (clause.ranges or clause.vague or clause.first or clause.last)
    ):
        return [(sight.coming(min(clause.weekdays)),) * 2]
    if clause.points and clause.counted and not clause.weekdays:
        return [(first, first) for first, _ in clause.ranges]
    ranges = _resolve(clause, sight) or [(sight.today, sight.today + FAR)]
    low, high = clause.first or date.min, clause.last or date.max
    cut = [(max(first, low), min(last, high)) for first, last in ranges]
    return [(first, last) for first, last in cut if first <= last]


def _resolve(clause: Clause, sight: Sight) -> list[Days]:
    """The clause's dates. A single date beside another weekday's name is read by choice: the date, or the weekday."""
    ranges = _narrowest(clause.ranges)
    if len(clause.weekdays) != 1:
        return ranges
    weekday = min(clause.weekdays)
    resolved = []
    for first, last in ranges:
        if first == last and first.weekday() != weekday:
            near = first + timedelta(days=(weekday - first.weekday() + 3) % 7 - 3)
            resolved.append((near, near) if sight.choice else (first, last))
            if not sight.choice:
                clause.weekdays = {first.weekday()}
        else:
            resolved.append(_the_only(first, last, weekday))
    return resolved


def _narrowest(ranges: list[Days]) -> list[Days]:
    """ "In December, on the 24th" is one day: what holds another range gives way to it."""
    return [one for one in ranges if not any(_holds(one, other) for other in ranges if other != one)]


def _holds(outer: Days, inner: Days) -> bool:
    return outer[0] <= inner[0] and inner[1] <= outer[1]


def _the_only(first: date, last: date, weekday: int) -> Days:
    """ "Friday next week" is one date; "in two weeks on monday" means that calendar week."""
    if last - first == timedelta(days=6):
        day = first + timedelta(days=weekday - first.weekday())
        return day, day
    return first, last


def _times(clause: Clause) -> tuple[list[int], list[Minutes]]:
    """Spans said together narrow each other ("after two but before five"); a part of the day gives way to a point."""
    if clause.points:
        return clause.points, []
    spans = clause.spans[:1]
    for low, high in clause.spans[1:]:
        cut = (max(spans[-1][0], low), min(spans[-1][1], high))
        spans = [*spans[:-1], cut] if cut[0] < cut[1] else [*spans, (low, high)]
    return [], spans
