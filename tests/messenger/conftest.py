"""A fresh store per test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from bot.store.crypto import configure_keys, forget_keys
from bot.store.engine import Sessions

from .clinic import sessions_at


@pytest.fixture
def sessions(tmp_path: Path) -> Iterator[Sessions]:
    configure_keys([Fernet.generate_key().decode()])
    made = sessions_at(tmp_path / "store.db")
    yield made
    made.kw["bind"].dispose()
    forget_keys()
