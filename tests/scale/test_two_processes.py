"""Fifty patients, two Rasa processes, one of them killed on the way: no turn is lost, doubled or out of order."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any
from uuid import uuid4

import async_timeout
import httpx
import pytest

from bot.store import turns as log
from bot.store.crypto import configure_keys, forget_keys
from bot.store.engine import make_engine
from tests.scale.conftest import Several, several

PATIENTS, MESSAGES = 50, 8
TEXTS = (
    "does it hurt?",
    "what are the side effects?",
    "is it safe?",
    "and for hair?",
    "can I have it?",
    "34",
    "stop",
    "hello",
)
PATIENCE_SECONDS = 120.0


class Person:
    """A patient whose program does what the chat page does: the same id again until there is an answer."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http
        self.sent: list[str] = []
        self.answers: list[list[dict[str, Any]]] = []
        self.headers: dict[str, str] = {}
        self.conversation = ""

    async def open(self) -> None:
        answer = await self._until_answered("/session", None, 201)
        self.headers = {"Authorization": f"Bearer {answer['token']}"}
        self.conversation = answer["conversation_id"]

    async def say(self, text: str) -> None:
        self.sent.append(text)
        answer = await self._until_answered("/message", {"id": str(uuid4()), "text": text}, 200)
        self.answers.append(answer["messages"])

    async def history(self) -> list[dict[str, Any]]:
        answer = await self.http.get("/history", headers=self.headers)
        return answer.json()["messages"]

    async def _until_answered(self, path: str, body: Any, status: int) -> Any:
        async with async_timeout.timeout(PATIENCE_SECONDS):
            while True:
                try:
                    answer = await self.http.post(path, json=body, headers=self.headers)
                    if answer.status_code == status:
                        return answer.json()
                    assert answer.status_code == 503, answer.text
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.2)


async def talk(person: Person, seed: int) -> None:
    dice = Random(seed)  # noqa: S311
    await person.open()
    for _ in range(MESSAGES):
        await asyncio.sleep(dice.random() * 0.5)
        await person.say(dice.choice(TEXTS))


async def kill_one(installation: Several) -> None:
    await asyncio.sleep(4)
    victim = installation.rasas()[1]
    victim.send_signal(signal.SIGKILL)


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_no_turn_is_lost_doubled_or_out_of_order_when_a_process_is_killed(
    root: Path, tmp_path: Path, server: str, redis_url: str
) -> None:
    with several(root, tmp_path, server, redis_url, processes=2) as installation:
        address = f"{installation.base}/webhooks/website"
        limits = httpx.Limits(max_connections=PATIENTS)
        async with httpx.AsyncClient(base_url=address, timeout=90, limits=limits) as http:
            people = [Person(http) for _ in range(PATIENTS)]
            await asyncio.gather(kill_one(installation), *[talk(person, seed) for seed, person in enumerate(people)])
            for person in people:
                check_transcript(person, await person.history())
        check_log(installation, people)


def check_transcript(person: Person, history: list[dict[str, Any]]) -> None:
    """What was sent stands there once, in order, each message followed by its answer as it was given."""
    said = [message["text"] for message in history if message["from"] == "patient"]
    assert said == person.sent
    turns: list[list[dict[str, Any]]] = []
    for message in history:
        if message["from"] == "patient":
            turns.append([])
        elif turns:
            turns[-1].append(message)
    assert [[one["id"] for one in turn] for turn in turns] == [[one["id"] for one in turn] for turn in person.answers]
    assert all(turns)
    assert not [id for id, times in Counter(message["id"] for message in history).items() if times > 1]


def check_log(installation: Several, people: list[Person]) -> None:
    """Rasa heard each message once, in order."""
    configure_keys([installation.key])
    engine = make_engine(installation.database_url)
    try:
        for person in people:
            heard = [event for event in log.read_all(engine, person.conversation) if event["event"] == "user"]
            assert [event["text"] for event in heard if not event["text"].startswith("/")] == person.sent
    finally:
        engine.dispose()
        forget_keys()
