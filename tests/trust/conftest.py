"""The clinic's content as shipped, and copies of it to change."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.clinic.content import Content, load_content
from bot.settings import BOT

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
