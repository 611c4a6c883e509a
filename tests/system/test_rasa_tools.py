"""Rasa's own tools work from bot/ as any Rasa developer expects."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import yaml

from bot.serving.training import current_model
from bot.settings import BOT
from tests.installation import Installation

pytestmark = pytest.mark.slow


def rasa(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "RASA_TELEMETRY_ENABLED": "false", "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, "-m", "rasa", *arguments]
    return subprocess.run(command, cwd=root / "bot", env=env, capture_output=True, text=True, timeout=300, check=False)


def test_every_conversation_of_bot_tests_is_predicted_step_by_step(
    installation: Installation, root: Path, tmp_path: Path
) -> None:
    model = current_model()
    assert model is not None, "the installation trained one"
    options = ["--e2e", "--stories", "tests", "--out", str(tmp_path), "--fail-on-prediction-errors"]
    done = rasa(root, "test", "core", "-m", str(model), *options)
    failed = tmp_path / "failed_test_stories.yml"
    assert done.returncode == 0, failed.read_text() if failed.exists() else done.stderr[-2000:]
    assert "predicted" not in failed.read_text()


def test_the_training_data_is_valid(root: Path) -> None:
    done = rasa(root, "data", "validate", "--max-history", "3")
    output = done.stdout + done.stderr
    assert done.returncode == 0, output[-3000:]
    assert "No story structure conflicts found" in output


def test_the_actions_answer_where_endpoints_yml_says(installation: Installation) -> None:
    base = f"http://127.0.0.1:{installation.env['ACTIONS_PORT']}"
    names = {one["name"] for one in httpx.get(f"{base}/actions", trust_env=False).json()}
    named = yaml.safe_load((BOT / "domain.yml").read_text(encoding="utf-8"))["actions"]
    own = {one if isinstance(one, str) else next(iter(one)) for one in named}
    assert names
    assert names <= own | {name for name in names if name.startswith("validate_")}
