"""What arrives later: a person's reply, other tabs, dropped connections."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.channels.website import Website, utc_now
from bot.store import conversations
from bot.store.engine import Sessions, unit_of_work
from tests.channels.website_server import Visitor, parts, sessions_at, visiting


@pytest.fixture
def sessions(tmp_path: Path) -> Sessions:
    return sessions_at(tmp_path / "test.db")


@pytest.fixture
def website(sessions: Sessions) -> Website:
    return parts(sessions, heartbeat=0.2)


def staff_writes(sessions: Sessions, conversation_id: str, text: str) -> str:
    with unit_of_work(sessions) as session:
        row = conversations.add_staff_message(session, conversation_id, "staff-1", text, utc_now())
        session.commit()
        return row.id


@asynccontextmanager
async def listening(visitor: Visitor, **more: Any) -> AsyncIterator[AsyncIterator[str]]:
    headers = {**visitor.headers, **more.pop("headers", {})}
    async with visitor.http.stream("GET", "/stream", headers=headers, timeout=10, **more) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.aiter_lines()
        assert (await lines.__anext__()).startswith("retry:")
        yield lines


async def next_message(lines: AsyncIterator[str]) -> dict[str, Any]:
    async def read() -> dict[str, Any]:
        async for line in lines:
            if line.startswith("data: "):
                return json.loads(line[6:])
        raise EOFError

    return await asyncio.wait_for(read(), 8)


async def test_a_persons_message_arrives_live_in_the_same_shape(website: Website, sessions: Sessions) -> None:
    async with visiting(website) as visitor, listening(visitor) as lines:
        staff_writes(sessions, visitor.conversation_id, "Hello, this is the front desk.")
        message = await next_message(lines)
    assert message["from"] == "staff"
    assert message["text"] == "Hello, this is the front desk."
    assert set(message) == {"id", "from", "text", "buttons", "metadata"}


async def test_a_second_tab_hears_the_bots_answer_and_not_the_patients_own_words(website: Website) -> None:
    async with visiting(website) as visitor, listening(visitor) as lines:
        (answer,) = (await visitor.send("Does it hurt?")).json()["messages"]
        assert await next_message(lines) == answer


@pytest.mark.parametrize("by_header", [True, False])
async def test_a_dropped_connection_gets_what_it_missed(website: Website, sessions: Sessions, by_header: bool) -> None:
    async with visiting(website) as visitor:
        last = (await visitor.history())[-1]["id"]
        missed = [staff_writes(sessions, visitor.conversation_id, f"message {n}") for n in range(3)]
        how = {"headers": {"Last-Event-ID": last}} if by_header else {"params": {"after": last}}
        async with listening(visitor, **how) as lines:
            assert [(await next_message(lines))["id"] for _ in range(3)] == missed


async def test_nobody_hears_another_conversation(website: Website, sessions: Sessions) -> None:
    async with visiting(website) as visitor:
        other = Visitor(visitor.http)
        await other.open()
        async with listening(visitor) as lines:
            staff_writes(sessions, other.conversation_id, "for the other")
            staff_writes(sessions, visitor.conversation_id, "for me")
            assert (await next_message(lines))["text"] == "for me"


async def test_a_quiet_stream_is_kept_alive_with_comments(website: Website) -> None:
    async with visiting(website) as visitor, listening(visitor) as lines:
        async for line in lines:
            if line.startswith(":"):
                return


async def test_streams_end_cleanly_when_the_server_stops(website: Website) -> None:
    ended = asyncio.Event()

    async def listen(visitor: Visitor, ready: asyncio.Event) -> None:
        async with listening(visitor) as lines:
            ready.set()
            async for _ in lines:
                pass
        ended.set()

    async with httpx.AsyncClient() as http:
        async with visiting(website) as visitor:
            ready = asyncio.Event()
            own = Visitor(http, visitor.token, visitor.conversation_id)
            own.http.base_url = visitor.http.base_url
            task = asyncio.create_task(listen(own, ready))
            await ready.wait()
        await asyncio.wait_for(task, 5)
    assert ended.is_set()


async def test_more_streams_than_anybody_opens_are_429(website: Website) -> None:
    async with visiting(website) as visitor:
        tasks = []
        for _ in range(8):
            opened = asyncio.Event()

            async def hold(opened: asyncio.Event = opened) -> None:
                async with listening(visitor) as lines:
                    opened.set()
                    async for _ in lines:
                        pass

            tasks.append(asyncio.create_task(hold()))
            await asyncio.wait_for(opened.wait(), 5)
        answer = await visitor.http.get("/stream", headers=visitor.headers)
        assert answer.status_code == 429
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
