"""The parsers of what strangers write: each must give a value or the error it names, never another one."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from benchmarks.fuzz.words import anything, said, shaped
from bot.channels.incoming import clean, read_message
from bot.channels.messenger.events import NotAPage, read_body
from bot.channels.messenger.signature import is_signed
from bot.channels.tokens import BadToken, Tokens
from bot.clinic.booking.clinic import Clinic
from bot.clinic.booking.contact import understand_contact
from bot.clinic.booking.plan import clinic_from
from bot.clinic.booking.times import is_only_about_time, names_a_day, understand_wish
from bot.clinic.booking.wish import wish_from_dict, wish_to_dict
from bot.clinic.content import load_content
from bot.problems import Problem
from bot.settings import BOT

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=timezone.utc)
IDENTITY = "5f0c9a8e-3a0c-4f47-9d0b-2d1d3c6a8f10"
TOKENS = Tokens("a secret for this run", "website")


@dataclass(frozen=True)
class Target:
    """A parser under test: `try_one` raises for an input it should have coped with."""

    name: str
    inputs: st.SearchStrategy[Any]
    try_one: Callable[[Any], None]
    share: int  # of a hundred inputs

    def run(self, count: int, start: int) -> None:
        """Try so many inputs, the same ones for the same `start`. Raises what the parser raised."""

        @seed(start)
        @settings(
            max_examples=count,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.generate, Phase.shrink),
        )
        @given(self.inputs)
        def try_all(value: Any) -> None:
            self.try_one(value)

        try_all()


@lru_cache(maxsize=1)
def _clinic() -> Clinic:
    return clinic_from(load_content(BOT / "content").clinic)


@lru_cache(maxsize=1)
def _understanding() -> Any:
    from bot.nlu.understanding import load_understanding

    return load_understanding()


def _time(text: str) -> None:
    wish = understand_wish(text, NOW, _clinic())
    assert wish_from_dict(json.loads(json.dumps(wish_to_dict(wish)))) == wish
    names_a_day(text, NOW, _clinic())
    is_only_about_time(text, NOW, _clinic())


def _contact(text: str) -> None:
    understand_contact(text, "US")


def _words(text: str) -> None:
    """Entities (ages among them) lie inside the message as a channel hands it over; danger and language are decided."""
    shared, text = _understanding(), clean(text)
    for entity in shared.entities(text):
        assert 0 <= entity["start"] <= entity["end"] <= len(text)
        json.dumps(entity)
    shared.alarm(text, [{}])
    shared.language_of(text)
    shared.normal(text)


def _website(body: bytes) -> None:
    with suppress(Problem):
        message = read_message(body)
        assert not message.text.startswith("/")


def _messenger(body: bytes) -> None:
    is_signed(body, body[:80].decode("latin-1"), "secret")
    with suppress(ValueError, NotAPage):
        for event in read_body(body, "1", "2", NOW).events:
            repr(event)


def _token(text: str) -> None:
    with suppress(BadToken):
        TOKENS.read(text, NOW)


def _body(value: object) -> bytes:
    return json.dumps(value).encode()


WEBSITE = st.binary(max_size=200) | st.builds(
    _body, shaped(("id", "text", "payload", "x"), st.just(IDENTITY) | anything())
)
_EVENT = shaped(
    ("sender", "recipient", "timestamp", "message", "postback", "reaction", "message_edit", "pass_thread_control",
     "take_thread_control", "request_thread_control", "delivery", "read", "optin", "referral"),
    shaped(("id", "mid", "text", "is_echo", "app_id", "attachments", "quick_reply", "payload", "reply_to", "num_edit",
            "new_owner_app_id", "emoji", "action"), anything()) | anything(),
)  # fmt: skip
_EVENTS = st.lists(_EVENT | anything(), max_size=3)
_ENTRY = shaped(("id", "time", "messaging", "standby", "changes"), _EVENTS | anything())
MESSENGER = st.binary(max_size=200) | st.builds(
    _body, shaped(("object", "entry"), st.just("page") | st.lists(_ENTRY | anything(), max_size=3) | anything())
)
TOKEN = st.text(max_size=120) | st.builds(
    ".".join, st.lists(st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=", max_size=40))
)

PARSERS = (
    Target("times", said(), _time, 22),
    Target("contacts", said(), _contact, 16),
    Target("words of a message (ages, entities, danger)", said(), _words, 6),
    Target("bodies of the website", WEBSITE, _website, 22),
    Target("bodies of Messenger", MESSENGER, _messenger, 22),
    Target("tokens", TOKEN, _token, 12),
)
