"""Whether every part of the installation works: Rasa with a model and the actions, the database, Redis if used.

And which of the clinic's other systems do not take what is handed over to them, as the last attempts tell.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import aiohttp
from redis.asyncio import Redis

from bot.settings import Settings
from bot.store import conversations, deliveries, errands, probe
from bot.store.engine import Sessions, reading

RASA_HEALTH = "/webhooks/website/health"
PART_SECONDS = 3.0
Report = dict[str, Any]


@dataclass
class Health:
    """Asks the parts of one installation; whoever asks meanwhile gets the same report."""

    settings: Settings
    sessions: Sessions
    seconds: dict[str, float] = field(default_factory=dict, init=False)  # how long each part took to answer last
    _asking: asyncio.Task[Report] | None = field(default=None, init=False)

    async def report(self, client: aiohttp.ClientSession, now: datetime) -> Report:
        """{"status": "ok" | "down", "parts": {name: "ok" | "down"}}, each part asked at the same time.

        Systems of the clinic's that take bookings or mail are no parts of this one: those that do not take what they
        are given stand under "receivers", which is left out when there are none, and change nothing of the status.
        """
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._report(client, now))
        return await asyncio.shield(self._asking)

    async def _report(self, client: aiohttp.ClientSession, now: datetime) -> Report:
        asked = self._questions(client, now)
        states = await asyncio.gather(*(self._state(name, question) for name, question in asked.items()))
        parts = dict(zip(asked, states, strict=True))
        receivers = await self._receivers() if parts["database"] == "ok" else {}
        status = "ok" if set(states) == {"ok"} else "down"
        return {"status": status, "parts": parts, **({"receivers": receivers} if receivers else {})}

    async def _receivers(self) -> dict[str, str]:
        with suppress(Exception):  # what is known of others is no reason to fail
            return dict.fromkeys(await asyncio.to_thread(self._failing), "down")
        return {}

    def _failing(self) -> list[str]:
        with reading(self.sessions) as session:
            names = {"email": "mail", "alert": "alerts"}
            late = {names[kind] for kind in errands.LEAVING if errands.failing(session, kind)}
            return sorted(deliveries.failing(session) | late)

    async def _state(self, name: str, question: Awaitable[bool]) -> str:
        began = time.perf_counter()
        try:
            return "ok" if await asyncio.wait_for(question, PART_SECONDS) else "down"
        except Exception:  # however a part fails to answer, it is down
            return "down"
        finally:
            self.seconds[name] = time.perf_counter() - began

    def _questions(self, client: aiohttp.ClientSession, now: datetime) -> dict[str, Awaitable[bool]]:
        rasas = self.settings.rasa_urls
        names = ["rasa", *(f"rasa {number}" for number in range(2, len(rasas) + 1))]
        asked: dict[str, Awaitable[bool]] = {
            name: _answers(client, f"{url}{RASA_HEALTH}") for name, url in zip(names, rasas, strict=True)
        }
        apart = self.settings.actions_apart  # else a Rasa process is well only when its actions are
        actions = f"http://127.0.0.1:{self.settings.actions_port}/health" if apart else f"{rasas[0]}{RASA_HEALTH}"
        asked["actions"] = _answers(client, actions)
        asked["database"] = asyncio.to_thread(self._works, now)
        if self.settings.redis_url:
            asked["redis"] = _pings(self.settings.redis_url)
        return asked

    def _works(self, now: datetime) -> bool:
        with reading(self.sessions) as session:
            conversations.unanswered(session, now, limit=1)
        probe.write(self.sessions)
        return True


async def _answers(client: aiohttp.ClientSession, url: str) -> bool:
    async with client.get(url, timeout=aiohttp.ClientTimeout(total=PART_SECONDS)) as answer:
        return answer.status == 200


async def _pings(url: str) -> bool:
    redis: Redis[bytes] = Redis.from_url(url, socket_timeout=PART_SECONDS)
    try:
        return bool(await redis.ping())
    finally:
        await redis.close()
