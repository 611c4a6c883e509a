"""Whether a part of the installation still answers: a process that hangs does not end, and nobody would restart it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

PAUSE = 1.5  # seconds between two questions
MOST_MISSES = 5  # in a row, each at most as long as the part's own time limit, then the part counts as hanging
START_LIMIT = 300.0  # seconds until a part that was just started must have answered once


@dataclass
class Pulse:
    """The answers of one process, from its start on."""

    heard: bool = False
    misses: int = 0

    def note(self, answered: bool, age: float) -> bool:
        """Take in one answer; whether the process, `age` seconds old, counts as hanging."""
        if answered:
            self.heard, self.misses = True, 0
            return False
        self.misses += 1
        return self.misses >= MOST_MISSES if self.heard else age > START_LIMIT


def listen(question: Callable[[], bool], stopping: threading.Event) -> None:
    """Ask `question` again and again in a thread of its own until told to stop."""

    def ask() -> None:
        while not stopping.wait(PAUSE):
            question()

    threading.Thread(target=ask, daemon=True).start()
