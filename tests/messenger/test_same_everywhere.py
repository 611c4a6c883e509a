"""One conversation behaves alike on each channel: the same dialogues through website, Messenger and REST."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from cryptography.fernet import Fernet

from bot.channels.messenger.render import shorten
from bot.channels.messenger.signature import HEADER, sign
from bot.serving import training

from . import bodies
from .bodies import APP, PAGE
from .clinic import SECRET, TOKEN, VERIFY, words
from .graph import FakeGraph

pytestmark = pytest.mark.slow

START_LIMIT, ANSWER_LIMIT = 180.0, 60.0
Told = list[tuple[str, tuple[str, ...]]]

DIALOGUES = {
    "questions": ["hi", "does it hurt?", "and how many sessions do I need?", "what does it cost", "thanks, bye"],
    "danger": ["hello", "my lips are swelling and I can't breathe"],
    "screening": ["can I have mesotherapy?", "yes", "I am 34", "no", "stop"],
    "person": ["are you a robot?", "I want to talk to a person"],
    "nonsense": ["qwrtz plmk", "who will win the election?"],
}


@dataclass
class Parts:
    """What runs: Rasa with three channels, and Meta's stand-in."""

    rasa: str
    graph: FakeGraph
    mids: list[str] = field(default_factory=list)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def model() -> Path:
    return training.current_model() or training.train(lambda step: None)


@asynccontextmanager
async def running(model: Path, folder: Path, root: Path) -> AsyncIterator[Parts]:
    """Rasa and the action server as processes, with a store of their own."""
    credentials = folder / "credentials.yml"
    credentials.write_text(
        "bot.channels.website.WebsiteChannel: {}\nbot.channels.messenger.MessengerChannel: {}\nrest: {}\n"
    )
    graph = FakeGraph(PAGE, APP, TOKEN, SECRET, lambda: datetime.now(timezone.utc))
    rasa_port, actions_port = free_port(), free_port()
    async with graph.serving() as graph_url:
        env = _environment(folder, rasa_port, actions_port, graph_url) | {"MESOGUIDE_CREDENTIALS": str(credentials)}
        commands = [["-m", "bot.serving.action_server"], ["-m", "bot.serving.rasa_server", str(model)]]
        with (folder / "log.txt").open("wb") as log:
            started = [
                subprocess.Popen([sys.executable, *one], cwd=root, env=env, stdout=log, stderr=log) for one in commands
            ]
        try:
            await _ready(f"http://127.0.0.1:{rasa_port}/webhooks/website/health", folder / "log.txt")
            await _ready(f"http://127.0.0.1:{actions_port}/health", folder / "log.txt")
            yield Parts(f"http://127.0.0.1:{rasa_port}", graph)
        finally:
            for process in started:
                process.terminate()
            for process in started:
                process.wait(30)


def _environment(folder: Path, rasa_port: int, actions_port: int, graph_url: str) -> dict[str, str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("MESSENGER_", "DATABASE_"))}
    return env | {
        "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
        "RASA_PORT": str(rasa_port),
        "RASA_PROCESSES": "1",
        "MESOGUIDE_ACTIONS": "server",  # the other way to run them, seen here from end to end
        "ACTIONS_PORT": str(actions_port),
        "MESOGUIDE_VAR": str(folder),
        "MESOGUIDE_KEYS": Fernet.generate_key().decode(),
        "MESOGUIDE_SECRET": "a secret for the tests only, long enough",
        "RASA_TELEMETRY_ENABLED": "false",
        "MESSENGER_PAGE_TOKEN": TOKEN,
        "MESSENGER_APP_SECRET": SECRET,
        "MESSENGER_VERIFY_TOKEN": VERIFY,
        "MESSENGER_APP_ID": APP,
        "MESSENGER_PAGE_ID": PAGE,
        "GRAPH_API_URL": graph_url,
    }


async def _ready(address: str, log: Path) -> None:
    async with httpx.AsyncClient() as http:
        until = time.monotonic() + START_LIMIT
        while True:
            try:
                if (await http.get(address)).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            assert time.monotonic() < until, log.read_text()[-3000:]
            await asyncio.sleep(0.3)


async def on_website(parts: Parts, lines: list[str]) -> list[Told]:
    """What the website's patient is told after each line."""
    told: list[Told] = []
    async with httpx.AsyncClient(base_url=f"{parts.rasa}/webhooks/website", timeout=ANSWER_LIMIT) as http:
        token = (await http.post("/session")).json()["token"]
        for line in lines:
            body = {"id": str(uuid4()), "text": line}
            answer = await http.post("/message", json=body, headers={"Authorization": f"Bearer {token}"})
            told.append([_told(one["text"], one["buttons"]) for one in answer.json()["messages"]])
    return told


async def on_rest(parts: Parts, lines: list[str]) -> list[Told]:
    """What comes out of Rasa's REST channel."""
    told: list[Told] = []
    sender = f"rest-{uuid4()}"
    async with httpx.AsyncClient(timeout=ANSWER_LIMIT) as http:
        for line in ["/start_chat", *lines]:
            answer = await http.post(f"{parts.rasa}/webhooks/rest/webhook", json={"sender": sender, "message": line})
            told.append([_told(one.get("text", ""), one.get("buttons") or []) for one in answer.json()])
    return told[1:]


async def on_messenger(parts: Parts, lines: list[str]) -> list[Told]:
    """What Meta was asked to show."""
    psid, wording = f"555{uuid4().int % 10**12}", words()
    own = {wording.disclosure.start, wording.disclosure.gap}
    told: list[Told] = []
    for number, line in enumerate([None, *lines]):
        now = datetime.now(timezone.utc)
        parts.graph.wrote[psid] = now
        tap = bodies.postback(psid, "Get Started", "/start_chat", at=now)
        event = tap if line is None else bodies.text(psid, line, at=now)
        parts.mids.append((event.get("message") or event["postback"])["mid"])
        sent = await _posted(parts, psid, event)
        if number:
            told.append([_told(*_shown(one)) for one in sent if _shown(one)[0] not in own])
    return told


async def _posted(parts: Parts, psid: str, event: dict[str, Any]) -> list[dict[str, Any]]:
    """What a person is sent after an event."""
    raw, before = bodies.body(event), len(_sent(parts, psid))
    async with httpx.AsyncClient(timeout=ANSWER_LIMIT) as http:
        answer = await http.post(f"{parts.rasa}/webhooks/messenger", content=raw, headers={HEADER: sign(raw, SECRET)})
    assert answer.status_code == 200
    return await _quiet(parts, psid, before)


async def _quiet(parts: Parts, psid: str, before: int) -> list[dict[str, Any]]:
    """What was sent to a person, once something was and nothing more comes."""
    until, seen, since = time.monotonic() + ANSWER_LIMIT, before, time.monotonic()
    while time.monotonic() < until:
        if len(_sent(parts, psid)) > seen:
            seen, since = len(_sent(parts, psid)), time.monotonic()
        if seen > before and time.monotonic() - since > 3.0:
            break
        await asyncio.sleep(0.1)
    return _sent(parts, psid)[before:]


def _sent(parts: Parts, psid: str) -> list[dict[str, Any]]:
    return [one["message"] for one in parts.graph.sent if one["recipient"]["id"] == psid]


def _shown(message: dict[str, Any]) -> tuple[str, list[dict[str, Any]]]:
    if "attachment" in message:
        payload = message["attachment"]["payload"]
        return payload["text"], payload["buttons"]
    return message["text"], message.get("quick_replies", [])


def _told(text: str, buttons: list[dict[str, Any]]) -> tuple[str, tuple[str, ...]]:
    """A message as compared: its words without a list of long titles and without an address, its buttons as short as a
    channel shows them."""
    lines = [line.split(" More about it: ")[0] for line in text.split("\n") if not line.startswith("• ")]
    return "\n".join(lines).strip(), tuple(shorten(one["title"]) for one in buttons)


def test_the_same_dialogue_is_answered_alike_on_every_channel(model: Path, tmp_path: Path, root: Path) -> None:
    async def compare() -> list[list[list[Told]]]:
        async with running(model, tmp_path, root) as parts:  # all at once: what takes time is waiting for quiet
            channels = (on_website, on_messenger, on_rest)
            everywhere = (asyncio.gather(*(ask(parts, lines) for ask in channels)) for lines in DIALOGUES.values())
            return await asyncio.gather(*everywhere)

    for name, (website, messenger, rest) in zip(DIALOGUES, asyncio.run(compare()), strict=True):
        assert all(website), f"{name}: somebody was told nothing"
        assert messenger == website, name
        assert rest == website, name


def test_a_corrected_answer_is_not_taken_for_the_answer_to_the_next_question(
    model: Path, tmp_path: Path, root: Path
) -> None:
    async def talk() -> list[Told]:
        async with running(model, tmp_path, root) as parts:
            asked = await on_messenger(parts, ["can I have mesotherapy?", "yes", "I am 34", "noo"])
            psid = parts.graph.sent[-1]["recipient"]["id"]
            mid, late = parts.mids[-1], words().replies["edited_late"].say
            now = parts.graph.wrote[psid] = datetime.now(timezone.utc)
            edited = await _posted(parts, psid, bodies.edit(psid, mid, "no", at=now))
            now = parts.graph.wrote[psid] = datetime.now(timezone.utc)
            danger = await _posted(parts, psid, bodies.edit(psid, mid, "no, I cannot breathe", number=2, at=now))
        assert [_shown(one)[0] for one in edited] == [late]
        assert "112" in _shown(danger[0])[0]
        return asked

    assert all(asyncio.run(talk()))
