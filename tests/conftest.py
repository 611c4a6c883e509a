"""What every test may rely on: no telemetry and a repo root to find files from."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ["RASA_TELEMETRY_ENABLED"] = "false"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@pytest.fixture(scope="session")
def root() -> Path:
    return Path(__file__).resolve().parent.parent
