"""The live feed of the desk: one look at the database per process while a page is open, told to every open page."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import datetime

from bot.store.desk_queue import Pulse, pulse
from bot.store.engine import Sessions, reading

log = logging.getLogger(__name__)

POLL_SECONDS = 0.5
HEARTBEAT_SECONDS = 15.0
STREAM_SECONDS = 30 * 60.0  # a stream ends now and then, and the page comes back: who was signed out is noticed


class Live:
    """Tells open pages what has changed. It polls only while somebody watches."""

    def __init__(self, sessions: Sessions, clock: Callable[[], datetime], poll_seconds: float = POLL_SECONDS) -> None:
        self._sessions = sessions
        self._clock = clock
        self._pause = poll_seconds
        self._watchers: set[asyncio.Queue[Pulse | None]] = set()
        self._poller: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._woken = asyncio.Event()
        self._last: Pulse | None = None

    def wake(self) -> None:
        """Look at once; safe to call from any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._woken.set)

    async def events(self) -> AsyncIterator[str]:
        """Server-sent events for one page: the state now, then each change; a comment now and then keeps it open."""
        queue: asyncio.Queue[Pulse | None] = asyncio.Queue(8)
        self._join(queue)
        try:
            yield "retry: 2000\n\n"
            until = asyncio.get_running_loop().time() + STREAM_SECONDS
            while asyncio.get_running_loop().time() < until:
                try:
                    news = await asyncio.wait_for(queue.get(), HEARTBEAT_SECONDS)
                except asyncio.TimeoutError:
                    yield ": still here\n\n"
                    continue
                if news is None:
                    return
                yield f"event: pulse\ndata: {json.dumps(vars(news))}\n\n"
        finally:
            self._watchers.discard(queue)

    async def close(self) -> None:
        """End every stream: the server is going to stop."""
        for queue in list(self._watchers):
            _put(queue, None)
        if self._poller is not None:
            self._poller.cancel()

    def _join(self, queue: asyncio.Queue[Pulse | None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._watchers.add(queue)
        self._last = None  # the newcomer hears the present state; the others hear it once more
        if self._poller is None or self._poller.done():
            self._poller = asyncio.create_task(self._poll())
        self._woken.set()

    async def _poll(self) -> None:
        while self._watchers:
            self._woken.clear()
            try:
                now = await asyncio.to_thread(self._look)
                if now != self._last:
                    self._last = now
                    for queue in list(self._watchers):
                        _put(queue, now)
            except Exception as error:  # the database is away; the pages keep watching
                log.warning("the desk's feed cannot read: %s", type(error).__name__)
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._woken.wait(), self._pause)

    def _look(self) -> Pulse:
        with reading(self._sessions) as session:
            return pulse(session, self._clock())


def _put(queue: asyncio.Queue[Pulse | None], news: Pulse | None) -> None:
    """Hand over the newest state; a page that is slow misses the ones between."""
    while queue.full():
        queue.get_nowait()
    queue.put_nowait(news)
