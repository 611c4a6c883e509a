"""The trained model with a clinic's empty database behind it, once for all conversations of a file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from cryptography.fernet import Fernet
from rasa.core.agent import Agent

from bot.actions.base import clinic
from bot.store.crypto import configure_keys, forget_keys
from bot.store.engine import make_engine
from bot.store.migrate import migrate
from tests.dialogue.talk import Chat, load_agent


@pytest.fixture(scope="module")
def agent() -> Agent:
    return load_agent()


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    url = f"sqlite:///{tmp_path_factory.mktemp('clinic')}/mesoguide.db"
    engine = make_engine(url)
    migrate(engine)
    engine.dispose()
    return {"DATABASE_URL": url, "MESOGUIDE_KEYS": Fernet.generate_key().decode()}


@pytest.fixture
def chat(agent: Agent, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Chat]:
    """A new conversation."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    configure_keys([environment["MESOGUIDE_KEYS"]])
    clinic.cache_clear()
    yield Chat(agent)
    clinic.cache_clear()
    forget_keys()
