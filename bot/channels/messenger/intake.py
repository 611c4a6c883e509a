"""Takes webhook events into the durable queue: many calls share a transaction, each is answered after its commit."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime

from bot.channels.messenger.events import Event
from bot.store.engine import Sessions, unit_of_work
from bot.store.messenger import person_key
from bot.store.messenger_queue import Arrival, enqueue

BATCH = 500  # events of one transaction


class Intake:
    """One process's way into the queue. `wake` is called after each commit: there is work. `counts` learns how many
    events were new ("queued") and how many known. `quiet` is set while nothing waits to be written."""

    def __init__(
        self,
        sessions: Sessions,
        page_id: str,
        clock: Callable[[], datetime],
        wake: Callable[[], None] = lambda: None,
        counts: Counter[str] | None = None,
    ) -> None:
        self._sessions, self._page_id, self._clock, self._wake = sessions, page_id, clock, wake
        self._counts: Counter[str] = Counter() if counts is None else counts
        self._waiting: list[tuple[list[Event], asyncio.Future[None]]] = []
        self._writer: asyncio.Task[None] | None = None
        self.quiet = asyncio.Event()
        self.quiet.set()

    async def put(self, events: Sequence[Event]) -> None:
        """Write the events down; returns when they are safe. Raises what the database raised: the caller must not
        answer 200 then."""
        if not events:
            return
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((list(events), done))
        if self._writer is None or self._writer.done():
            self.quiet.clear()
            self._writer = asyncio.create_task(self._write())
            self._writer.add_done_callback(lambda done: self.quiet.set())
        await asyncio.shield(done)

    async def _write(self) -> None:
        while self._waiting:
            taken, size = [], 0
            while self._waiting and size < BATCH:
                taken.append(self._waiting.pop(0))
                size += len(taken[-1][0])
            try:
                new = await asyncio.to_thread(self._store, [event for events, _ in taken for event in events])
            except Exception as error:
                for _, done in taken:
                    if not done.done():
                        done.set_exception(error)
                continue
            self._counts.update(queued=new, known=size - new)
            for _, done in taken:
                if not done.done():
                    done.set_result(None)
            self._wake()

    def _store(self, events: list[Event]) -> int:
        arrivals = [self._arrival(event) for event in events]
        with unit_of_work(self._sessions) as session:
            new = enqueue(session, arrivals, self._clock())
            session.commit()
        return new

    def _arrival(self, event: Event) -> Arrival:
        body = {**event.data, "psid": event.psid}
        return Arrival(event.key, person_key(self._page_id, event.psid), event.kind, body, event.at)
