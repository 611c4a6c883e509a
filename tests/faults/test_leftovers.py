"""A message that was accepted and that a process died over is answered by the next one, also when nobody asks again."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from bot.channels import leftovers
from bot.channels.incoming import Incoming
from bot.channels.website import utc_now
from tests.channels.website_server import Visitor, echo, parts, serving, sessions_at, visiting


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leftovers.keep_working_off, "__defaults__", (0.05,))


async def words_of(visitor: Visitor) -> list[str]:
    return [message["text"] for message in await visitor.history()]


async def test_what_a_crash_left_behind_is_answered_once_after_the_next_start(tmp_path: Path) -> None:
    website = parts(sessions_at(tmp_path / "test.db"))
    heard: list[str] = []

    async def agent(message: object) -> None:
        heard.append(message.text)  # type: ignore[attr-defined]
        await echo(message)  # type: ignore[arg-type]

    async with visiting(website) as before:
        token, conversation = before.token, before.conversation_id
    for text in ("first", "second"):
        website.records.accept(conversation, Incoming(str(uuid4()), text=text), utc_now())
    async with visiting(website, agent) as now:
        now.token = token
        for _ in range(100):
            words = await words_of(now)
            if "You said: second" in words:
                break
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.2)  # time for a mistaken second go
    assert words.index("You said: first") < words.index("You said: second")
    assert [text for text in heard if text != "/start_chat"] == ["first", "second"]


async def test_a_message_that_is_being_worked_on_is_left_alone(tmp_path: Path) -> None:
    website = parts(sessions_at(tmp_path / "test.db"))
    heard: list[str] = []

    async def slow(message: object) -> None:
        heard.append(message.text)  # type: ignore[attr-defined]
        if message.text == "slowly":  # type: ignore[attr-defined]
            await asyncio.sleep(0.5)
        await echo(message)  # type: ignore[arg-type]

    async with serving(website, slow) as address:
        import httpx

        async with httpx.AsyncClient(base_url=address, timeout=20) as http:
            visitor = await Visitor(http).open()
            answer = await visitor.send("slowly")
            assert answer.status_code == 200
            await asyncio.sleep(0.2)
    assert heard.count("slowly") == 1


async def test_what_another_process_may_still_be_working_on_is_not_taken_by_one_that_starts(tmp_path: Path) -> None:
    website = parts(sessions_at(tmp_path / "test.db"))
    website.others = True
    heard: list[str] = []

    async def agent(message: object) -> None:
        heard.append(message.text)  # type: ignore[attr-defined]
        await echo(message)  # type: ignore[arg-type]

    async with visiting(website) as before:
        conversation = before.conversation_id
    website.records.accept(conversation, Incoming(str(uuid4()), text="by a neighbour"), utc_now())
    website.records.accept(conversation, Incoming(str(uuid4()), text="long ago"), utc_now() - timedelta(minutes=2))
    async with visiting(website, agent):
        await asyncio.sleep(0.5)
    assert [text for text in heard if text != "/start_chat"] == ["long ago"]
