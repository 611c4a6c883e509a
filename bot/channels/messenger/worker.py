"""Works off the queue inside the Rasa process: several people at once, each person's events one after the other.

Also looks for what others wrote (a person's answer at the desk, a hand-over) and sends it. Woken by the intake; looks
by itself every second, because other processes write too.
"""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

from bot.channels.messenger.delivery import PASSING_PAUSE, Delivery, Later
from bot.channels.messenger.graph import GraphError
from bot.channels.messenger.routing import Routing
from bot.channels.messenger.work import Work
from bot.store import messenger, triage
from bot.store import messenger_queue as queue
from bot.store.engine import Sessions, reading, unit_of_work

log = logging.getLogger(__name__)

LANES = 8  # people worked for at once
POLL_SECONDS = 1.0
STEP_BACK_SECONDS = 0.5  # so long at most an event waits while Meta's calls come faster than they are written down
LEASE = timedelta(seconds=120)  # longer than a turn with its retries; a dead worker's people wait so long
ATTEMPTS = 5
PAUSES = (1.0, 5.0, 30.0, 120.0)  # seconds before the attempts after the first
DAY = timedelta(days=1)


@dataclass
class Worker:
    """One process's worker. `shared` says that other processes work on the same queue; `quiet` is set while this
    process has no call of Meta's to write down, which goes first."""

    sessions: Sessions
    work: Work
    delivery: Delivery
    routing: Routing
    clock: Callable[[], datetime]
    shared: bool = False
    quiet: asyncio.Event | None = None
    poll_seconds: float = POLL_SECONDS
    pauses: tuple[float, ...] = PAUSES
    holder: str = field(default_factory=lambda: str(uuid4()))
    _woken: asyncio.Event = field(default_factory=asyncio.Event)
    _lanes: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _loop: asyncio.Task[None] | None = None
    _tidied: datetime | None = None

    def start(self) -> None:
        """Begin; a worker that was started stays started."""
        if self._loop is None:
            self._loop = asyncio.create_task(self._run())

    async def stop(self, seconds: float) -> None:
        """Take nothing new, let what is under way finish, at most so long."""
        if self._loop is not None:
            self._loop.cancel()
            with suppress(asyncio.CancelledError):
                await self._loop
        if self._lanes:
            await asyncio.wait(list(self._lanes.values()), timeout=seconds)

    def wake(self) -> None:
        """There is work."""
        self._woken.set()

    async def drain(self) -> None:
        """Work until nothing is left that can be done now; for tests and tools."""
        while people := await asyncio.to_thread(self._wanting):
            free = [one for one in people if one not in self._lanes]
            if not free:
                await asyncio.wait(list(self._lanes.values()), return_when=asyncio.FIRST_COMPLETED)
                continue
            await asyncio.gather(*(self._lane(one) for one in free))

    async def _run(self) -> None:
        if not self.shared:
            with suppress(Exception):
                await asyncio.to_thread(self._free_lanes)
        while True:
            self._woken.clear()
            try:
                await self._round()
            except Exception as error:  # the database is away: the queue waits with it
                log.warning("Messenger's queue cannot be read: %s", type(error).__name__)
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._woken.wait(), self.poll_seconds)

    async def _round(self) -> None:
        if len(self._lanes) >= LANES:
            return
        for person in await asyncio.to_thread(self._wanting):
            if len(self._lanes) >= LANES:
                return
            if person not in self._lanes:
                self._lanes[person] = task = asyncio.create_task(self._lane(person))
                task.add_done_callback(partial(self._left, person))

    def _left(self, person: str, task: asyncio.Task[None]) -> None:
        self._lanes.pop(person, None)
        self.wake()

    async def _lane(self, person: str) -> None:
        """Everything there is to do for one person, if nobody else does it."""
        if not await asyncio.to_thread(self._take, person):
            return
        pause = 0.0
        try:
            pause = await self._work_off(person)
        except Later as later:
            pause = later.seconds
        except Exception as error:
            pause = PASSING_PAUSE
            _log("a lane stopped", error)
        with suppress(Exception):  # a lane that cannot be left frees itself when its time is up
            await asyncio.to_thread(self._leave, person, pause)

    async def _work_off(self, person: str) -> float:
        """Returns the seconds to wait before this person's next event; 0 when all is done."""
        await self._hands(person)
        done: queue.Pending | None = None
        failed: str | None = None
        while True:
            event, attempts = await asyncio.to_thread(self._advance, person, done, failed)
            if done is not None:
                await self.delivery.send_due(person)
            if event is None:
                break
            await self._step_back()
            failed, pause = await self._event(event, attempts)
            if pause:
                return pause
            done = event
        await self.delivery.send_due(person)
        return 0.0

    async def _step_back(self) -> None:
        if self.quiet is not None:
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self.quiet.wait(), STEP_BACK_SECONDS)

    async def _hands(self, person: str) -> None:
        change = (await asyncio.to_thread(self._changed)).get(person)
        if change is not None:
            await self.routing.follow_desk(person, change)

    async def _event(self, event: queue.Pending, attempts: int) -> tuple[str | None, float]:
        """One event: (None, 0) when done, (why, 0) when given up, (None, seconds) when it is to be tried again then."""
        if attempts > ATTEMPTS:  # each attempt ended with the whole process
            return "Crashed", 0.0
        try:
            await self.work.run(event.kind, event.sent_at, event.body)
        except Exception as error:
            _log(f"a Messenger event ({event.kind}) failed", error)
            hopeless = isinstance(error, GraphError) and not error.passes
            if attempts < ATTEMPTS and not hopeless:
                return None, self.pauses[min(attempts, len(self.pauses)) - 1]
            return type(error).__name__, 0.0
        return None, 0.0

    def _wanting(self) -> list[str]:
        """People with events, with a change of hands, or with something to be sent, and a free lane."""
        now = self.clock()
        if self._tidied is None or now - self._tidied > DAY:
            self._tidied = now
            with unit_of_work(self.sessions) as session:
                queue.forget_done(session, now)
                session.commit()
        with reading(self.sessions) as session:
            people = queue.waiting_people(session, now, 2 * LANES)
            people += [person for person, _ in messenger.changed_hands(session)]
            people += self._with_news(session, now)
            held = queue.held_lanes(session, now)
        return [person for person in dict.fromkeys(people) if person not in held]

    def _with_news(self, session: Any, now: datetime) -> list[str]:
        resting = self.delivery.resting()
        return [person for person in messenger.people_with_news(session, now) if person not in resting]

    def _changed(self) -> dict[str, bool]:
        with reading(self.sessions) as session:
            return dict(messenger.changed_hands(session))

    def _take(self, person: str) -> bool:
        now = self.clock()
        with unit_of_work(self.sessions) as session:
            taken = queue.take_lane(session, person, self.holder, now + LEASE, now)
            session.commit()
        return taken

    def _advance(self, person: str, done: queue.Pending | None, failed: str | None) -> tuple[queue.Pending | None, int]:
        """Close the event before; the next one with the number of its attempt, and the lane for another while."""
        now = self.clock()
        with unit_of_work(self.sessions) as session:
            if not queue.take_lane(session, person, self.holder, now + LEASE, now):
                raise Later(LEASE.total_seconds())
            if done is not None:
                queue.finish(session, done.position, now, failed)
                if failed:
                    self._report(session, done, failed, now)
            event = queue.next_event(session, person)
            attempts = queue.note_attempt(session, event.position) if event is not None else 0
            session.commit()
        return event, attempts

    def _report(self, session: Any, event: queue.Pending, failed: str, now: datetime) -> None:
        """Tell the desk of an event that was given up."""
        link = messenger.find(session, event.person_index)
        if link is not None:
            triage.add(
                session,
                kind="person",
                handoff_reason="part_failed",
                conversation_id=link.conversation_id,
                details={"part": "messenger", "trouble": failed},
                key=f"messenger:event:{event.position}",
                now=now,
            )

    def _leave(self, person: str, pause: float) -> None:
        with unit_of_work(self.sessions) as session:
            if pause:
                queue.block_lane(session, person, self.holder, self.clock() + timedelta(seconds=pause))
            else:
                queue.leave_lane(session, person, self.holder)
            session.commit()

    def _free_lanes(self) -> None:
        with unit_of_work(self.sessions) as session:
            queue.free_all_lanes(session)
            session.commit()


def _log(what: str, error: BaseException) -> None:
    """Class and place only: an error's message may quote what a patient wrote."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "?"
    log.error("%s: %s at %s", what, type(error).__name__, place)
