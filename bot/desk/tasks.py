"""What works beside the pages: Rasa's tracker hears of pauses, who waits is promised a time, emails and alerts leave.

Each job looks for its rows, does one thing for each, and notes the result; a job that fails is tried again and stops
no other. Several processes may run them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx

from bot.desk.build import DeskRouter
from bot.desk.context import Desk
from bot.desk.jobs import errands, grouping, promises
from bot.desk.jobs.held import LeftWaiting
from bot.desk.jobs.retention import Retention
from bot.store.forgetting import Watch

log = logging.getLogger(__name__)

TICK_SECONDS = 1.0
Job = Callable[[Desk, httpx.AsyncClient], Awaitable[None]]
JOBS: tuple[Job, ...] = (
    errands.tell_trackers,
    promises.promise_times,
    errands.send_emails,
    errands.alert_staff,
    grouping.group_questions,
)


@asynccontextmanager
async def lifespan(router: DeskRouter) -> AsyncIterator[None]:
    """Run the desk's jobs while the app serves; ends the live feeds at the end."""
    desk = router.desk
    stopping = asyncio.Event()
    watch = Watch(desk.sessions).start()
    async with httpx.AsyncClient(timeout=5.0, trust_env=False) as client:
        jobs = (*JOBS, LeftWaiting(), Retention())
        running = [asyncio.create_task(_run(job, desk, client, stopping)) for job in jobs]
        try:
            yield
        finally:
            stopping.set()
            watch.stop()
            await desk.live.close()
            await asyncio.wait(running, timeout=3)
            for task in running:
                task.cancel()


async def _run(job: Job, desk: Desk, client: httpx.AsyncClient, stopping: asyncio.Event) -> None:
    while not stopping.is_set():
        try:
            await job(desk, client)
        except Exception as error:  # a job must survive a database or server that is away
            log.warning("the desk's job %s: %s", getattr(job, "__name__", "?"), type(error).__name__)
        try:
            await asyncio.wait_for(stopping.wait(), TICK_SECONDS)
        except asyncio.TimeoutError:
            continue
