"""Database work on the event loop's own thread, while that keeps nobody waiting (docs/decisions/0013).

On SQLite a turn's reads and writes take a fraction of a millisecond. Handed to another thread they wait, statement by
statement, for the interpreter that the event loop holds, with SQLite's only write lock in their hands. So work is done
at once where the lock is free and the disk has been quick lately, and given to the database's thread, with the event
loop going on, where not: a locked database or a slow disk keeps advice in danger from nobody.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import quote

from sqlalchemy import make_url

T = TypeVar("T")

SLOW_SECONDS = 0.1  # work that takes longer would be felt by every other patient
QUICK_CALLS = 10  # so many quick ones in the thread, one after the other, before work is done at once (again)
FRESH = 0.004  # seconds for which a lock that was seen free counts as free: most work of a turn does not write
TRIES, PAUSE = 80, 0.0001  # for the write lock, and seconds between; another worker holds it for less than 1 ms


class Inline:
    """Decides for one SQLite file where work is done. One for each process; used on its event loop only."""

    def __init__(self, path: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._uri = f"file:{quote(path)}?mode=rw"
        self._clock = clock
        self._quick = 0
        self._free_until = 0.0
        self._probe: sqlite3.Connection | None = None

    async def run(self, seconds: float | None, work: Callable[..., T], *args: Any) -> T:
        """What `work` returns or raises; asyncio.TimeoutError after so many seconds in the thread."""
        if self._quick >= QUICK_CALLS:
            if self._lock_is_free():
                return self._timed(work, *args)
            self._quick = 0
        return await _in_thread(seconds, self._timed, work, *args)

    def _timed(self, work: Callable[..., T], *args: Any) -> T:
        began = self._clock()
        try:
            return work(*args)
        finally:
            self._quick = 0 if self._clock() - began > SLOW_SECONDS else self._quick + 1

    def _lock_is_free(self) -> bool:
        """Whether nobody writes, or did a moment ago. Another worker is waited for: its transaction is shorter than a
        change of threads."""
        if self._clock() < self._free_until:
            return True
        for _ in range(TRIES):
            if self._try_lock():
                self._free_until = self._clock() + FRESH
                return True
            time.sleep(PAUSE)
        return False

    def _try_lock(self) -> bool:
        try:
            if self._probe is None:
                self._probe = sqlite3.connect(self._uri, uri=True, timeout=0, isolation_level=None)
            self._probe.execute("BEGIN IMMEDIATE")
            self._probe.execute("ROLLBACK")
        except sqlite3.Error:  # locked, or away: the thread finds out, and says it to whoever asked
            return False
        return True


_here: Inline | None = None


def begin(url: str) -> None:
    """From now on this process does its database work by `run` inline, if `url` is that of an SQLite file."""
    global _here  # noqa: PLW0603 - like the event loop's default executor: one for all that is asked in a process
    parsed = make_url(url)
    is_file = parsed.get_backend_name() == "sqlite" and parsed.database not in (None, "", ":memory:")
    _here = Inline(str(parsed.database)) if is_file else None


async def run(work: Callable[..., T], *args: Any, seconds: float | None = None) -> T:
    """Do database work that waits for nothing else, at once or in another thread; what it returns or raises.

    It runs in the caller's context. In another thread it is waited for so many `seconds`, then asyncio.TimeoutError is
    raised.
    """
    return await (_here.run(seconds, work, *args) if _here is not None else _in_thread(seconds, work, *args))


async def _in_thread(seconds: float | None, work: Callable[..., T], *args: Any) -> T:
    return await asyncio.wait_for(asyncio.to_thread(work, *args), seconds)
