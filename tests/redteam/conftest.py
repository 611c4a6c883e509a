"""The clinic's content, its responses, and everything a red-team test compares a reply with."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from bot.clinic.content import Content, load_content
from bot.settings import BOT
from tests.installation import installation  # noqa: F401 - for the tests of this folder, with the network closed
from tests.redteam.bounds import Responses


@pytest.fixture(scope="session")
def content() -> Content:
    return load_content(BOT / "content")


@pytest.fixture(scope="session")
def responses() -> Responses:
    return yaml.safe_load((BOT / "domain.yml").read_text(encoding="utf-8"))["responses"]


@pytest.fixture(scope="session", autouse=True)
def closed_network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The processes of this folder's installation may not leave the machine; returns where they note what they try."""
    log = tmp_path_factory.mktemp("closed_network") / "log"
    before = os.environ.get("PYTHONPATH")
    watch = str(Path(__file__).parent / "closed_network")
    os.environ["PYTHONPATH"] = os.pathsep.join([watch, *([before] if before else [])])
    os.environ["CLOSED_NETWORK_LOG"] = str(log)
    yield log
    del os.environ["CLOSED_NETWORK_LOG"]
    if before is None:
        del os.environ["PYTHONPATH"]
    else:
        os.environ["PYTHONPATH"] = before
