"""Looks a database over for `mesoguide doctor`: reachable, whole, migrated, readable with the keys. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from bot.settings import SettingError
from bot.store.backup import rows_there, sqlite_file, unreadable_columns, version_of
from bot.store.crypto import configure_keys
from bot.store.engine import READ_ONLY, make_engine, make_sessions, reading
from bot.store.migrate import newest_version

RESTORE = "stop the system and put the last backup in its place: mesoguide restore FILE --replace"
Found = tuple[Literal["ok", "warning", "error"], str, str]


def examine(database_url: str, keys: Sequence[str]) -> Iterator[Found]:
    """(level, what, cure) for each thing looked at; stops at the first that makes the rest pointless."""
    try:
        file = sqlite_file(database_url)
        if file and not file.exists():
            yield (
                "warning",
                f"{file} does not exist yet",
                "the next start creates it; if there was one, check DATABASE_URL",
            )
            return
        engine = make_engine(database_url)
        is_whole = rows_there(engine) is not None
    except SettingError as error:
        yield "error", str(error), "start the database, or correct DATABASE_URL"
        return
    if not is_whole:
        yield "error", f"{file} is damaged", RESTORE
        return
    yield from _whole(engine)
    yield from _version(engine)
    if version_of(engine) == newest_version():
        yield from _readable(engine, keys)
    engine.dispose()


@contextmanager
def readable(database_url: str, keys: Sequence[str]) -> Iterator[Session | None]:
    """A session that only reads; None where there is no database of this version that the keys open."""
    file = sqlite_file(database_url)
    if (file and not file.exists()) or not keys:
        yield None
        return
    engine = make_engine(database_url)
    try:
        if _is_ready(engine, keys):
            with reading(make_sessions(engine)) as session:
                yield session
        else:
            yield None
    finally:
        engine.dispose()


def _is_ready(engine: Engine, keys: Sequence[str]) -> bool:
    try:
        configure_keys(keys)
        return version_of(engine) == newest_version()
    except (SettingError, OperationalError):
        return False


def _whole(engine: Engine) -> Iterator[Found]:
    if engine.dialect.name == "sqlite":
        with engine.connect().execution_options(**READ_ONLY) as connection:
            verdict = connection.scalar(text("PRAGMA quick_check(1)"))
        if verdict != "ok":
            yield "error", f"the file is damaged: {verdict}", RESTORE


def _version(engine: Engine) -> Iterator[Found]:
    version, newest = version_of(engine), newest_version()
    if version == newest:
        yield "ok", f"{engine.dialect.name}, tables of version {version}", ""
    elif version is None:
        yield "warning", "the database is empty", "the next start creates the tables"
    elif version < str(newest):
        yield (
            "warning",
            f"tables of version {version}, expected {newest}",
            "make a backup; the next start upgrades them",
        )
    else:
        cure = "go back to the newer Mesoguide, or restore a backup of this version"
        yield "error", f"tables of version {version}, made by a newer Mesoguide than this ({newest})", cure


def _readable(engine: Engine, keys: Sequence[str]) -> Iterator[Found]:
    try:
        configure_keys(keys)
    except SettingError:
        return  # the check of the keys says so
    wrong = unreadable_columns(make_sessions(engine))
    if wrong:
        cure = "add the key these values were written with to MESOGUIDE_KEYS, after the first"
        yield "error", f"none of the keys reads {', '.join(wrong)}", cure
