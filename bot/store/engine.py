"""Engines and units of work: SQLite tuned for several processes on one file, PostgreSQL with a pool.

A unit of work is one session and at most one commit. Leaving it without `session.commit()` rolls everything back.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from weakref import WeakSet

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry, StaticPool

from bot.settings import SettingError

BUSY_SECONDS = 15
LOCK_PAUSE = 0.0001  # seconds between two tries for SQLite's write lock
LOG_PAGES = 8_000  # 32 MB of write-ahead log, then its pages are copied into the database while the lock is held
POOL_SIZE = 10
POOL_OVERFLOW = 20
CONNECT_SECONDS = 5
READ_ONLY = {"mesoguide_read_only": True}
_PRAGMAS = (
    "synchronous=NORMAL",
    f"busy_timeout={BUSY_SECONDS * 1000}",
    "foreign_keys=ON",
    "temp_store=MEMORY",
    "cache_size=-4096",  # kB for each connection, of which the web process keeps several
    f"wal_autocheckpoint={LOG_PAGES}",
)

Sessions = sessionmaker[Session]
_made: WeakSet[Engine] = WeakSet()


def make_engine(url: str) -> Engine:
    """An engine for `sqlite:///path` or `postgresql://…`; raises SettingError for any other DATABASE_URL."""
    parsed = _parse(url)
    engine = _sqlite(parsed) if parsed.get_backend_name() == "sqlite" else _postgresql(parsed)
    _made.add(engine)
    return engine


def close_connections() -> None:
    """Close every idle connection of this process, as before a fork; engines connect again when they are used."""
    for engine in list(_made):
        engine.dispose()


def _postgresql(url: URL) -> Engine:
    return create_engine(
        url,
        pool_size=POOL_SIZE,
        max_overflow=POOL_OVERFLOW,
        pool_pre_ping=True,
        connect_args={"connect_timeout": CONNECT_SECONDS, "application_name": "mesoguide"},
    )


def make_sessions(engine: Engine, info: Mapping[str, Any] | None = None) -> Sessions:
    """The session factory of an engine. Rows stay readable after the commit; `info` is each session's."""
    return sessionmaker(engine, expire_on_commit=False, info=dict(info or {}))


@contextmanager
def unit_of_work(sessions: Sessions) -> Iterator[Session]:
    """One session for one change: call `session.commit()` to keep it; leaving without, or by an error, rolls back."""
    session = sessions()
    try:
        yield session
    finally:
        session.rollback()
        session.close()


@contextmanager
def transaction(sessions: Sessions) -> Iterator[Connection]:
    """One transaction without a session, for statements alone; committed at the end, rolled back by an error."""
    with sessions.kw["bind"].begin() as connection:
        yield connection


@contextmanager
def looking(sessions: Sessions) -> Iterator[Connection]:
    """One moment of the database, for statements alone that only read."""
    with sessions.kw["bind"].connect().execution_options(**READ_ONLY) as connection:
        connection.begin()
        yield connection


@contextmanager
def part_of(connection: Connection) -> Iterator[Session]:
    """A session inside an open transaction, which stays open and takes what the session holds along."""
    with Session(connection, expire_on_commit=False) as session:
        yield session
        session.flush()


@contextmanager
def reading(sessions: Sessions) -> Iterator[Session]:
    """One session that only reads; on SQLite it waits for no writer and no writer waits for it."""
    with unit_of_work(sessions) as session:
        session.connection(execution_options=READ_ONLY)
        yield session


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise SettingError("DATABASE_URL is not a database address; use sqlite:///path or postgresql://…") from None
    if parsed.drivername in ("postgres", "postgresql"):
        parsed = parsed.set(drivername="postgresql+psycopg2")
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise SettingError(f"DATABASE_URL names {parsed.get_backend_name()}; this works on SQLite and PostgreSQL")
    return parsed


def _sqlite(url: URL) -> Engine:
    options: dict[str, Any] = {"connect_args": {"timeout": BUSY_SECONDS, "check_same_thread": False}}
    if url.database in (None, "", ":memory:"):
        options["poolclass"] = StaticPool
    else:
        Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, **options)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, record: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # sqlite3 then leaves BEGIN to _begin_sqlite
    _when_free(connection, "PRAGMA journal_mode=WAL")  # of two that open an empty file at once SQLite refuses one
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    """Writers take the lock at once: a reader that turns writer is refused by SQLite without waiting its turn."""
    if connection.get_execution_options().get("mesoguide_read_only"):
        connection.exec_driver_sql("BEGIN")
        return
    raw: Any = connection.connection.dbapi_connection
    raw.execute("PRAGMA busy_timeout=0")
    try:
        _when_free(raw, "BEGIN IMMEDIATE")
    except sqlite3.OperationalError:
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # for the error, in SQLAlchemy's words
    finally:
        raw.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")


def _when_free(raw: Any, statement: str) -> None:
    """Run a statement that takes a lock, waiting for it. SQLite's own waiting sleeps up to 100 ms where a turn writes
    for one, and does not wait at all where two would wait for each other."""
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            raw.execute(statement)
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
        time.sleep(LOCK_PAUSE)
