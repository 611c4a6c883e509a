"""A server process ends when the supervisor that started it is gone, so that the next start finds the ports free."""

from __future__ import annotations

import os
import signal
import threading
import time

PARENT = "MESOGUIDE_SUPERVISOR"  # the process id of the supervisor; not set where another program keeps the process
SECONDS = 1.0


def end_with_supervisor() -> None:
    """Watch the supervisor in a thread, if there is one."""
    supervisor = os.environ.get(PARENT)
    if supervisor:
        end_with(int(supervisor))


def end_with(parent: int) -> None:
    """Watch the parent process in a thread."""
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
