"""The table of goals with what was measured, and the plot of latency against turn number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

LATE = 500


def rows(ours: Mapping[str, Any], stock: Mapping[str, Any]) -> list[tuple[str, str, str, str, str]]:
    """What, the goal, ours, the stock bot, and the ratio."""
    busy, busy_stock = ours["many"]["turns_per_second"], stock["many"]["turns_per_second"]
    one, one_stock = ours["one"], stock["one"]
    return [
        (
            "turns a second, 20 patients",
            "10 x stock",
            f"{busy:.0f}",
            f"{busy_stock:.1f}",
            f"{busy / busy_stock:.1f} x",
        ),
        (
            "processor time a turn, ms",
            "",
            f"{ours['many']['cpu_ms_per_turn']:.1f}",
            f"{stock['many']['cpu_ms_per_turn']:.1f}",
            f"1 / {stock['many']['cpu_ms_per_turn'] / ours['many']['cpu_ms_per_turn']:.1f}",
        ),
        ("one patient, median, ms", "12", *_pair(one, one_stock, "median")),
        ("one patient, 99th percentile, ms", "40", *_pair(one, one_stock, "p99")),
        (
            f"turn {ours['late']} against turn 5",
            "1.2 x",
            f"{ours['growth']:.2f} x",
            f"{stock['growth']:.1f} x (turn {stock['late']})",
            "",
        ),
        (
            "memory of all processes, MB",
            "900",
            f"{ours['megabytes']:.0f}",
            f"{stock['megabytes']:.0f}",
            _ratio(ours["megabytes"], stock["megabytes"]),
        ),
        (
            "start until the first answer, s",
            "12",
            f"{ours['start']:.1f}",
            f"{stock['start']:.1f}",
            _ratio(ours["start"], stock["start"]),
        ),
    ]


def table(found: Sequence[tuple[str, ...]]) -> str:
    """The rows as Markdown."""
    lines = [("what", "goal", "ours", "stock", "ratio"), ("---",) * 5, *found]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def plot(path: Path, ours: Sequence[float], stock: Sequence[float]) -> None:
    """Latency against turn number, both bots."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(9, 4.5))
    for label, values in (("Rasa's starter bot", stock), ("Mesoguide", ours)):
        axes.plot(range(1, len(values) + 1), values, label=label, linewidth=1)
    axes.set_xlabel("turn of one conversation")
    axes.set_ylabel("milliseconds until the answer")
    axes.set_yscale("log")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def _pair(ours: Mapping[str, float], stock: Mapping[str, float], name: str) -> tuple[str, str, str]:
    return f"{ours[name]:.1f}", f"{stock[name]:.1f}", _ratio(ours[name], stock[name])


def _ratio(ours: float, stock: float) -> str:
    return f"1 / {stock / ours:.1f}"
