"""What the understanding is built on, once for all its tests."""

from __future__ import annotations

import pytest

from bot.nlu.understanding import Understanding, load_understanding


@pytest.fixture(scope="session")
def shared() -> Understanding:
    return load_understanding()
