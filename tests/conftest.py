"""What every test may rely on: no telemetry, no clock on examples, the repo root, and an installation on demand."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from bot.store.crypto import configure_keys
from tests.installation import further_environment, installation

__all__ = ["further_environment", "installation", "root"]

os.environ["RASA_TELEMETRY_ENABLED"] = "false"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# No test asserts a time, so a slow machine fails none.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


@pytest.fixture(scope="session")
def root() -> Path:
    return Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def keys_of_the_installation(request: pytest.FixtureRequest) -> None:
    """A test can read what the running installation stores, whichever keys the test before it used."""
    if "installation" in request.fixturenames:
        configure_keys(request.getfixturevalue("installation").env["MESOGUIDE_KEYS"].split(","))
