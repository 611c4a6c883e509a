"""The compact tracker store gives a turn what Rasa's own SQL store gives it, at a cost that stays flat."""

from __future__ import annotations

import copy
import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml
from cryptography.fernet import Fernet
from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import SQLTrackerStore, create_tracker_store
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, BotUttered, Event, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import EndpointConfig
from sqlalchemy import Engine

from bot.settings import SettingError
from bot.store import crypto
from bot.store.remembered import VISIBLE, Remembered
from bot.store.tracker_store import TURNS, CompactTrackerStore
from bot.store.turns import read_window

from .conftest import address
from .dialogues import DOMAIN, Dialogue

SEEN_BY_POLICIES = 8
SEEN_BY_STORIES = VISIBLE - 1  # the oldest one kept may lack what it would take over from the one before
ENDPOINT = {"type": "bot.store.tracker_store.CompactTrackerStore"}


class Stock(SQLTrackerStore):
    """Rasa's own store, with the one line that SQLAlchemy 2 needs."""

    @staticmethod
    def get_db_url(*args: Any, db: str = "", **kwargs: Any) -> Any:
        return sa.URL.create("sqlite", database=db)


@pytest.fixture
def compact(engine: Engine) -> Iterator[CompactTrackerStore]:
    store = CompactTrackerStore(DOMAIN, address(engine))
    yield store
    store.engine.dispose()


@pytest.fixture
def stock(tmp_path: Path) -> Iterator[Stock]:
    store = Stock(DOMAIN, db=str(tmp_path / "stock.db"))
    yield store
    store.engine.dispose()


async def add(store: Any, sender: str, events: list[Event]) -> DialogueStateTracker:
    """One turn as Rasa's processor does it."""
    tracker: DialogueStateTracker = await store.get_or_create_tracker(sender, append_action_listen=False)
    for event in copy.deepcopy(events):
        tracker.update(event)
    await store.save(tracker)
    return tracker


def told(tracker: DialogueStateTracker) -> dict[str, Any]:
    """What a turn reads of a tracker, the events apart."""
    state = tracker.current_state()
    state["latest_bot_utterance"] = tracker.latest_bot_utterance.as_dict()["text"]
    state["set"] = sorted(name for name, slot in tracker.slots.items() if slot.has_been_set)
    if state["active_loop"]:
        # Of an older message its text, intent and entities are kept; Rasa itself reads no more, and not even these.
        parse = state["active_loop"]["trigger_message"]
        state["active_loop"]["trigger_message"] = [parse.get(name) for name in ("text", "intent", "entities")]
    del state["events"]
    return state


def features(tracker: DialogueStateTracker, domain: Domain) -> list[Any]:
    """What policies are given: the last states, in the three ways in which they ask for them."""
    ways: list[dict[str, bool]] = [{}, {"omit_unset_slots": True}]
    as_stories_do = tracker.past_states(domain, ignore_rule_only_turns=True)[-SEEN_BY_STORIES:]
    return [*(tracker.past_states(domain, **way)[-SEEN_BY_POLICIES:] for way in ways), as_stories_do]


def last_turns(tracker: DialogueStateTracker, turns: int) -> list[dict[str, Any]]:
    """The events since the last but `turns` message, or all of a shorter conversation."""
    events = [event.as_dict() for event in tracker.events if not isinstance(event, Remembered)]
    places = [place for place, event in enumerate(events) if event["event"] == "user"]
    return events[places[-turns] :] if len(places) >= turns else events


def named(event: Any) -> Any:
    """The event; of a message, what is kept of older ones too."""
    return event and event.as_dict() | {"parse_data": [getattr(event, one, None) for one in ("intent", "entities")]}


def assert_same(ours: DialogueStateTracker, theirs: DialogueStateTracker) -> None:
    assert told(ours) == told(theirs)
    assert features(ours, DOMAIN) == features(theirs, DOMAIN)
    assert last_turns(ours, TURNS - 1) == last_turns(theirs, TURNS - 1)
    for kind in (UserUttered, ActionExecuted, BotUttered):
        assert named(ours.get_last_event_for(kind)) == named(theirs.get_last_event_for(kind))
    assert told(ours.copy()) == told(theirs.copy())


@pytest.mark.parametrize(
    ("engine", "seed"),
    [("sqlite", seed) for seed in range(40)] + [("postgresql", seed) for seed in range(40, 44)],
    indirect=["engine"],
)
async def test_a_turn_of_a_random_dialogue_sees_what_stock_rasa_sees(
    seed: int, compact: CompactTrackerStore, stock: Stock
) -> None:
    turns = Dialogue(seed).endless_form() if seed % 10 == 0 else Dialogue(seed).turns()
    for number, events in enumerate(itertools.islice(turns, 32)):
        for store in (compact, stock):
            await add(store, "s", events)
        if number % 5 == seed % 5:
            ours, theirs = await compact.retrieve("s"), await stock.retrieve("s")
            assert ours is not None
            assert theirs is not None
            assert_same(ours, theirs)


def test_no_policy_looks_further_back_than_the_store_keeps(root: Path) -> None:
    policies = yaml.safe_load((root / "bot" / "config.yml").read_text())["policies"]
    assert max(policy.get("max_history") or 0 for policy in policies) <= SEEN_BY_STORIES


async def test_the_complete_log_holds_every_event_in_order(compact: CompactTrackerStore) -> None:
    said: list[Event] = []
    for events in itertools.islice(Dialogue(1).turns(), 80):
        await add(compact, "s", events)
        said += events
    full = await compact.retrieve_full_tracker("s")
    assert full is not None
    logged = DialogueStateTracker.from_dict("s", [event.as_dict() for event in said], DOMAIN.slots)
    assert [event.as_dict() for event in full.events] == [event.as_dict() for event in logged.events]


@pytest.mark.parametrize("kind", [Dialogue.turns, Dialogue.endless_form], ids=["random", "one long form"])
async def test_what_a_turn_reads_and_writes_does_not_grow_with_the_conversation(
    compact: CompactTrackerStore, engine: Engine, kind: Callable[[Dialogue], Iterator[list[Event]]]
) -> None:
    sizes = []
    for events in itertools.islice(kind(Dialogue(3)), 400):
        await add(compact, "s", events)
        window = read_window(engine, "s")
        assert window is not None
        sizes.append((len(window.events), len(window.prefix), len(json.dumps([window.prefix, window.events]))))
    for one in range(3):
        assert max(size[one] for size in sizes[200:]) <= 1.2 * max(size[one] for size in sizes[50:200])


async def test_a_turn_costs_one_read_of_two_queries_and_one_transaction_of_two_writes(
    compact: CompactTrackerStore,
) -> None:
    turns = Dialogue(4).turns()
    for events in itertools.islice(turns, 50):
        await add(compact, "s", events)
    seen: list[str] = []
    sa.event.listen(compact.engine, "before_cursor_execute", lambda *call: seen.append(call[2].split()[0]))
    await add(compact, "s", next(turns))
    assert [verb for verb in seen if verb != "BEGIN"] == ["SELECT", "SELECT", "UPDATE", "INSERT"]


async def test_nothing_of_a_conversation_is_readable_in_the_database(
    compact: CompactTrackerStore, engine: Engine
) -> None:
    for events in itertools.islice(Dialogue(5).turns(), 30):
        await add(compact, "s", events)
    with engine.connect() as connection:
        rows = [*connection.execute(sa.text("SELECT * FROM tracker_turn"))]
        rows += connection.execute(sa.text("SELECT * FROM tracker_state"))
    assert len(rows) > 20
    assert not [row for row in rows if any(word in str(row) for word in ("message 0", "treatment", "screening"))]


async def test_two_writers_of_one_conversation_lose_and_double_nothing(compact: CompactTrackerStore) -> None:
    turns = Dialogue(6).turns()
    said: list[Event] = []
    for events in itertools.islice(turns, 12):
        said += events
        await add(compact, "s", events)
    one, two = await compact.retrieve("s"), await compact.retrieve("s")
    assert one is not None
    assert two is not None
    for tracker in (one, two, one, two):
        events = next(turns)
        said += events
        for event in events:
            tracker.update(event)
        await compact.save(tracker)
    full = await compact.retrieve_full_tracker("s")
    assert full is not None
    assert [event.as_dict() for event in full.events] == [event.as_dict() for event in said]
    for events in itertools.islice(turns, 12):
        await add(compact, "s", events)
    assert await compact.retrieve("s") is not None


async def test_a_tracker_saved_twice_in_a_turn_is_logged_once(compact: CompactTrackerStore) -> None:
    first, second = itertools.islice(Dialogue(7).turns(), 2)
    tracker = await add(compact, "s", first)
    for event in second:
        tracker.update(event)
    await compact.save(tracker)
    await compact.save(tracker)
    full = await compact.retrieve_full_tracker("s")
    assert full is not None
    assert len(full.events) == len(first) + len(second)


@pytest.mark.parametrize("whole", [True, False], ids=["with every event", "with the last turns"])
async def test_a_copy_of_a_tracker_adds_only_what_is_new(compact: CompactTrackerStore, whole: bool) -> None:
    turns = Dialogue(8).turns()
    for events in itertools.islice(turns, 20):
        await add(compact, "s", events)
    found = await (compact.retrieve_full_tracker("s") if whole else compact.retrieve("s"))
    before = await compact.retrieve_full_tracker("s")
    assert found is not None
    assert before is not None
    copied = found.copy()
    copied.update(BotUttered("one more"))
    await compact.save(copied)
    after = await compact.retrieve_full_tracker("s")
    assert after is not None
    assert len(after.events) == len(before.events) + 1


async def test_an_unknown_conversation_has_no_tracker_and_is_not_listed(compact: CompactTrackerStore) -> None:
    assert await compact.retrieve("nobody") is None
    assert await compact.retrieve_full_tracker("nobody") is None
    assert not await compact.exists("nobody")
    await add(compact, "somebody", next(Dialogue(9).turns()))
    assert await compact.exists("somebody")
    assert list(await compact.keys()) == ["somebody"]


async def test_events_are_told_to_the_broker_once(compact: CompactTrackerStore) -> None:
    told_events: list[dict[str, Any]] = []

    class Broker(EventBroker):
        def publish(self, event: dict[str, Any]) -> None:
            told_events.append(event)

    compact.event_broker = Broker()
    turns = list(itertools.islice(Dialogue(10).turns(), 15))
    for events in turns:
        await add(compact, "s", events)
    assert len(told_events) == sum(len(events) for events in turns)


def test_rasa_builds_the_store_from_endpoints_with_the_settings_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crypto.forget_keys()
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/named.db")
    monkeypatch.setenv("MESOGUIDE_KEYS", Fernet.generate_key().decode())
    store = create_tracker_store(EndpointConfig.from_dict(ENDPOINT), DOMAIN)
    assert isinstance(store, CompactTrackerStore)
    assert (tmp_path / "named.db").exists()
    store.engine.dispose()
    crypto.forget_keys()


def test_a_store_without_keys_is_refused_in_words_and_not_replaced_by_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crypto.forget_keys()
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/named.db")
    monkeypatch.setenv("MESOGUIDE_VAR", str(tmp_path))  # the folder's own var/ may hold keys, once it was started
    monkeypatch.delenv("MESOGUIDE_KEYS", raising=False)
    with pytest.raises(SettingError, match="MESOGUIDE_KEYS"):
        create_tracker_store(EndpointConfig.from_dict(ENDPOINT), DOMAIN)
