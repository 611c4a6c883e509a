"""Secrets come from the environment; a demo makes its own, and production never runs on those."""

from __future__ import annotations

import os
import secrets
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from bot.serving.secrets import NAMES, check, complete_environment
from bot.serving.supervisor import parts
from bot.settings import BOT, SettingError, Settings

KEY = Fernet.generate_key().decode()


@pytest.fixture
def own(tmp_path: Path) -> dict[str, str]:
    """The environment of a clinic that brings its own secrets and content."""
    content = tmp_path / "content"
    shutil.copytree(BOT / "content", content)
    text = (content / "clinic.yml").read_text(encoding="utf-8")
    (content / "clinic.yml").write_text(text.replace("demo: true", "demo: false"), encoding="utf-8")
    made = {name: secrets.token_urlsafe(32) for name in NAMES if name != "MESOGUIDE_KEYS"}
    places = {"MESOGUIDE_VAR": str(tmp_path / "var"), "MESOGUIDE_CONTENT": str(content)}
    return {**made, **places, "MESOGUIDE_KEYS": KEY, "MESOGUIDE_ENV": "production"}


WRONG = {
    "RASA_TOKEN": "changeme-changeme-changeme",
    "MESOGUIDE_SECRET": "x" * 40,
    "MESOGUIDE_DESK_PASSWORD": "password",
    "MESOGUIDE_KEYS": "A" * 43 + "=",
    "MESOGUIDE_CONTENT": str(BOT / "content"),
}


@pytest.mark.parametrize("name", WRONG)
def test_production_refuses_what_is_guessed_or_the_demos_and_names_it(name: str, own: dict[str, str]) -> None:
    check(Settings.from_env(own))
    with pytest.raises(SettingError) as refused:
        check(Settings.from_env({**own, name: WRONG[name]}))
    assert [one for one in WRONG if one in str(refused.value)] == [name]


@pytest.mark.parametrize("process", ["web_server", "rasa_server", "action_server"])
def test_no_process_starts_in_production_on_weak_or_demo_secrets(process: str, own: dict[str, str]) -> None:
    env = {**os.environ, **own, **WRONG}
    command = [sys.executable, "-m", f"bot.serving.{process}", "no-model.tar.gz"]
    done = subprocess.run(command, env=env, cwd=BOT.parent, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert [name for name in WRONG if name in done.stderr] == list(WRONG)
    assert not any(value in done.stderr for name, value in WRONG.items() if name != "MESOGUIDE_CONTENT")


def test_a_demos_secret_is_refused_wherever_it_was_copied_to(tmp_path: Path, own: dict[str, str]) -> None:
    demo = complete_environment(Settings(var=tmp_path / "another machine"), {})
    for name in NAMES:
        with pytest.raises(SettingError, match=name):
            check(Settings.from_env({**own, name: demo[name]}))


def test_a_slip_in_the_word_production_makes_no_demo(own: dict[str, str]) -> None:
    with pytest.raises(SettingError, match="MESOGUIDE_ENV"):
        Settings.from_env({**own, "MESOGUIDE_ENV": "prod"})


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
