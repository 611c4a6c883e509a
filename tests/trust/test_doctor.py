"""The doctor finds what is broken in an installation, says what to fix, and passes one that is in order."""

from __future__ import annotations

import json
import secrets
import shutil
import socket
import sqlite3
import sys
from collections import namedtuple
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from bot.clinic.content import content_version
from bot.serving import doctor, tracing
from bot.serving.content_live import note_live
from bot.serving.contents import approve
from bot.serving.doctor import Finding, examine
from bot.settings import BOT, Settings
from bot.store import conversations, errands
from bot.store.engine import unit_of_work
from bot.store.opening import open_store
from tests.installation import free_port
from tests.trust.databases import NOW, fill

TODAY = date(2026, 12, 1)
Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def sound(tmp_path: Path, keys: tuple[str, ...]) -> Settings:
    """A production installation that is in order, with the demo's content approved as a clinic's own."""
    content = tmp_path / "content"
    shutil.copytree(BOT / "content", content)
    clinic = content / "clinic.yml"
    clinic.write_text(clinic.read_text(encoding="utf-8").replace("demo: true", "demo: false"), encoding="utf-8")
    settings = Settings(
        port=free_port(),
        rasa_port=free_port(),
        actions_port=free_port(),
        var=tmp_path,
        content=content,
        database_url=f"sqlite:///{tmp_path}/mesoguide.db",
        rasa_token=secrets.token_urlsafe(32),
        secret=secrets.token_urlsafe(32),
        keys=keys,
        desk_password=secrets.token_urlsafe(16),
        production=True,
    )
    fill(settings)
    approve(settings, "Dr. Demo", NOW)
    (tmp_path / "mesoguide.db").chmod(0o600)
    return settings


def errors(settings: Settings, check: str | None = None) -> list[Finding]:
    found = [finding for finding in examine(settings, TODAY) if finding.level == "error"]
    return [finding for finding in found if check in (None, finding.check)]


def test_an_installation_in_order_has_no_error(sound: Settings) -> None:
    assert errors(sound) == []


def test_a_fresh_demo_has_no_error(tmp_path: Path) -> None:
    settings = Settings(var=tmp_path, port=free_port(), rasa_port=free_port(), actions_port=free_port())
    assert errors(replace(settings, database_url=f"sqlite:///{tmp_path}/new.db")) == []
    assert not (tmp_path / "new.db").exists(), "looking must not create anything"


def test_every_finding_that_is_not_fine_says_what_to_do(sound: Settings) -> None:
    for settings in (sound, Settings(database_url="mysql://x/y", production=True, keys=("bad",))):
        assert [f for f in examine(settings, TODAY) if f.level != "ok" and not f.cure] == []


@pytest.mark.parametrize(
    ("check", "change", "word"),
    [
        ("Secrets", {"rasa_token": ""}, "RASA_TOKEN is not set"),
        ("Secrets", {"secret": "changeme-changeme-changeme"}, "MESOGUIDE_SECRET"),
        ("Secrets", {"desk_password": "short"}, "MESOGUIDE_DESK_PASSWORD"),
        ("Secrets", {"production": False, "host": "0.0.0.0"}, "open to the network"),  # noqa: S104
        ("Keys", {"keys": ()}, "MESOGUIDE_KEYS is empty"),
        ("Keys", {"keys": ("not a key",)}, "key 1"),
        ("Database", {"keys": (Fernet.generate_key().decode(),)}, "booking.name"),
        ("Database", {"database_url": "mysql://clinic@localhost/x"}, "works on SQLite and PostgreSQL"),
        ("Database", {"database_url": "postgresql://x@127.0.0.1:9/x"}, "does not answer"),
        ("Redis", {"redis_url": "redis://127.0.0.1:9/0"}, "does not answer"),
        ("Content", {"content": Path("/nowhere")}, "facts.yml"),
        ("Content", {"content": BOT / "content"}, "invented demo clinic"),
        ("Ports", {"port": 5005, "rasa_port": 5005}, "share a port"),
    ],
)
def test_a_broken_installation_is_told_what_is_wrong(
    sound: Settings, check: str, change: dict[str, object], word: str
) -> None:
    found = errors(replace(sound, **change), check)
    assert any(word in finding.what for finding in found), found


def test_an_installation_that_does_not_know_its_address_is_a_warning(sound: Settings) -> None:
    for url, level in (("", "warning"), ("https://chat.clinic.example", "ok")):
        found = [one.level for one in examine(replace(sound, public_url=url), TODAY) if one.check == "Address"]
        assert found == [level], url


def test_what_was_given_up_is_a_warning_that_says_where_it_is_sent_again(sound: Settings) -> None:
    sessions = open_store(sound)
    with unit_of_work(sessions) as session:
        chat = conversations.open_conversation(session, channel="website", now=NOW).id
        errands.put(session, "email", chat, {"to": "x"}, NOW)
        (row,) = errands.claim(session, "email", NOW, NOW)
        errands.give_up(session, row.position, NOW)
        session.commit()
    (found,) = (one for one in examine(sound, TODAY) if one.check == "Hand-over")
    assert (found.level, "1 emails and alerts" in found.what, "SMTP_URL" in found.cure) == ("warning", True, True)


def test_the_demo_s_secrets_are_refused_in_production(sound: Settings) -> None:
    made = {"MESOGUIDE_SECRET": sound.secret, "MESOGUIDE_KEYS": sound.keys[0], "RASA_TOKEN": "x" * 32}
    (sound.var / "secrets.json").write_text(json.dumps(made))
    (sound.var / "secrets.json").chmod(0o600)
    assert [finding.check for finding in errors(sound)] == ["Secrets", "Keys"]


@pytest.fixture
def stranger() -> Iterator[int]:
    """A port that another program listens on."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


def test_a_taken_port_is_named_with_the_setting_that_moves_it(sound: Settings, stranger: int) -> None:
    (found,) = errors(replace(sound, actions_apart=True, actions_port=stranger))
    assert str(stranger) in found.what
    assert "ACTIONS_PORT" in found.cure
    assert errors(replace(sound, actions_port=stranger)) == [], "without an action server the port is nobody's"


def test_another_python_is_refused(sound: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", namedtuple("V", "major minor micro")(3, 11, 0))
    assert [finding.check for finding in errors(sound)] == ["Python"]


def test_a_full_disk_is_an_error(sound: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: Usage(10**9, 10**9, 10**6))
    assert [finding.check for finding in errors(sound)] == ["Disk"]


def test_a_damaged_database_is_an_error(sound: Settings) -> None:
    file = sound.var / "mesoguide.db"
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(file.read_bytes())
    content[4096 * 3 : 4096 * 9] = secrets.token_bytes(4096 * 6)
    file.write_bytes(content)
    assert errors(sound, "Database")


def test_tables_of_a_newer_version_are_an_error_and_older_ones_a_warning(sound: Settings) -> None:
    for version, level in (("9999", "error"), ("0000", "warning")):
        with sqlite3.connect(sound.var / "mesoguide.db") as connection:
            connection.execute("UPDATE alembic_version SET version_num = ?", (version,))
        found = [f for f in examine(sound, TODAY) if f.check == "Database" and f"version {version}" in f.what]
        assert [finding.level for finding in found] == [level]


@pytest.mark.parametrize(
    ("set_", "level", "word"),
    [
        ({"HANDOVER_WEBHOOK_URL": "https://clinic.example/hook"}, "error", "HANDOVER_WEBHOOK_SECRETS"),
        ({"SMTP_URL": "mail.clinic.example"}, "error", "SMTP_URL"),
        ({"MESSENGER_PAGE_ID": "100200300"}, "error", "MESSENGER_APP_SECRET"),
        ({}, "warning", "MESOGUIDE_HOSTS"),
    ],
    ids=["webhook", "mail", "messenger", "hosts"],
)
def test_settings_for_other_systems_that_cannot_be_used_are_named(
    sound: Settings, monkeypatch: pytest.MonkeyPatch, set_: dict[str, str], level: str, word: str
) -> None:
    for name, value in set_.items():
        monkeypatch.setenv(name, value)
    found = [one for one in examine(sound, TODAY) if one.check == "Settings" and one.level == level]
    assert any(word in one.what for one in found), found


def test_an_address_for_traces_without_the_packages_for_them_is_an_error(
    sound: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(tracing.ENDPOINT, "http://collector.example:4318")
    assert errors(sound, "Settings") == []
    monkeypatch.setattr(tracing, "is_installed", lambda: False)
    (found,) = errors(sound, "Settings")
    assert tracing.ENDPOINT in found.what


def test_content_that_nobody_approved_stops_a_first_start_and_waits_at_a_later_one(sound: Settings) -> None:
    def found() -> list[tuple[str, str]]:
        said = [one for one in examine(sound, TODAY) if one.check == "Content" and "approved" in one.what]
        return [(one.level, one.what.partition("; ")[2]) for one in said]

    first = content_version(sound.content)
    (sound.content / "terms.yml").open("a").write("# changed\n")
    assert found() == [("error", "a production does not start with it")]
    note_live(open_store(sound), BOT / "content", first, NOW)
    assert found() == [("warning", f"until then patients are told version {first}")]
    approve(sound, "Dr. Demo", NOW)
    assert found() == []


def test_overdue_reviews_of_the_content_are_a_warning(sound: Settings) -> None:
    found = [finding for finding in examine(sound, date(2040, 1, 1)) if finding.check == "Content"]
    assert {finding.level for finding in found} == {"warning"}


def test_secrets_that_others_can_read_are_an_error(sound: Settings) -> None:
    (sound.var / "secrets.json").write_text("{}")
    (sound.var / "secrets.json").chmod(0o644)
    assert [finding.check for finding in errors(sound)] == ["Files"]


def test_no_finding_shows_a_secret(sound: Settings) -> None:
    said = " ".join(f"{finding.what} {finding.cure}" for finding in examine(sound, TODAY))
    assert not [value for value in (sound.secret, sound.rasa_token, *sound.keys, sound.desk_password) if value in said]


def test_a_check_that_fails_itself_is_a_finding_and_the_others_go_on(
    sound: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(path: Path) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr(doctor.training, "current_model", broken)
    found = examine(sound, TODAY)
    assert [(finding.check, finding.level) for finding in found if finding.level == "error"] == [("Model", "error")]
    assert found[-1].check == "Browser"
