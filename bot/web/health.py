"""Whether every part of the installation answers: Rasa with a model, the action server, the database."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import aiohttp

from bot.settings import Settings
from bot.store import conversations
from bot.store.engine import Sessions, reading

PART_SECONDS = 3.0


@dataclass(frozen=True)
class Health:
    """Asks the parts of one installation."""

    settings: Settings
    sessions: Sessions

    async def report(self, client: aiohttp.ClientSession, now: datetime) -> dict[str, Any]:
        """{"status": "ok" | "down", "parts": {name: "ok" | "down"}}, each part asked at the same time."""
        actions = f"http://127.0.0.1:{self.settings.actions_port}/health"
        asked = {
            "rasa": _answers(client, f"{self.settings.rasa_url}/webhooks/website/health"),
            "actions": _answers(client, actions),
            "database": asyncio.to_thread(self._reads, now),
        }
        states = await asyncio.gather(*(_state(question) for question in asked.values()))
        parts = dict(zip(asked, states, strict=True))
        return {"status": "ok" if set(states) == {"ok"} else "down", "parts": parts}

    def _reads(self, now: datetime) -> bool:
        with reading(self.sessions) as session:
            conversations.unanswered(session, now, limit=1)
        return True


async def _answers(client: aiohttp.ClientSession, url: str) -> bool:
    async with client.get(url, timeout=aiohttp.ClientTimeout(total=PART_SECONDS)) as answer:
        return answer.status == 200


async def _state(question: Any) -> str:
    try:
        return "ok" if await asyncio.wait_for(question, PART_SECONDS) else "down"
    except Exception:  # however a part fails to answer, it is down
        return "down"
