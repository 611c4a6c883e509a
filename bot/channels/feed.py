"""What arrives later: one poller per process looks for new rows of the watched conversations and fans them out.

Rows are written by other processes too (a person at the desk), so the database is asked; only while somebody watches,
and never for more than a tenth of the time.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from bot.channels.shapes import Said, shown
from bot.store.conversations import get_conversation, last_messages, transcript
from bot.store.engine import Sessions, reading

log = logging.getLogger(__name__)

POLL_SECONDS = 0.7
SHARE = 0.1  # of the time, at most, spent asking the database
BATCH = 100  # rows taken of one conversation at a time
WATCHERS = 8  # open streams per conversation: tabs, and connections that died unnoticed
RESUMABLE = 500  # a page that was away longer than so many messages reads the history instead
WAITING = 1000  # messages a slow reader may lag behind


class TooManyWatchers(RuntimeError):
    """A conversation is watched by more pages than anybody opens."""


@dataclass(eq=False)
class Watcher:
    """One open page. `queue` gets messages in order; None ends it."""

    conversation_id: str
    position: int
    queue: asyncio.Queue[Said | None] = field(default_factory=lambda: asyncio.Queue(WAITING))


class Feed:
    """Hands new messages of bot and staff to everybody who watches their conversation."""

    def __init__(self, sessions: Sessions, poll_seconds: float = POLL_SECONDS) -> None:
        self._sessions = sessions
        self._pause = poll_seconds
        self._watchers: dict[str, list[Watcher]] = {}
        self._poller: asyncio.Task[None] | None = None
        self._woken = asyncio.Event()

    @asynccontextmanager
    async def watch(self, conversation_id: str, after: str | None) -> AsyncIterator[Watcher]:
        """Watch a conversation from the message with the id `after` on; without one, from now on.

        Raises UnknownConversation, and TooManyWatchers.
        """
        watcher = Watcher(conversation_id, await asyncio.to_thread(self._position, conversation_id, after))
        if len(self._watchers.get(conversation_id, ())) >= WATCHERS:
            raise TooManyWatchers(conversation_id)
        self._watchers.setdefault(conversation_id, []).append(watcher)
        if self._poller is None or self._poller.done():
            self._poller = asyncio.create_task(self._poll())
        self.wake()
        try:
            yield watcher
        finally:
            self._leave(watcher)

    def wake(self) -> None:
        """Look at once: this process has just written something."""
        self._woken.set()

    async def close(self) -> None:
        """End every watch: the server is going to stop."""
        for watcher in [one for watchers in self._watchers.values() for one in watchers]:
            _put(watcher, None)
        if self._poller is not None:
            self._poller.cancel()

    def _leave(self, watcher: Watcher) -> None:
        rest = [one for one in self._watchers.get(watcher.conversation_id, ()) if one is not watcher]
        if rest:
            self._watchers[watcher.conversation_id] = rest
        else:
            self._watchers.pop(watcher.conversation_id, None)

    def _position(self, conversation_id: str, after: str | None) -> int:
        with reading(self._sessions) as session:
            get_conversation(session, conversation_id)
            rows = last_messages(session, conversation_id, RESUMABLE if after else 1)
            newest = max((row.position for row in rows), default=0)
            return next((row.position for row in rows if row.id == after), newest)

    async def _poll(self) -> None:
        while self._watchers:
            began = time.monotonic()
            try:
                await self._round()
            except Exception as error:  # the database is away; the pages keep watching and get everything later
                log.warning("nothing new can be read: %s", type(error).__name__)
            spent = time.monotonic() - began
            self._woken.clear()
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._woken.wait(), max(self._pause, spent / SHARE))

    async def _round(self) -> None:
        watched = {name: min(w.position for w in watchers) for name, watchers in self._watchers.items()}
        for name, rows in (await asyncio.to_thread(self._news, watched)).items():
            for watcher in self._watchers.get(name, ()):
                for position, message in rows:
                    if position > watcher.position:
                        watcher.position = position
                        if message["from"] != "patient":
                            _put(watcher, message)

    def _news(self, watched: dict[str, int]) -> dict[str, list[tuple[int, Said]]]:
        with reading(self._sessions) as session:
            rows = {name: transcript(session, name, after, BATCH) for name, after in watched.items()}
            return {name: [(row.position, shown(row)) for row in found] for name, found in rows.items() if found}


def _put(watcher: Watcher, message: Said | None) -> None:
    """Hand over; a reader so slow that its queue is full is ended, comes back, and reads on from its last message."""
    try:
        watcher.queue.put_nowait(message)
    except asyncio.QueueFull:
        while not watcher.queue.empty():
            watcher.queue.get_nowait()
        watcher.queue.put_nowait(None)
