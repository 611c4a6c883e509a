"""Once an hour: what was kept long enough goes, by the days of clinic.yml."""

from __future__ import annotations

import asyncio
import logging
import time

import httpx

from bot.desk.context import Desk
from bot.store.retention import retain

log = logging.getLogger(__name__)
EVERY_SECONDS = 3600.0


class Retention:
    """The job; it remembers when it ran last, and runs first a minute after the start, when the rest has settled."""

    __name__ = "retention"

    def __init__(self, first_after: float = 60.0) -> None:
        self._due = time.monotonic() + first_after

    async def __call__(self, desk: Desk, client: httpx.AsyncClient) -> None:
        if time.monotonic() < self._due:
            return
        self._due = time.monotonic() + EVERY_SECONDS
        removed = await asyncio.to_thread(retain, desk.sessions, desk.content.clinic.privacy, desk.clock())
        if removed.anything:
            log.info("retention: %s", "; ".join(removed.lines()))
            desk.live.wake()
