"""The website channel on a real Sanic server and SQLite file, with a stand-in for Rasa that a test writes itself."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from cryptography.fernet import Fernet
from rasa.core.channels.channel import UserMessage
from sanic import Sanic

from bot.channels.tokens import Tokens
from bot.channels.website import NAME, Website, WebsiteChannel
from bot.limits import RATES, Limits
from bot.problems import Problems
from bot.store.crypto import configure_keys
from bot.store.engine import Sessions, make_engine, make_sessions
from tests.databases import empty_database

PLACEHOLDERS = {"clinic_phone": "+1 202 555 0143", "emergency_number": "112"}
TOPICS = {"ask_side_effects": "Side effects"}
KEY = Fernet.generate_key().decode()
Agent = Callable[[UserMessage], Awaitable[None]]


def sessions_at(path: Path) -> Sessions:
    """A migrated SQLite store."""
    configure_keys([KEY])
    return make_sessions(make_engine(empty_database(path)))


def free_port() -> int:
    """A TCP port nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def parts(sessions: Sessions, **changes: Any) -> Website:
    """The channel's parts with test secrets."""
    values: dict[str, Any] = {
        "sessions": sessions,
        "tokens": Tokens("a secret for tests", NAME),
        "limits": Limits(rates=changes.pop("rates", RATES)),
        "problems": Problems(PLACEHOLDERS),
        "topics": TOPICS,
        "placeholders": PLACEHOLDERS,
    }
    return Website(**{**values, **changes})


async def echo(message: UserMessage) -> None:
    """An agent that greets at the start and repeats everything else."""
    if message.text == "/start_chat":
        await say(
            message,
            "Hello, I am a computer program.",
            buttons=[{"title": "Side effects", "payload": "/ask_side_effects"}],
        )
    else:
        await say(message, f"You said: {message.text}", kind="answer")


async def say(message: UserMessage, text: str, *, buttons: list[dict[str, str]] | None = None, **metadata: Any) -> None:
    """Speak as Rasa does: one complete message to the channel's `send_response`."""
    said: dict[str, Any] = {"text": text, "buttons": buttons or []}
    if metadata:
        said["metadata"] = metadata
    await message.output_channel.send_response(message.sender_id, said)


@dataclass
class Visitor:
    """A patient's program: knows its token, sends messages with fresh ids."""

    http: httpx.AsyncClient
    token: str = ""
    conversation_id: str = ""

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    async def open(self) -> Visitor:
        """Start a session."""
        answer = await self.http.post("/session")
        assert answer.status_code == 201, answer.text
        self.token, self.conversation_id = answer.json()["token"], answer.json()["conversation_id"]
        return self

    async def send(self, text: str | None = None, *, id: str | None = None, **more: Any) -> httpx.Response:
        """Send words, or with `payload=` a button."""
        body = {"id": id or str(uuid4()), **({} if text is None else {"text": text}), **more}
        return await self.http.post("/message", json=body, headers=self.headers)

    async def history(self) -> list[dict[str, Any]]:
        """The transcript as the interface shows it."""
        answer = await self.http.get("/history", headers=self.headers)
        assert answer.status_code == 200, answer.text
        return answer.json()["messages"]


@asynccontextmanager
async def serving(website: Website, agent: Agent = echo, port: int | None = None) -> AsyncIterator[str]:
    """A server with the channel; yields its base address."""
    port = port or free_port()
    Sanic.test_mode = True  # several servers in one process
    app = Sanic(f"test-{uuid4().hex}", configure_logging=False)
    app.config.MOTD = False
    app.blueprint(WebsiteChannel(website).blueprint(agent), url_prefix="/webhooks/website")
    server = await app.create_server("127.0.0.1", port, return_asyncio_server=True, access_log=False)
    await server.startup()
    await server.before_start()
    await server.start_serving()
    try:
        yield f"http://127.0.0.1:{port}/webhooks/website"
    finally:
        await server.before_stop()
        server.close()
        await asyncio.sleep(0.1)  # time for the streams to end as they do when a server stops
        for connection in list(server.connections):
            connection.abort()
        await asyncio.sleep(0)
        await server.after_stop()


@asynccontextmanager
async def visiting(website: Website, agent: Agent = echo) -> AsyncIterator[Visitor]:
    """A visitor with an open session on a server of its own."""
    async with serving(website, agent) as address, httpx.AsyncClient(base_url=address, timeout=20) as http:
        yield await Visitor(http).open()
