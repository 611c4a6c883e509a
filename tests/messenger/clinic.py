"""The Messenger channel on a real Sanic server, a real SQLite file and the stand-in Graph API; Rasa is a function."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from rasa.core.channels.channel import UserMessage
from sanic import Sanic

from bot.channels.messenger.channel import Door, Parts, routes
from bot.channels.messenger.settings import MessengerSettings
from bot.channels.messenger.signature import HEADER, sign
from bot.channels.messenger.words import Words, load_words
from bot.clinic.content import load_content
from bot.settings import BOT
from bot.store import conversations, messenger
from bot.store.engine import Sessions, reading, unit_of_work
from bot.store.models import Conversation, Message

from .bodies import APP, PAGE, body
from .graph import FakeGraph

SECRET, TOKEN, VERIFY = "an app secret", "EAAB-page-token", "a-verify-token-of-32-characters!"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=timezone.utc)
Agent = Callable[[UserMessage], Awaitable[None]]


class Clock:
    """Time as the test wants it."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> datetime:
        self.now += timedelta(**by)
        return self.now


async def repeat(message: UserMessage) -> None:
    """A Rasa that greets at the start, knows one danger, and repeats the rest."""
    if message.text == "/start_chat":
        await say(message, "Hello, I am a computer program.", kind="smalltalk")
    elif "breathe" in (message.text or ""):
        await say(message, "Please call 112 now.", kind="emergency")
    else:
        await say(message, f"You said: {message.text}", kind="answer")


async def say(message: UserMessage, words: str, buttons: list[dict[str, str]] | None = None, **metadata: Any) -> None:
    said = {"text": words, "buttons": buttons or [], "metadata": metadata or {"kind": "answer"}}
    await message.output_channel.send_response(message.sender_id, said)


@dataclass
class Heard:
    """A Rasa that remembers what it was told."""

    agent: Agent = repeat
    texts: list[str] = field(default_factory=list)

    async def __call__(self, message: UserMessage) -> None:
        self.texts.append(str(message.text))
        await self.agent(message)


@dataclass
class Clinic:
    """A running channel and everything around it, as a test sees it."""

    door: Door
    http: httpx.AsyncClient
    graph: FakeGraph
    sessions: Sessions
    words: Words
    clock: Clock
    heard: Heard

    async def post(self, raw: bytes, header: str | None = "right", **headers: str) -> httpx.Response:
        """Call the webhook; signed rightly unless told otherwise. Remembers, as Meta does, who wrote when."""
        lines = [(name.encode(), value.encode()) for name, value in headers.items()]
        if header is not None:
            lines.append((HEADER.encode(), (sign(raw, SECRET) if header == "right" else header).encode()))
        return await self.http.post("/webhooks/messenger/", content=raw, headers=lines)

    async def receive(self, *events: dict[str, Any], standby: bool = False) -> None:
        """Events arrive in one body and are worked off."""
        for event in events:
            if event["sender"]["id"] != PAGE and ("message" in event or "postback" in event):
                self.graph.wrote[event["sender"]["id"]] = self.clock()
        answer = await self.post(body(*events, standby=standby))
        assert answer.status_code == 200, answer.text
        await self.settle()

    async def settle(self) -> None:
        """Wait until nothing is left to do now."""
        assert self.door.worker is not None
        await self.door.worker.drain()
        work = self.door.worker.work
        await asyncio.gather(*work._shows)

    def rows(self, psid: str) -> list[Message]:
        """The transcript of a person's conversation."""
        with reading(self.sessions) as session:
            rows = conversations.transcript(session, self.link(psid).conversation_id)
            session.expunge_all()
            return rows

    def said(self, psid: str) -> list[tuple[str, str]]:
        """(who, text) of the transcript."""
        return [(row.sender, row.text) for row in self.rows(psid)]

    def link(self, psid: str) -> messenger.Link:
        with reading(self.sessions) as session:
            link = messenger.find(session, messenger.person_key(PAGE, psid))
            assert link is not None, "nobody of this id has written"
            return link

    def owner(self, psid: str) -> str:
        with reading(self.sessions) as session:
            row = session.get(Conversation, self.link(psid).conversation_id)
            assert row is not None
            return row.owner

    def hand(self, psid: str, owner: str) -> None:
        """As the desk does: the conversation gets another owner."""
        with unit_of_work(self.sessions) as session:
            everyone = ["bot", "waiting", "person", "returned"]
            conversations.set_owner(session, self.link(psid).conversation_id, owner, expected=everyone)  # type: ignore[arg-type]
            session.commit()

    def staff_writes(self, psid: str, words: str) -> str:
        """As the desk does: a person's answer becomes a line of the transcript."""
        with unit_of_work(self.sessions) as session:
            row = conversations.add_staff_message(
                session, self.link(psid).conversation_id, "staff-1", words, self.clock()
            )
            session.commit()
            return row.id

    def states(self, psid: str) -> list[tuple[str, str | None]]:
        """What became of the lines, in order."""
        with reading(self.sessions) as session:
            known = messenger.deliveries(session, self.link(psid).conversation_id)
        return [known[row.id] for row in self.rows(psid) if row.id in known]


def messenger_settings(graph_url: str, **changes: Any) -> MessengerSettings:
    values = {"page_token": TOKEN, "app_secret": SECRET, "verify_token": VERIFY, "app_id": APP, "page_id": PAGE}
    return MessengerSettings(**{**values, "graph_url": graph_url, **changes})


def words() -> Words:
    return load_words(BOT / "content", load_content(BOT / "content").placeholders())


@asynccontextmanager
async def clinic(
    sessions: Sessions,
    agent: Agent = repeat,
    clock: Clock | None = None,
    graph: FakeGraph | None = None,
    **changes: Any,
) -> AsyncIterator[Clinic]:
    """A server with the channel, and Meta's stand-in. The worker does nothing by itself: tests say `settle`."""
    clock = clock or Clock()
    graph = graph or FakeGraph(PAGE, APP, TOKEN, SECRET, clock)
    heard = agent if isinstance(agent, Heard) else Heard(agent)
    async with graph.serving() as graph_url:
        wording = words()
        settings = messenger_settings(graph_url, **changes)
        made = Parts(settings, sessions, wording, {}, {"clinic_phone": "+1 202 555 0143"}, clock=clock, works=False)
        async with serving(made, heard) as (door, address), httpx.AsyncClient(base_url=address, timeout=20) as http:
            yield Clinic(door, http, graph, sessions, wording, clock, heard)


@asynccontextmanager
async def serving(made: Parts, agent: Agent) -> AsyncIterator[tuple[Door, str]]:
    """One Sanic server with the channel's door, started but for the worker's own loop."""
    Sanic.test_mode = True  # several servers in one process
    app = Sanic(f"test-{uuid4().hex}", configure_logging=False)
    app.config.MOTD = False
    door = Door(made, agent)
    app.blueprint(routes(door), url_prefix="/webhooks/messenger")
    async with listening(app) as address:
        assert door.worker is not None
        door.worker.work.hears_danger = _hears
        door.worker.delivery.graph.sleep = _no_sleep
        yield door, address


@asynccontextmanager
async def listening(app: Sanic) -> AsyncIterator[str]:
    """Serve an app on a free port of loopback."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    server = await app.create_server("127.0.0.1", port, return_asyncio_server=True, access_log=False)
    await server.startup()
    await server.before_start()
    await server.start_serving()
    await server.after_start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        await server.before_stop()
        server.close()
        for connection in list(server.connections):
            connection.close_if_idle()
        await asyncio.sleep(0)
        await server.after_stop()


async def _hears(text: str) -> bool:
    return "breathe" in text


async def _no_sleep(seconds: float) -> None:
    await asyncio.sleep(0)


def sessions_at(path: Path) -> Sessions:
    """A migrated SQLite store; keys must be configured."""
    from bot.store.engine import make_engine, make_sessions
    from tests.databases import empty_database

    return make_sessions(make_engine(empty_database(path)))
