"""What a turn costs is counted, not timed: statements, bytes and calls stay the same however long the conversation."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from uuid import uuid4

import pytest
from cryptography.fernet import Fernet
from rasa.core.actions.action import RemoteAction
from rasa.shared.core.events import ActionExecuted
from sqlalchemy import Engine, event

from bot.channels.incoming import Incoming
from bot.channels.records import Records
from bot.serving import fast, fast_states
from bot.store import crypto
from bot.store.engine import make_engine, make_sessions
from bot.store.tracker_store import CompactTrackerStore
from tests.databases import empty_database
from tests.store.dialogues import DOMAIN, Dialogue

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=timezone.utc)
LONG = 240
SETTLED = 30  # turns until the window has moved a few times
STATEMENTS_OF_THE_STORE = 5  # a turn: state, window; state, turn, and BEGINs counted with them
STATEMENTS_OF_THE_TRANSCRIPT = 9
PAGES_OF_THE_TRANSCRIPT = 20  # a message and its answer; an index more over the time of both is 4 to 6


class Counter:
    """Counts an engine's statements and the bytes decrypted, turn by turn."""

    def __init__(self, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
        self.statements: list[int] = []
        self.read: list[int] = []
        event.listen(engine, "before_cursor_execute", self._statement)
        decrypt = crypto.KeyRing.decrypt

        def counted(ring: crypto.KeyRing, value: str) -> bytes:
            self.read[-1] += len(value)
            return decrypt(ring, value)

        monkeypatch.setattr(crypto.KeyRing, "decrypt", counted)

    def turn(self) -> None:
        self.statements.append(0)
        self.read.append(0)

    def _statement(self, connection: object, cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith(("BEGIN", "PRAGMA")):
            self.statements[-1] += 1


@pytest.fixture
def path(tmp_path: Path) -> Iterator[str]:
    crypto.configure_keys([Fernet.generate_key().decode()])
    yield empty_database(tmp_path / "counts.db")
    crypto.forget_keys()


def assert_flat(values: list[int], slack: float = 1.15) -> None:
    """Late turns cost at most what settled turns cost; the window's places differ a little from turn to turn."""
    settled, late = values[SETTLED : 2 * SETTLED], values[-SETTLED:]
    assert max(late) <= slack * max(settled), (max(settled), max(late))


def test_a_turn_of_the_tracker_store_costs_the_same_at_turn_240(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store = CompactTrackerStore(DOMAIN, path)
    counter = Counter(store.engine, monkeypatch)
    action = RemoteAction("action_answer", None)
    calls, events_held, states = [], [], []

    async def talk() -> None:
        dialogue = Dialogue(11)
        for _ in range(LONG):
            counter.turn()
            tracker = await store.get_or_create_tracker("s", append_action_listen=False)
            for one in dialogue.stamped(dialogue.answer()):
                tracker.update(one)
            calls.append(len(json.dumps(fast.action_call_format(action, tracker, DOMAIN))))
            events_held.append(len(tracker.events))
            states.append(len(fast_states.past_states(tracker, DOMAIN)))
            await store.save(tracker)

    asyncio.run(talk())
    store.engine.dispose()
    assert set(counter.statements[2:]) <= set(range(STATEMENTS_OF_THE_STORE + 1))
    for values in (counter.read, calls, events_held, states):
        assert_flat(values)


def test_a_turn_of_the_transcript_costs_the_same_at_turn_240(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = make_engine(path)
    records = Records(make_sessions(engine), "website", str)
    chat = records.open(NOW)
    counter = Counter(engine, monkeypatch)
    says = [{"text": "It depends.", "buttons": [], "metadata": {"kind": "answer"}}]
    for number in range(LONG):
        counter.turn()
        now = NOW + timedelta(seconds=number)
        turn = records.accept(chat, Incoming(str(uuid4()), text="does it hurt?"), now)
        records.answered(turn, says, now, "")
    engine.dispose()
    assert len(set(counter.statements)) == 1
    assert counter.statements[0] <= STATEMENTS_OF_THE_TRANSCRIPT
    assert_flat(counter.read)


def test_a_turn_of_the_transcript_writes_few_pages(path: str) -> None:
    """Each index that moves with every message is another page to write while SQLite's lock is held."""
    engine = make_engine(path)
    records = Records(make_sessions(engine), "website", str)
    chats = [records.open(NOW) for _ in range(20)]
    says = [{"text": "It depends.", "buttons": [], "metadata": {"kind": "answer"}}]

    def pages() -> float:
        return Path(f"{engine.url.database}-wal").stat().st_size / 4096

    for chat in chats:
        records.answered(records.accept(chat, Incoming(str(uuid4()), text="hello"), NOW), says, NOW, "")
    before = pages()
    for number, chat in enumerate(chats):
        now = NOW + timedelta(seconds=number)
        records.answered(records.accept(chat, Incoming(str(uuid4()), text="does it hurt?"), now), says, now, "")
    written = (pages() - before) / len(chats)
    engine.dispose()
    assert 5 < written <= PAGES_OF_THE_TRANSCRIPT


def test_a_pressed_button_is_found_where_it_was_just_shown(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = make_engine(path)
    records = Records(make_sessions(engine), "website", str)
    chat = records.open(NOW)
    says = [{"text": "Yes?", "buttons": [{"title": "Sure", "payload": "/affirm{}"}], "metadata": {"kind": "question"}}]
    deciphered: list[str] = []
    decrypt = crypto.KeyRing.decrypt
    monkeypatch.setattr(crypto.KeyRing, "decrypt", lambda ring, value: deciphered.append(value) or decrypt(ring, value))
    for number in range(6):
        now = NOW + timedelta(seconds=number)
        pressed = {"payload": "/affirm{}"} if number else {"text": "hello"}
        deciphered.clear()
        turn = records.accept(chat, Incoming(str(uuid4()), **pressed), now)
        assert len(deciphered) == (4 if number else 0)  # buttons and metadata of two lines
        records.answered(turn, says, now, "")
    engine.dispose()


def test_a_prediction_works_out_each_state_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made = 0
    stock = type(DOMAIN).get_active_state

    def counted(*arguments: object, **options: object) -> object:
        nonlocal made
        made += 1
        return stock(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(type(DOMAIN), "get_active_state", counted)
    from rasa.shared.core.trackers import DialogueStateTracker

    tracker = DialogueStateTracker("s", DOMAIN.slots)
    actions = 0
    for events in itertools.islice(Dialogue(2).turns(), 3):
        for one in events:
            tracker.update(one)
            actions += isinstance(one, ActionExecuted)
    for _ in range(3):  # by text, by intent, by memory
        fast_states.past_states(tracker, DOMAIN)
    assert made <= actions + 1
