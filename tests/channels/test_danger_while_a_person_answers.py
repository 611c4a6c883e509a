"""A person has the chat: the assistant is silent, but for the fixed advice in danger. Rasa itself, with its tracker."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from rasa.core.agent import Agent, load_agent
from rasa.core.processor import MessageProcessor
from rasa.core.utils import AvailableEndpoints
from rasa.shared.core.events import BotUttered, ConversationPaused, Event
from rasa.utils.log_utils import configure_structlog

from bot.serving import models, own_actions, paused
from bot.settings import BOT
from bot.store import conversations, desk_ownership, staff, triage
from bot.store.crypto import configure_keys, forget_keys
from bot.store.engine import Sessions, make_engine, make_sessions, reading, unit_of_work
from bot.store.migrate import migrate
from tests.channels.website_server import Visitor, parts, visiting
from tests.messenger import bodies, clinic

PASSWORD = "correct horse battery staple"  # noqa: S105 - of nobody
MODEL = models.live()
pytestmark = [pytest.mark.slow, pytest.mark.skipif(MODEL is None, reason="no trained model: mesoguide train")]
SAY = {"text": "Maria is here.", "metadata": {"kind": "handoff"}}
ONLY_DANGER = [("My lips are swelling and I cannot breathe", "emergency"), ("There is pus and it is hot", "urgent")]


@dataclass
class Bot:
    """Rasa with the trained model, its tracker store and the actions, in this process."""

    agent: Agent
    sessions: Sessions

    async def __call__(self, message: Any) -> None:
        await self.agent.handle_message(message)

    async def understand(self, text: str) -> Any:
        return None if text.startswith("/") else await self.agent.parse_message(text)

    async def tell(self, chat: str, *events: Event) -> None:
        """What the desk's errands do through Rasa's HTTP API: add events to the tracker."""
        tracker = await self.agent.tracker_store.get_or_create_tracker(chat)
        for event in events:
            tracker.update(event, self.agent.domain)
        await self.agent.tracker_store.save(tracker)

    async def take_over(self, chat: str, *, heard: bool) -> None:
        """Somebody at the desk takes the chat; `heard`: Rasa has been told to pause."""
        with unit_of_work(self.sessions) as session:
            now = clinic.NOW
            who = staff.find(session, "maria@clinic.example") or staff.create_admin(
                session, "maria@clinic.example", "Maria", PASSWORD, now
            )
            assert desk_ownership.take_over(session, chat, who.id, SAY, now)
            session.commit()
        if heard:
            await self.tell(chat, ConversationPaused(), BotUttered("Hello, this is Maria.", metadata={"from": "staff"}))

    def dangers(self, chat: str) -> int:
        with reading(self.sessions) as session:
            return len([one for one in triage.queue(session, clinic.NOW).items if one.kind == "danger"])

    def kinds(self, chat: str) -> list[str]:
        """What was said after the person came, by kind."""
        with reading(self.sessions) as session:
            rows = conversations.transcript(session, chat)
            texts = [row.text for row in rows]
            return [str(row.kind) for row in rows[texts.index(SAY["text"]) + 1 :] if row.sender == "bot"]


@pytest.fixture
async def bot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bot]:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    keys = Fernet.generate_key().decode()
    for name, value in {"DATABASE_URL": url, "MESOGUIDE_KEYS": keys, "MESOGUIDE_VAR": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    configure_keys([keys])
    configure_structlog()
    engine = make_engine(url)
    migrate(engine)
    monkeypatch.setattr(MessageProcessor, "_should_handle_message", MessageProcessor._should_handle_message)
    paused.install()
    monkeypatch.chdir(BOT)
    endpoints = AvailableEndpoints.read_endpoints(str(BOT / "endpoints.yml"))
    endpoints.action = own_actions.OwnActions(**endpoints.action.kwargs)
    agent = await load_agent(model_path=str(MODEL), endpoints=endpoints)
    yield Bot(agent, make_sessions(engine))
    engine.dispose()
    forget_keys()


async def on_the_website(bot: Bot, visitor: Visitor, text: str) -> list[str]:
    answer = await visitor.send(text)
    assert answer.status_code == 200, answer.text
    return [one["metadata"]["kind"] for one in answer.json()["messages"]]


async def test_on_the_website_only_advice_in_danger_is_said_before_and_after_the_pause_reached_rasa(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.channels.website.understood_by", lambda app, text: bot.understand(text))
    async with visiting(parts(bot.sessions), bot) as visitor:
        chat = visitor.conversation_id
        await bot.take_over(chat, heard=False)
        assert await on_the_website(bot, visitor, "Does it hurt?") == []
        assert await on_the_website(bot, visitor, ONLY_DANGER[0][0]) == ["emergency"]
        await bot.tell(chat, ConversationPaused())
        for number, (text, kind) in enumerate(ONLY_DANGER):
            assert await on_the_website(bot, visitor, "Does it hurt?") == []
            assert await on_the_website(bot, visitor, text) == [kind]
            assert bot.dangers(chat) == number + 2
        assert await on_the_website(bot, visitor, "I want to book a visit") == []
        assert bot.kinds(chat) == ["emergency", "emergency", "urgent"]


async def test_in_messenger_only_advice_in_danger_is_said_before_and_after_the_pause_reached_rasa(bot: Bot) -> None:
    async with clinic.clinic(bot.sessions, bot) as it:
        assert it.door.worker is not None

        async def hears(text: str) -> bool:
            return bool((await bot.agent.parse_message(text) or {}).get("danger"))

        it.door.worker.work.hears_danger = hears
        await it.receive(bodies.text(bodies.ANNA, "Hello"))
        chat = it.link(bodies.ANNA).conversation_id
        await bot.take_over(chat, heard=False)
        await it.receive(bodies.text(bodies.ANNA, ONLY_DANGER[0][0]))
        await bot.tell(chat, ConversationPaused())
        await it.receive(bodies.text(bodies.ANNA, "Does it hurt?"))
        picture = [{"type": "image", "payload": {"url": bodies.MEDIA_URL}}]
        await it.receive(bodies.text(bodies.ANNA, ONLY_DANGER[1][0], attachments=picture))
        assert bot.kinds(chat) == ["emergency", "urgent"]
        assert bot.dangers(chat) == 2
        assert "112" in it.graph.texts(bodies.ANNA)[-1]
