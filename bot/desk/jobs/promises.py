"""A patient who waits for a person is told until when, counted in the clinic's opening hours."""

from __future__ import annotations

import asyncio
from datetime import datetime
from zoneinfo import ZoneInfo

import httpx

from bot.clinic.desk.hours import is_open, promised_at
from bot.desk.context import Desk
from bot.store import desk_ownership
from bot.store.engine import reading, unit_of_work


async def promise_times(desk: Desk, client: httpx.AsyncClient) -> None:
    """Promise a time to everybody who waits without one."""
    if await asyncio.to_thread(_promise_all, desk):
        desk.live.wake()


def _promise_all(desk: Desk) -> int:
    with reading(desk.sessions) as session:
        waiting = desk_ownership.without_promise(session)
    for conversation_id in waiting:
        now = desk.clock()
        moment = promised_at(now, desk.words.promise("person"), desk.content.clinic)
        with unit_of_work(desk.sessions) as session:
            desk_ownership.promise(session, conversation_id, moment, _words(desk, moment, now), now)
            session.commit()
    return len(waiting)


def _words(desk: Desk, moment: datetime, now: datetime) -> dict[str, object]:
    key = "promise_open" if is_open(now, desk.content.clinic) else "promise"
    text = desk.words.say(desk.content, key, when=spoken(moment, desk.zone))
    return {"text": text, "metadata": {"kind": "handoff", "notice": "promised", "until": moment.isoformat()}}


def spoken(moment: datetime, zone: ZoneInfo) -> str:
    """A moment as a patient reads it, in the clinic's time: "Tuesday 3 March, 10:30"."""
    local = moment.astimezone(zone)
    return f"{local:%A} {local.day} {local:%B}, {local:%H:%M}"
