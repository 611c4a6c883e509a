"""The real content, and a copy of it that a test may spoil."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bot.clinic.content import Content, load_content


@pytest.fixture(scope="session")
def content(root: Path) -> Content:
    return load_content(root / "bot" / "content")


@pytest.fixture
def folder(root: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(root / "bot" / "content", tmp_path / "content"))
