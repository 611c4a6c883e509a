"""What a wish comes to while it is being read: one alternative at a time, and what the patient ruled out."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from bot.clinic.booking.wish import Days, Minutes


@dataclass
class Clause:
    """One alternative while it is being read."""

    ranges: list[Days] = field(default_factory=list)
    weekdays: set[int] = field(default_factory=set)
    vague: bool = False
    points: list[int] = field(default_factory=list)
    spans: list[Minutes] = field(default_factory=list)
    first: date | None = None
    last: date | None = None
    week: bool = False
    free: bool = False
    counted: bool = False  # "in two weeks": the week from that day on, with an hour that very day
    late: bool = False

    @property
    def has_days(self) -> bool:
        return bool(self.ranges or self.weekdays or self.first or self.last)

    @property
    def has_times(self) -> bool:
        return bool(self.points or self.spans or self.late)


@dataclass
class Refusals:
    """What the patient ruled out."""

    ranges: list[Days] = field(default_factory=list)
    weekdays: set[int] = field(default_factory=set)
    spans: list[Minutes] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.ranges or self.weekdays or self.spans)
