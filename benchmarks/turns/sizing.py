"""How many pods a number of conversations needs, computed from the measured cost of a turn.

`python -m benchmarks.turns.sizing` reads results/turns.json. A pod has one Rasa process, which works on one processor
and is what fills up first; it is planned to be busy for BUSY of the time, as the autoscaler keeps it.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

from benchmarks.turns.bots import ROOT

TURNS = 14  # of a conversation: questions, a screening, half of a booking
BUSIEST_HOUR = 0.12  # of a day's conversations
PEAK = 2.0  # the busiest minute against that hour's mean
BUSY = 0.55
BYTES_PER_TURN = 9_000  # of the database on disk: the log of events, the transcript, indexes; docs/performance.md
DAYS_KEPT = 90
LEAST_PODS = 2


@dataclass(frozen=True)
class Size:
    """What so many conversations a day need. `turns_per_second` is the peak."""

    conversations: int
    turns_per_second: float
    pods: int
    cores: float
    gigabytes_stored: float


def size(conversations: int, rasa_ms: float, all_ms: float) -> Size:
    """From the processor time of a turn in the Rasa process and in all processes, in milliseconds."""
    peak = conversations * BUSIEST_HOUR / 3600 * PEAK * TURNS
    pods = max(LEAST_PODS, math.ceil(peak * rasa_ms / 1000 / BUSY))
    cores = peak * all_ms / 1000 / BUSY
    stored = conversations * DAYS_KEPT * TURNS * BYTES_PER_TURN / 1e9
    return Size(conversations, peak, pods, cores, stored)


def table(rasa_ms: float, all_ms: float) -> str:
    """The sizes from a small clinic's to a million conversations a day, as Markdown."""
    heads = "conversations a day", "turns a second at the peak", "pods", "processors busy", "stored in 90 days"
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for conversations in (200, 2_000, 10_000, 50_000, 200_000, 1_000_000):
        one = size(conversations, rasa_ms, all_ms)
        cells = f"{one.conversations:,}", f"{one.turns_per_second:.1f}", f"{one.pods}", f"{one.cores:.1f}"
        lines.append(f"| {' | '.join(cells)} | {one.gigabytes_stored:,.1f} GB |")
    return "\n".join(lines)


def main(results: Path = ROOT / "results" / "turns.json") -> None:
    """Print the table for the last benchmark."""
    many = json.loads(results.read_text())["ours"]["many"]
    print(table(many["cpu_ms_by_part"]["Rasa"], many["cpu_ms_per_turn"]))


if __name__ == "__main__":
    main()
