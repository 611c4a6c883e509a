"""A chat that a person took and left: its patient gets the assistant back, and stays in the queue."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta

import httpx

from bot.clinic.booking.reminders import QuietHours
from bot.desk.context import Desk
from bot.store import desk_held
from bot.store.engine import reading, unit_of_work

EVERY_SECONDS = 60.0


class LeftWaiting:
    """The job; it looks once a minute."""

    __name__ = "left_waiting"

    def __init__(self) -> None:
        self._due = time.monotonic()

    async def __call__(self, desk: Desk, client: httpx.AsyncClient) -> None:
        if time.monotonic() < self._due:
            return
        self._due = time.monotonic() + EVERY_SECONDS
        if await asyncio.to_thread(give_back, desk):
            desk.live.wake()


def give_back(desk: Desk) -> int:
    """Give back every chat whose patient has waited for its person too long; returns how many. In Messenger, where a
    line wakes people up, not in the clinic's quiet hours."""
    now = desk.clock()
    before = now - timedelta(hours=desk.settings.held_hours)
    given = desk.content.clinic.booking.quiet_hours
    quiet = QuietHours(given.start, given.end).covers(now.astimezone(desk.zone).time())
    text = desk.words.say(desk.content, "left_waiting")
    say = {"text": text, "metadata": {"kind": "handoff", "notice": "handed_back"}}
    with reading(desk.sessions) as session:
        found = desk_held.left_waiting(session, before)
        left = [row.id for row in found if not (quiet and row.channel == "messenger")]
    done = 0
    for conversation_id in left:
        with unit_of_work(desk.sessions) as session:
            done += desk_held.return_to_bot(session, conversation_id, before, say, now)
            session.commit()
    return done
