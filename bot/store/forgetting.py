"""What a running process remembers of patients' words, for speed, goes when somebody was erased or a chat was too old.

Whatever keeps words or trackers in memory calls `remembers`; each process that does runs a `Watch`, which looks every
few seconds whether the database counts another erasure, and then lets all of it go.
"""

from __future__ import annotations

import logging
import threading
import weakref
from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from bot.store.desk_models import Counter
from bot.store.engine import Sessions, reading

log = logging.getLogger(__name__)

ERASED = "erased"  # the counter that each erasure raises
EVERY_SECONDS = 5.0
_memories: list[weakref.WeakMethod[Any]] = []


def remembers(forget: Callable[[], None]) -> None:
    """Have a bound method called whenever somebody was erased; it is dropped with its object."""
    _memories.append(weakref.WeakMethod(forget))


def forget_everything() -> None:
    """Empty every memory of this process."""
    for memory in list(_memories):
        forget = memory()
        if forget is None:
            _memories.remove(memory)
        else:
            forget()


class Watch:
    """Looks for erasures while a process runs. A database that is away is looked at again later."""

    def __init__(self, sessions: Sessions, every: float = EVERY_SECONDS) -> None:
        self._sessions, self._every = sessions, every
        self._seen: int | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="forgetting", daemon=True)

    def start(self) -> Watch:
        """Begin, in a thread of its own."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """End at once."""
        self._stop.set()
        self._thread.join()

    def look(self) -> bool:
        """Look once; whether somebody was erased since the last look, and everything was forgotten."""
        with reading(self._sessions) as session:
            number = session.scalar(select(Counter.value).where(Counter.name == ERASED)) or 0
        is_new = self._seen is not None and number != self._seen
        self._seen = number
        if is_new:
            forget_everything()
        return is_new

    def _run(self) -> None:
        while not self._stop.wait(self._every):
            try:
                self.look()
            except Exception as error:
                log.warning("whether somebody was erased cannot be read: %s", type(error).__name__)
