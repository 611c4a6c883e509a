"""Shares, middles and trends for the figures page, from plain counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Literal

ENOUGH = 3  # asked less often than this, a rise says nothing


def share(part: int, whole: int) -> float | None:
    """Part of a whole, 0 to 1; None of nothing."""
    return part / whole if whole else None


def middle(spans: Sequence[timedelta]) -> timedelta | None:
    """The median length of time; None of none."""
    return timedelta(seconds=median(span.total_seconds() for span in spans)) if spans else None


def top(counts: Mapping[str, int], number: int = 10) -> list[tuple[str, int]]:
    """The most frequent, most frequent first, equals by name."""
    return sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:number]


def rising(now: Mapping[str, int], before: Mapping[str, int], number: int = 5) -> list[tuple[str, int, int]]:
    """What is asked more than in the span before: (name, now, before), the steepest rise first."""
    grown = [
        (name, count, before.get(name, 0))
        for name, count in now.items()
        if count >= ENOUGH and count > before.get(name, 0)
    ]
    return sorted(grown, key=lambda one: (-(one[1] - one[2]) / (one[2] + 1), one[0]))[:number]


Fate = Literal["kept", "late", "owed", "waiting"]


@dataclass(frozen=True)
class Wait:
    """One patient who wanted a person: since when, until when an answer was promised, and when it came, if it did."""

    asked_at: datetime
    promised_at: datetime
    answered_at: datetime | None

    def fate(self, now: datetime) -> Fate:
        """kept or late once answered; owed when the promise passed without an answer; waiting before that."""
        if self.answered_at is not None:
            return "kept" if self.answered_at <= self.promised_at else "late"
        return "owed" if self.promised_at < now else "waiting"


def kept_share(waits: Sequence[Wait], now: datetime) -> float | None:
    """Of those whose answer came or should have come: the share answered in time."""
    fates = [wait.fate(now) for wait in waits]
    due = [fate for fate in fates if fate != "waiting"]
    return share(due.count("kept"), len(due))


def taken(waits: Sequence[Wait]) -> timedelta | None:
    """The median time to the answer, of those that came."""
    return middle([wait.answered_at - wait.asked_at for wait in waits if wait.answered_at is not None])


def promised(waits: Sequence[Wait]) -> timedelta | None:
    """The median time promised."""
    return middle([wait.promised_at - wait.asked_at for wait in waits])
