"""What running processes remember of a person goes when the person is erased, whoever erased them."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from sqlalchemy import select

from bot.clinic.content import load_content
from bot.nlu.encoders import Remembering
from bot.nlu.spelling import Speller
from bot.settings import BOT
from bot.store import conversations, privacy
from bot.store.desk_search import SearchIndex
from bot.store.engine import Sessions, reading, unit_of_work
from bot.store.forgetting import Watch, remembers
from bot.store.models import Conversation, TrackerState, TrackerTurn
from bot.store.opening import open_store
from bot.store.retention import retain
from bot.store.tracker_store import CompactTrackerStore
from tests.trust.conftest import empty_installation
from tests.trust.databases import NOW

CHAT = "a-chat"


@pytest.fixture
def sessions(
    request: pytest.FixtureRequest, tmp_path: Path, keys: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> Sessions:
    settings = empty_installation(request, "sqlite", tmp_path, keys)
    monkeypatch.setenv("DATABASE_URL", settings.database_url)
    sessions = open_store(settings)
    with unit_of_work(sessions) as session:
        conversations.open_conversation(session, channel="website", now=NOW, conversation_id=CHAT)
        session.commit()
    return sessions


def erase(sessions: Sessions) -> None:
    with unit_of_work(sessions) as session:
        privacy.erase_conversation(session, CHAT, actor="system", now=NOW)
        session.commit()


def remembering(store: CompactTrackerStore) -> list[str]:
    return list(store._recent._trackers)


def test_a_running_rasa_lets_go_of_the_tracker_of_somebody_erased_elsewhere(sessions: Sessions) -> None:
    store = CompactTrackerStore(Domain.empty())
    tracker = DialogueStateTracker.from_events(CHAT, [UserUttered("I am pregnant"), ActionExecuted("action_listen")])
    asyncio.run(store.save(tracker))
    assert remembering(store) == [CHAT]
    watch = Watch(sessions)
    assert not watch.look()
    erase(sessions)
    assert watch.look()
    assert remembering(store) == []


def test_a_tracker_that_is_still_remembered_is_not_handed_out_after_the_erasure(sessions: Sessions) -> None:
    store = CompactTrackerStore(Domain.empty())
    tracker = DialogueStateTracker.from_events(CHAT, [UserUttered("I am pregnant"), ActionExecuted("action_listen")])
    asyncio.run(store.save(tracker))
    erase(sessions)
    assert asyncio.run(store.retrieve(CHAT)) is None


def test_a_turn_that_runs_while_its_person_is_erased_writes_nothing_again(sessions: Sessions) -> None:
    store = CompactTrackerStore(Domain.empty())
    tracker = DialogueStateTracker.from_events(CHAT, [UserUttered("I am pregnant"), ActionExecuted("action_listen")])
    asyncio.run(store.save(tracker))
    erase(sessions)
    tracker.update(UserUttered("and 34"))
    asyncio.run(store.save(tracker))
    assert not asyncio.run(store.exists(CHAT))


def test_what_a_running_turn_wrote_after_the_erasure_goes_with_the_next_retention(sessions: Sessions) -> None:
    erase(sessions)
    with unit_of_work(sessions) as session:
        conversations.ensure_conversation(session, CHAT, channel="website", now=NOW)
        session.add(TrackerTurn(sender_id="nobody's", last=1, events=[{"text": "I am pregnant"}], saved_at=NOW))
        session.add(TrackerState(sender_id="nobody's", total=2, window_start=0))
        session.commit()
    days = load_content(BOT / "content").clinic.privacy
    assert retain(sessions, days, NOW + timedelta(minutes=5)).rests_of_erased_chats == 1
    assert retain(sessions, days, NOW + timedelta(hours=2)).rests_of_erased_chats == 2
    with reading(sessions) as session:
        assert not [row for one in (Conversation, TrackerTurn, TrackerState) for row in session.scalars(select(one))]


def test_memories_of_words_are_emptied_and_nothing_is_while_nobody_is_erased(sessions: Sessions) -> None:
    class Lengths:
        def encode(self, texts: list[str]) -> list[list[int]]:
            return [[len(text)] for text in texts]

    encoder, index, speller = Remembering(Lengths()), SearchIndex(), Speller({}, ["pregnant"])  # type: ignore[arg-type]
    remembers(speller.forget)
    encoder.encode(["I am pregnant"])
    index._questions["item"] = "i am pregnant"
    speller.word("pregnent")
    watch = Watch(sessions)
    assert not watch.look()
    assert not watch.look()
    assert list(encoder._known._known) == ["I am pregnant"]
    erase(sessions)
    watch.look()
    assert (list(encoder._known._known), index._questions, speller._remember.cache_info().currsize) == ([], {}, 0)


def test_the_watch_looks_by_itself_while_the_process_runs(sessions: Sessions) -> None:
    index = SearchIndex()
    index._questions["item"] = "i am pregnant"
    watch = Watch(sessions, every=0.01).start()
    try:
        for _ in range(500):
            if watch._seen is not None:
                break
            watch._stop.wait(0.01)
        erase(sessions)
        for _ in range(500):
            if not index._questions:
                break
            watch._stop.wait(0.01)
    finally:
        watch.stop()
    assert index._questions == {}
