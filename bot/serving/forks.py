"""Worker processes that share what was loaded before they began: each is a fork, and one that dies is forked again.

The model takes ten seconds to load and 300 MB to hold; a fork takes milliseconds and holds what it changes. Who calls
`run` has loaded what the workers share, and has no event loop or database connection open.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence

from bot.serving.orphans import end_with

log = logging.getLogger(__name__)

STEADY_SECONDS = 20.0  # a worker that ran so long is replaced at once
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 20.0

Serve = Callable[[int], None]


def run(ports: Sequence[int], serve: Serve) -> None:
    """Keep one worker running for each port, until SIGTERM or SIGINT; `serve(port)` is what a worker does."""
    Forks(serve).run(ports)


class Forks:
    """The workers of one process."""

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self._running: dict[int, tuple[int, float]] = {}
        self._pause = FIRST_PAUSE
        self._stopping = False

    def run(self, ports: Sequence[int]) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        for port in ports:
            self._start(port)
        while self._running:
            pid, status = os.wait()
            ended = self._running.pop(pid, None)  # None: as process 1 of a container it inherits others' children
            if ended is not None and not self._stopping:
                port, began = ended
                self._replace(port, time.monotonic() - began, status)

    def _replace(self, port: int, lived: float, status: int) -> None:
        steady = lived > STEADY_SECONDS
        self._pause = FIRST_PAUSE if steady else min(2 * self._pause, LONGEST_PAUSE)
        log.warning(
            "the worker on port %d ended (%d); another takes its place", port, os.waitstatus_to_exitcode(status)
        )
        if not steady:
            time.sleep(self._pause)
        self._start(port)

    def _start(self, port: int) -> None:
        if self._stopping:
            return
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            self._work(port)
        self._running[pid] = (port, time.monotonic())
        if self._stopping:  # the signal came in between
            os.kill(pid, signal.SIGTERM)

    def _work(self, port: int) -> None:
        """The whole life of a worker; does not return."""
        code = 1
        try:
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_DFL)
            end_with(os.getppid())  # a worker whose parent was killed would keep its port from the next one
            self._serve(port)
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def _stop(self, *_: object) -> None:
        self._stopping = True
        for pid in list(self._running):
            os.kill(pid, signal.SIGTERM)
