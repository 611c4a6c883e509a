"""Geometry of the charts: plain numbers for SVG attributes, so that a page needs neither scripts nor inline styles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

BAR, GAP, LABEL, WIDTH = 20, 8, 150, 400
COLUMNS_HEIGHT, AXIS = 150, 26
COLOURS = ("#0b5c62", "#c98500", "#6a4a9c", "#86949d", "#216e39", "#b3261e", "#1f5f99")


@dataclass(frozen=True)
class Bar:
    """One bar of a bar chart: its label, its value, where it starts and how long it is, in units of the view box."""

    label: str
    value: int
    y: int
    width: float


@dataclass(frozen=True)
class Block:
    """One piece of a stacked column."""

    x: float
    y: float
    width: float
    height: float
    colour: str
    title: str


def bars(rows: Sequence[tuple[str, int]]) -> list[Bar]:
    """A horizontal bar per row, the longest as long as there is room."""
    most = max((value for _, value in rows), default=0) or 1
    room = WIDTH - LABEL - 40
    return [
        Bar(label, value, number * (BAR + GAP), max(value / most * room, 1))
        for number, (label, value) in enumerate(rows)
    ]


def bars_height(rows: Sequence[object]) -> int:
    """Height of the view box of `bars`."""
    return max(len(rows), 1) * (BAR + GAP)


def columns(series: Mapping[str, Sequence[int]], starts: Sequence[datetime]) -> list[Block]:
    """Stacked columns, one per week; series in the order given, from the bottom up."""
    sums = [sum(values) for values in zip(*series.values(), strict=True)] or [0]
    most, step = max(sums) or 1, WIDTH / max(len(starts), 1)
    blocks = []
    for week, start in enumerate(starts):
        base = float(COLUMNS_HEIGHT)
        for number, (name, values) in enumerate(series.items()):
            height = values[week] / most * (COLUMNS_HEIGHT - 12)
            base -= height
            if height:
                title = f"Week from {start.day} {start:%b}: {name} {values[week]}"
                colour = COLOURS[number % len(COLOURS)]
                blocks.append(
                    Block(
                        round(week * step + 2, 1), round(base, 1), round(step - 4, 1), round(height, 1), colour, title
                    )
                )
    return blocks


def axis(starts: Sequence[datetime]) -> list[tuple[float, str]]:
    """Places and dates under the columns, few enough to be read."""
    step = WIDTH / max(len(starts), 1)
    every = -(-len(starts) // 6) or 1
    return [(round(n * step + 2, 1), f"{start.day} {start:%b}") for n, start in enumerate(starts) if n % every == 0]
