"""Loaded by every Python process of the installation under test: connections beyond this machine are refused and noted.

Python tells its audit hooks of each look-up and connection. uvloop would go past them, so it counts as not installed.
"""

from __future__ import annotations

import os
import socket
import sys
from typing import Any

LOG = os.environ.get("CLOSED_NETWORK_LOG")
LOOPBACK = ("127.", "::1", "localhost", "0.0.0.0", "::")  # noqa: S104 - addresses to recognise


def note(line: str) -> None:
    with open(str(LOG), "a", encoding="utf-8") as file:
        file.write(line + "\n")


def here(host: Any) -> bool:
    """Whether an address stays on this machine."""
    text = host.decode() if isinstance(host, bytes) else str(host or "localhost")
    return text.startswith(LOOPBACK[0]) or text in LOOPBACK or text == socket.gethostname()


def watch(event: str, details: tuple[Any, ...]) -> None:
    """Refuse what leaves the machine; the audit event names it."""
    if event == "socket.getaddrinfo":
        host = details[0]
    elif event in ("socket.connect", "socket.sendto") and isinstance(details[1], tuple):
        host = details[1][0]
    else:
        return
    if not here(host):
        note(f"{event} {host}")
        raise ConnectionRefusedError(f"a test does not let anything out: {host}")


if LOG:
    sys.modules["uvloop"] = None  # type: ignore[assignment]
    note(f"watching {' '.join(' '.join(sys.orig_argv[1:4]).split())}")  # a program given with -c has many lines
    sys.addaudithook(watch)
