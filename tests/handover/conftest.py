"""The databases of the store's tests, and a clinic whose diary is small enough to reason about."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.handover import fhir, scheduling_links, webhook
from bot.store.engine import Sessions
from tests.handover.clinic import Clock, Desk
from tests.handover.receivers import Receiver
from tests.store.conftest import chat, engine, key, server, sessions  # noqa: F401 - fixtures for this folder


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desk(sessions: Sessions, chat: str, clock: Clock) -> Desk:  # noqa: F811 - the fixtures above
    return Desk(sessions, chat, clock)


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A receiving server; an attempt waits for it half a second."""
    for adapter in (webhook, fhir, scheduling_links):
        monkeypatch.setattr(adapter, "SECONDS", 0.5)
    running = Receiver().start()
    yield running
    running.stop()
