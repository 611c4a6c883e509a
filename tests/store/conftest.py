"""A fresh, migrated database per test. Real SQLite files; PostgreSQL joins in `engine`'s parameters."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import Engine

from bot.store.conversations import open_conversation
from bot.store.crypto import configure_keys, forget_keys
from bot.store.engine import Sessions, make_engine, make_sessions, unit_of_work
from bot.store.migrate import migrate

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


@pytest.fixture
def engine(tmp_path: Path, key: str) -> Iterator[Engine]:
    made = make_engine(f"sqlite:///{tmp_path}/store.db")
    migrate(made)
    yield made
    made.dispose()


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
