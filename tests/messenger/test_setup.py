"""`mesoguide messenger setup`: the profile is set within Meta's limits, and what is wrong is said in words."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.channels.messenger import MessengerChannel, setup
from bot.channels.messenger.profile import FIELDS, _setup
from bot.channels.messenger.settings import REQUIRED, MessengerSettings
from bot.channels.messenger.words import load_words
from bot.clinic.content import load_content
from bot.clinic.content.problems import ContentError
from bot.settings import BOT, Settings

from .bodies import APP, PAGE
from .clinic import SECRET, TOKEN, Clock, messenger_settings, words
from .graph import FakeGraph


def graph() -> FakeGraph:
    return FakeGraph(PAGE, APP, TOKEN, SECRET, Clock())


async def lines(fake: FakeGraph, **changes: Any) -> list[str]:
    async with fake.serving() as url:
        return await _setup(messenger_settings(url, **changes), words())


async def test_the_profile_is_set_and_nothing_is_wrong() -> None:
    fake = graph()
    told = await lines(fake)
    assert not [line for line in told if line.startswith("Problem")]
    assert fake.profile["get_started"] == {"payload": "/start_chat"}
    assert len(fake.profile["ice_breakers"][0]["call_to_actions"]) <= 4
    assert "/move_chat" in [item["payload"] for item in fake.profile["persistent_menu"][0]["call_to_actions"]]
    assert "{" not in str(fake.profile["greeting"][0]["text"])
    assert set(fake.fields) == set(FIELDS)


async def test_it_can_be_run_again() -> None:
    fake = graph()
    assert (await lines(fake))[1:] == (await lines(fake))[1:]


def _expired(fake: FakeGraph) -> None:
    fake.expired = True


def _other_page(fake: FakeGraph) -> None:
    fake.page_id = "1"


def _no_echoes(fake: FakeGraph) -> None:
    fake.allowed_fields = tuple(name for name in FIELDS if name != "message_echoes")


def _tired(fake: FakeGraph) -> None:
    fake.profile_calls.extend([fake.clock()] * 10)


@pytest.mark.parametrize(
    ("spoil", "changes", "hint"),
    [
        (_expired, {}, "MESSENGER_PAGE_TOKEN"),
        (lambda fake: None, {"page_token": "another"}, "MESSENGER_PAGE_TOKEN"),
        (_other_page, {}, "MESSENGER_PAGE_ID"),
        (_no_echoes, {}, "message_echoes"),
        (_tired, {}, "ten minutes"),
        (lambda fake: None, {"app_id": "123"}, "MESSENGER_APP_ID"),
        (lambda fake: None, {"verify_token": "short"}, "MESSENGER_VERIFY_TOKEN"),
    ],
    ids=["expired", "wrong-token", "other-page", "no-echoes", "rate", "other-app", "short-token"],
)
async def test_what_is_wrong_is_said_in_words(
    spoil: Callable[[FakeGraph], None], changes: dict[str, Any], hint: str
) -> None:
    fake = graph()
    spoil(fake)
    told = await lines(fake, **changes)
    assert [line for line in told if line.startswith("Problem") and hint in line], told
    assert TOKEN not in str(told)


def test_missing_settings_are_named_and_nothing_is_called() -> None:
    told = setup(Settings(), MessengerSettings(page_token="t"))  # noqa: S106 - a test's
    assert [line.split()[1] for line in told] == list(REQUIRED[1:])


def test_without_the_apps_id_setup_refuses_and_the_channel_does_not_start() -> None:
    settings = messenger_settings("http://127.0.0.1:9", app_id="")
    assert [line.split()[1] for line in setup(Settings(), settings)] == ["MESSENGER_APP_ID"]
    assert not settings.is_configured, "the bot's own lines and its own thread would look like a person's"


@pytest.mark.parametrize(("values", "level"), [({}, "INFO"), ({"MESSENGER_PAGE_ID": PAGE}, "WARNING")])
def test_a_clinic_that_is_not_on_messenger_is_not_warned_and_one_that_began_is(
    values: dict[str, str], level: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name in REQUIRED:
        monkeypatch.delenv(name, raising=False)
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    caplog.set_level("INFO", "bot.channels.messenger")
    MessengerChannel.from_credentials({})
    assert [(one.levelname, "not set" in one.getMessage()) for one in caplog.records] == [(level, True)]


def test_setup_runs_by_itself_from_the_command_line() -> None:
    fake = graph()

    async def serve() -> list[str]:
        async with fake.serving() as url:
            return await asyncio.to_thread(setup, Settings(), messenger_settings(url))

    told = asyncio.run(serve())
    assert told[1] == f"Page: Demo Clinic Lindenhof ({PAGE})"


def test_nobody_listening_is_said_in_words() -> None:
    settings = replace(messenger_settings("http://127.0.0.1:9"), page_id=PAGE)
    import bot.channels.messenger.graph as module

    real, module.FIRST_PAUSE = module.FIRST_PAUSE, 0.001
    try:
        told = setup(Settings(), settings)
    finally:
        module.FIRST_PAUSE = real
    assert [line for line in told if "cannot be reached" in line]


@pytest.mark.parametrize(
    ("old", "new", "hint"),
    [
        ("payload: /move_chat", "payload: /inform", "cannot stand in a menu"),
        ("greeting: >-", "greeting: >-\n  " + "too long " * 30, "greeting"),
        ("{clinic_phone}", "{clinic_fone}", "clinic_fone"),
        ("  sticker: &no_words", "  stickers: &no_words", "sticker"),
        ("gap_hours: 24", "gap_hours: 0", "gap_hours"),
        ("menu:\n", "menus:\n", "menu"),
    ],
    ids=["payload", "greeting", "placeholder", "reply", "gap", "key"],
)
def test_a_mistake_in_the_wording_is_reported_with_its_place(tmp_path: Path, old: str, new: str, hint: str) -> None:
    text = (BOT / "content" / "messenger.yml").read_text()
    assert old in text
    (tmp_path / "messenger.yml").write_text(text.replace(old, new, 1))
    with pytest.raises(ContentError, match=hint):
        load_words(tmp_path, load_content(BOT / "content").placeholders())
