"""The reader of webhook bodies: whatever Meta, or somebody with the secret, sends, it neither fails nor invents."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.messenger.events import NotAPage, read_body

from . import bodies
from .bodies import ANNA, APP, PAGE
from .clinic import NOW

WORDS = [
    "object",
    "entry",
    "messaging",
    "standby",
    "changes",
    "sender",
    "recipient",
    "id",
    "timestamp",
    "message",
    "mid",
    "text",
    "attachments",
    "type",
    "payload",
    "quick_reply",
    "postback",
    "title",
    "reaction",
    "emoji",
    "action",
    "message_edit",
    "num_edit",
    "message_unsend",
    "is_echo",
    "is_deleted",
    "app_id",
    "read",
    "delivery",
    "pass_thread_control",
    "new_owner_app_id",
    "sticker_id",
    "image",
    "sticker",
    "audio",
    "page",
    "react",
    "love",
]
leaves = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from([*WORDS, ANNA, PAGE, APP]) | st.text()
)
trees = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=5)
)
items = st.dictionaries(st.sampled_from(WORDS), trees, max_size=6).map(
    lambda found: {"sender": {"id": ANNA}, "recipient": {"id": PAGE}, "timestamp": 1458692752478, **found}
)


@given(st.binary(max_size=400))
def test_bytes_are_read_or_refused(raw: bytes) -> None:
    try:
        read_body(raw, PAGE, APP, NOW)
    except ValueError:
        return


@settings(max_examples=300)
@given(st.lists(items, max_size=4))
def test_events_of_any_shape_are_read_and_each_that_needs_work_has_a_key_and_a_person(found: list[Any]) -> None:
    raw = json.dumps({"object": "page", "entry": [{"id": PAGE, "messaging": found}]}).encode()
    reading = read_body(raw, PAGE, APP, NOW)
    assert sum(reading.counts.values()) == len(found)
    for event in reading.events:
        assert len(event.key) == 64
        assert event.psid
        assert event.at <= NOW
        json.dumps(event.data)


def test_what_is_not_about_a_page_is_said_to_be_so() -> None:
    with pytest.raises(NotAPage):
        read_body(b'{"object": "instagram", "entry": []}', PAGE, APP, NOW)


@pytest.mark.parametrize("stamp", [None, "x", True, -1, 1e30, float("nan"), 4102444800000, [1]], ids=str)
def test_a_strange_time_becomes_now_and_none_lies_in_the_future(stamp: object) -> None:
    event = {**bodies.text(ANNA, "hello"), "timestamp": stamp}
    raw = json.dumps({"object": "page", "entry": [{"id": PAGE, "messaging": [event]}]}).encode()
    assert read_body(raw, PAGE, APP, NOW).events[0].at == NOW
