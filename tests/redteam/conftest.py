"""The clinic's content, its responses, and everything a red-team test compares a reply with."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import yaml

from bot.clinic.content import Content, load_content
from bot.settings import BOT
from tests.installation import installation  # noqa: F401 - for the tests of this folder, with the network closed
from tests.redteam.bounds import Responses
from tests.redteam.systems import Systems, systems


@pytest.fixture(scope="session")
def content() -> Content:
    return load_content(BOT / "content")


@pytest.fixture(scope="session")
def responses() -> Responses:
    return yaml.safe_load((BOT / "domain.yml").read_text(encoding="utf-8"))["responses"]


@pytest.fixture(scope="session")
def closed_network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the processes of this folder's installation note what they try to reach."""
    return tmp_path_factory.mktemp("closed_network") / "log"


@pytest.fixture(scope="session")
def around() -> Iterator[Systems]:
    """What this folder's installation hands bookings over to, its mail server and its Messenger."""
    with systems() as running:
        yield running


@pytest.fixture(scope="session")
def further_environment(closed_network: Path, around: Systems) -> Mapping[str, str]:
    """This folder's installation may not leave the machine; the tests themselves, and later ones, are as ever."""
    paths = [str(Path(__file__).parent / "closed_network"), os.environ.get("PYTHONPATH", "")]
    closed = {"PYTHONPATH": os.pathsep.join(filter(None, paths)), "CLOSED_NETWORK_LOG": str(closed_network)}
    return {**around.environment, **closed}
