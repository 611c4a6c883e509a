"""An answer's record is written in the transaction that saves Rasa's turn: both, or the turn and then the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import Engine, event

from bot.channels.incoming import Incoming
from bot.channels.records import Records
from bot.channels.turns import Turns
from bot.store import crypto
from bot.store import turns as log
from bot.store.engine import make_engine, make_sessions
from bot.store.migrate import migrate
from bot.store.tracker_store import CompactTrackerStore
from tests.store.dialogues import DOMAIN, Dialogue

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=timezone.utc)
HELLO = "6f0d2b1c-6c2c-4c58-9d64-0f4c3a1f0a01"


class Chat:
    """A channel and Rasa's store on one database; Rasa itself is one save and one thing said."""

    def __init__(self, url: str, store_url: str | None = None) -> None:
        self.engine = make_engine(url)
        migrate(self.engine)
        self.records = Records(make_sessions(self.engine), "website", str)
        self.store = CompactTrackerStore(DOMAIN, store_url or url)
        self.chat = self.records.open(NOW)
        self.says: dict[str, Any] = {"text": "It depends.", "metadata": {"kind": "answer"}}

    async def rasa(self, message: Any) -> None:
        tracker = await self.store.get_or_create_tracker(message.sender_id, append_action_listen=False)
        dialogue = Dialogue(1)
        for one in dialogue.stamped(dialogue.answer()):
            tracker.update(one)
        if self.says:
            await message.output_channel.send_response(message.sender_id, dict(self.says))
        await self.store.save(tracker)

    async def turn(self) -> list[dict[str, Any]]:
        async def sorry(chat: str) -> dict[str, Any]:
            return {"text": "Sorry."}

        turns = Turns("website", self.rasa, self.records, sorry, lambda: NOW)
        return await turns.answer(self.chat, Incoming(HELLO, text="does it hurt?"))

    def transcript(self) -> list[tuple[str, str]]:
        return [(line["from"], line["text"]) for line in self.records.history(self.chat)]


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    crypto.configure_keys([Fernet.generate_key().decode()])
    yield f"sqlite:///{tmp_path}/endings.db"
    crypto.forget_keys()


BOTH = [("patient", "does it hurt?"), ("bot", "It depends.")]


def commits(engine: Engine) -> list[object]:
    seen: list[object] = []
    event.listen(engine, "commit", seen.append)
    return seen


async def test_nothing_is_enciphered_while_the_lock_is_held(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite has one write lock for everybody."""
    chat, held, made = Chat(url), [False], []
    for engine in (chat.engine, chat.store.engine):
        event.listen(engine, "begin", lambda connection: held.__setitem__(0, True))
        for end in ("commit", "rollback"):
            event.listen(engine, end, lambda connection: held.__setitem__(0, False))
    encrypt = crypto.KeyRing.encrypt

    def noted(ring: crypto.KeyRing, plain: bytes) -> str:
        made.append((plain, held[0]))
        return encrypt(ring, plain)

    monkeypatch.setattr(crypto.KeyRing, "encrypt", noted)
    await chat.turn()
    assert {"does it hurt?", "It depends."} <= {plain.decode() for plain, _ in made}
    assert [plain for plain, while_held in made if while_held and plain not in crypto.EMPTY] == []


async def test_a_turn_is_two_transactions_the_message_and_all_that_came_of_it(url: str) -> None:
    chat = Chat(url)
    channel, rasa = commits(chat.engine), commits(chat.store.engine)
    said = await chat.turn()
    assert [one["text"] for one in said] == ["It depends."]
    assert chat.transcript() == BOTH
    writes = [one for one in channel if not one.get_execution_options().get("mesoguide_read_only")]  # type: ignore[attr-defined]
    assert (len(writes), len(rasa)) == (1, 1)
    assert said == chat.records.answer_to(chat.records.accept(chat.chat, Incoming(HELLO, text="does it hurt?"), NOW))


async def test_an_answer_that_cannot_be_written_with_the_save_costs_neither(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat, record, tries = Chat(url), Records._record, []

    def fails_once(*arguments: Any) -> Any:
        tries.append(record(*arguments))
        if len(tries) == 1:
            raise RuntimeError
        return tries[-1]

    monkeypatch.setattr(Records, "_record", staticmethod(fails_once))
    assert [one["text"] for one in await chat.turn()] == ["It depends."]
    assert chat.transcript() == BOTH
    assert log.total(chat.engine, chat.chat) > 0
    assert len(tries) == 2


async def test_a_store_of_another_database_gets_none_of_the_transcript(url: str, tmp_path: Path) -> None:
    chat = Chat(url, f"sqlite:///{tmp_path}/elsewhere.db")
    await chat.turn()
    assert chat.transcript() == BOTH
    assert log.total(chat.engine, chat.chat) == 0


async def test_nothing_said_is_an_apology_and_not_an_ending(url: str) -> None:
    chat = Chat(url)
    chat.says = {}
    assert [one["text"] for one in await chat.turn()] == ["Sorry."]
    assert chat.transcript()[-1] == ("bot", "Sorry.")


async def test_two_turns_at_once_end_with_their_own_answers(url: str) -> None:
    one, two = Chat(url), Chat(url)
    two.says = {"text": "Something else.", "metadata": {"kind": "answer"}}
    await asyncio.gather(one.turn(), two.turn())
    assert (one.transcript()[-1], two.transcript()[-1]) == (("bot", "It depends."), ("bot", "Something else."))
