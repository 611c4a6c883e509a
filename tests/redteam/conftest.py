"""The clinic's content, its responses, and everything a red-team test compares a reply with."""

from __future__ import annotations

import pytest
import yaml

from bot.clinic.content import Content, load_content
from bot.settings import BOT
from tests.redteam.bounds import Responses
from tests.system.conftest import installation  # noqa: F401 - the running installation, for the tests of this folder


@pytest.fixture(scope="session")
def content() -> Content:
    return load_content(BOT / "content")


@pytest.fixture(scope="session")
def responses() -> Responses:
    return yaml.safe_load((BOT / "domain.yml").read_text(encoding="utf-8"))["responses"]
