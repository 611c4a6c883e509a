"""What an evaluation found: tables to read, JSON to keep, a picture of the confusions, what fell below its floor."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bot.evaluation.measures import Slice

WORST = 12  # errors shown a slice
LOWER_IS_BETTER = frozenset(("in_scope_refused", "near_miss_alarms", "calibration_error", "brier_score"))


@dataclass(frozen=True)
class Report:
    """Figures by name (0 to 1), slices by name, (expected, got) of every in-scope message, and floors."""

    slices: Mapping[str, Slice]
    seen: Sequence[tuple[str, str, float]]
    floors: Mapping[str, float]
    before: Mapping[str, float] = field(default_factory=dict)

    @property
    def figures(self) -> dict[str, float]:
        return {name: value for one in self.slices.values() for name, value in one.figures.items()}

    @property
    def failures(self) -> list[str]:
        """A line for each figure on the wrong side of its floor in floors.yml, and for each floor without a figure."""
        lines = [f"{name}: not measured, but has a floor" for name in self.floors if name not in self.figures]
        for name, floor in self.floors.items():
            value = self.figures.get(name, floor)
            if value > floor if _lower_is_better(name) else value < floor:
                lines.append(f"{name}: {value:.3f}, {'ceiling' if _lower_is_better(name) else 'floor'} {floor:.3f}")
        return lines

    def confusions(self, count: int = 15) -> list[tuple[tuple[str, str], int]]:
        """The commonest (expected, got) mistakes."""
        return Counter((a, b) for a, b, _ in self.seen if a != b).most_common(count)

    def print(self, console: Console | None = None) -> None:
        """Write all tables to the console."""
        console = console or Console()
        console.print(self._summary())
        console.print(_table("Commonest confusions", ("meant", "taken for", "times"), (
            (a, b, str(n)) for (a, b), n in self.confusions()
        )))  # fmt: skip
        for name, one in self.slices.items():
            if one.rows:
                console.print(_table(name, [""] * len(one.rows[0]), one.rows))
            if one.errors:
                worst = ((text, want, got, f"{score:.2f}") for text, want, got, score in one.errors[:WORST])
                console.print(
                    _table(f"{name}: errors ({len(one.errors)})", ("text", "meant", "taken for", "score"), worst)
                )
        for line in self.failures:
            console.print(f"[bold red]below the floor[/] {line}")

    def write(self, folder: Path, name: str) -> Path:
        """Keep the figures as JSON and the confusions as a picture; returns the JSON's path."""
        folder.mkdir(parents=True, exist_ok=True)
        own = self.slices.get("intents")  # of the set to develop on, which may have been left out
        kept = {"figures": {k: round(v, 4) for k, v in self.figures.items()}, "f1": dict(own.rows) if own else {}}
        path = folder / f"{name}.json"
        path.write_text(json.dumps(kept, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        if self.seen:
            self._draw(folder / f"{name}-confusions.png")
        return path

    def _summary(self) -> Table:
        rows = []
        for name, value in self.figures.items():
            floor, before = self.floors.get(name), self.before.get(name)
            change = "" if before is None else f"{value - before:+.3f}"
            rows.append((name, f"{value:.3f}", "" if floor is None else f"{floor:.3f}", change))
        return _table("Understanding on held-out messages", ("figure", "value", "floor", "change"), rows)

    def _draw(self, path: Path) -> None:
        import matplotlib

        matplotlib.use("Agg")
        from matplotlib import pyplot

        names = sorted({a for a, _, _ in self.seen} | {b for _, b, _ in self.seen})
        counts = Counter((a, b) for a, b, _ in self.seen)
        grid = [[counts[a, b] for b in names] for a in names]
        figure, axes = pyplot.subplots(figsize=(14, 13))
        axes.imshow(grid, cmap="Blues")
        axes.set_xticks(range(len(names)), names, rotation=90, fontsize=7)
        axes.set_yticks(range(len(names)), names, fontsize=7)
        axes.set_xlabel("taken for")
        axes.set_ylabel("meant")
        figure.tight_layout()
        figure.savefig(path, dpi=110)
        pyplot.close(figure)


def _lower_is_better(name: str) -> bool:
    return name.rpartition("/")[2] in LOWER_IS_BETTER


def read_figures(path: Path) -> dict[str, float]:
    """The figures of a kept result."""
    kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return dict(kept["figures"])


def _table(title: str, columns: Sequence[str], rows: Any) -> Table:
    table = Table(title=title, title_justify="left", show_header=any(columns))
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table
