"""The pieces a wish is made of, and the table of patterns that find them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from bot.clinic.booking.words import MONTHS, WEEKDAYS

DAY = rf"(?:{'|'.join(WEEKDAYS)})"
MONTH = rf"(?:{'|'.join(MONTHS)})"
UNIT = r"(?:day|week|fortnight|month)s?"


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
    weekday: int | None = None  # the one weekday that the text names

    def monday(self, weeks: int = 0) -> date:
        return self.today + timedelta(days=7 * weeks - self.today.weekday())

    def coming(self, weekday: int, at_least: int = 1) -> date:
        """The next such weekday, at least so many days from today."""
        ahead = (weekday - self.today.weekday()) % 7
        return self.today + timedelta(days=ahead if ahead >= at_least else ahead + 7)


Make = Callable[[re.Match[str], Sight], "Token | None"]


class Rules:
    """Patterns in the order they are tried, each with what it makes of a match; None lets the next one try."""

    def __init__(self) -> None:
        self._rules: list[tuple[re.Pattern[str], Make]] = []

    def add(self, *patterns: str, ends: str = r"(?!\w)") -> Callable[[Make], Make]:
        """Decorator: try these patterns, joined as one, where a piece may start."""

        def keep(make: Make) -> Make:
            self._rules.append((re.compile(f"(?:{''.join(patterns)}){ends}"), make))
            return make

        return keep

    def __iter__(self) -> Iterator[tuple[re.Pattern[str], Make]]:
        return iter(self._rules)


def days(first: date, last: date | None = None, name: str = "") -> Token:
    """A token for the dates from first to last."""
    return Token("days", (first, last or first), name=name)
