"""A tracker kept in memory between turns is the one the database gives, and never survives somebody else's turn."""

from __future__ import annotations

import asyncio
import copy
import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from rasa.shared.core.events import FollowupAction

from bot.store import crypto
from bot.store.tracker_store import RECENT, CompactTrackerStore
from tests.store.dialogues import DOMAIN, Dialogue
from tests.store.test_tracker_store import add, assert_same


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    crypto.configure_keys([Fernet.generate_key().decode()])
    yield f"sqlite:///{tmp_path}/recent.db"
    crypto.forget_keys()


@pytest.mark.parametrize("seed", range(12))
async def test_a_kept_tracker_is_what_a_fresh_process_reads(seed: int, url: str) -> None:
    ours = CompactTrackerStore(DOMAIN, url)
    kept = 0
    for events in itertools.islice(Dialogue(seed).turns(), 40):
        await add(ours, "s", events)
        recent = ours._recent.take("s")
        if recent is not None:
            kept += 1
            fresh = await CompactTrackerStore(DOMAIN, url).retrieve("s")
            assert fresh is not None
            assert_same(recent, fresh)
            ours._recent.keep(recent)
    assert kept


async def test_a_kept_tracker_is_dropped_when_another_process_had_a_turn(url: str) -> None:
    ours, other = CompactTrackerStore(DOMAIN, url), CompactTrackerStore(DOMAIN, url)
    dialogue = Dialogue(3)
    await add(ours, "s", dialogue.stamped(dialogue.answer()))
    await add(other, "s", dialogue.stamped(dialogue.answer()))
    mine, theirs = await ours.retrieve("s"), await CompactTrackerStore(DOMAIN, url).retrieve("s")
    assert mine is not None
    assert list(mine.events) == list(theirs.events)  # type: ignore[union-attr]


async def test_a_tracker_is_handed_out_once(url: str) -> None:
    ours, dialogue = CompactTrackerStore(DOMAIN, url), Dialogue(4)
    await add(ours, "s", dialogue.stamped(dialogue.answer()))
    first, second = await asyncio.gather(ours.retrieve("s"), ours.retrieve("s"))
    assert first is not second


async def test_a_turn_that_ended_early_is_read_again(url: str) -> None:
    ours, dialogue = CompactTrackerStore(DOMAIN, url), Dialogue(5)
    events = dialogue.stamped([*dialogue.answer(), FollowupAction("action_answer")])
    await add(ours, "s", copy.deepcopy(events))
    assert ours._recent.take("s") is None


async def test_no_more_trackers_are_kept_than_said(url: str) -> None:
    ours, dialogue = CompactTrackerStore(DOMAIN, url), Dialogue(6)
    for number in range(RECENT + 20):
        await add(ours, f"s{number}", dialogue.stamped(dialogue.answer()))
    assert len(ours._recent._trackers) == RECENT
