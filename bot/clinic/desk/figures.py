"""Shares, middles and trends for the figures page, from plain counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from statistics import median

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
