"""Secrets come from the environment; a demo makes its own, and production never runs on those."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from bot.serving.secrets import NAMES, complete_environment
from bot.serving.supervisor import parts
from bot.settings import SettingError, Settings


def test_production_without_a_secret_does_not_start_and_names_it(tmp_path: Path) -> None:
    given = {name: "x" * 40 for name in NAMES if name != "MESOGUIDE_KEYS"}
    with pytest.raises(SettingError, match="MESOGUIDE_KEYS"):
        complete_environment(Settings(var=tmp_path, production=True), given)
    assert list(tmp_path.iterdir()) == []


def test_a_demo_makes_secrets_once_that_only_its_owner_can_read(tmp_path: Path) -> None:
    first = complete_environment(Settings(var=tmp_path), {})
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600
    assert all(len(first[name]) >= 16 for name in NAMES)
    assert complete_environment(Settings(var=tmp_path), {}) == first


def test_what_the_environment_gives_wins_over_the_demos_own(tmp_path: Path) -> None:
    assert complete_environment(Settings(var=tmp_path), {"RASA_TOKEN": "mine"})["RASA_TOKEN"] == "mine"  # noqa: S105


def test_only_the_web_process_listens_further_than_loopback() -> None:
    everywhere = "0.0.0.0"  # noqa: S104 - what a clinic may set
    hosts = {part.name: part.host for part in parts(Settings(host=everywhere), "model", {})}
    assert hosts.pop("web") == everywhere
    assert set(hosts.values()) == {"127.0.0.1"}
