"""`mesoguide train` does nothing where nothing changed, and `make` refuses a wrong Python in words."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bot.serving import training
from tests.faults.test_models import model

# Stands where Rasa's training would start, and leaves a trace of having been started.
IN_PLACE_OF_TRAINING = "from pathlib import Path\nPath('started').touch()\nraise SystemExit(1)\n"
NEEDED_BY_MAKE = ("sh", "grep", "sed", "touch", "mkdir")


@pytest.fixture
def copy(root: Path, tmp_path: Path) -> Path:
    """The project in a folder of its own, with a model of its present files and nothing that can train another."""
    without = shutil.ignore_patterns("models", "__pycache__", "static", ".venv", "node_modules")
    shutil.copytree(root / "bot", tmp_path / "bot", ignore=without)
    (tmp_path / "bot" / "serving" / "rasa_training.py").write_text(IN_PLACE_OF_TRAINING)
    model(tmp_path / "bot" / "models", training.fingerprint(tmp_path / "bot"))
    return tmp_path


def train(copy: Path) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(copy), "MESOGUIDE_VAR": str(copy / "var")}
    env.pop("MESOGUIDE_CONTENT", None)
    command = [sys.executable, "-m", "bot.cli", "train"]
    return subprocess.run(command, cwd=copy, env=env, capture_output=True, text=True, timeout=120, check=False)


def test_train_starts_no_training_where_nothing_changed_and_one_where_the_examples_did(copy: Path) -> None:
    done = train(copy)
    assert done.returncode == 0, done.stdout + done.stderr
    assert training.fingerprint(copy / "bot") in done.stdout.replace("\n", "")
    assert not (copy / "bot" / "started").exists()
    with (copy / "bot" / "data" / "nlu.yml").open("a") as examples:
        examples.write("# one more line\n")
    assert train(copy).returncode == 1, "there is nothing here that could train"
    assert (copy / "bot" / "started").exists()


def test_a_time_of_change_alone_is_no_change(copy: Path) -> None:
    before = training.fingerprint(copy / "bot")
    for path in training.sources(copy / "bot"):
        path.touch()
    assert training.fingerprint(copy / "bot") == before


@pytest.fixture
def machine(root: Path, tmp_path: Path) -> Path:
    """A folder with the Makefile, on a machine whose programs are those in bin/: no network and no Python 3.10."""
    for name in ("Makefile", ".python-version", "pyproject.toml", "requirements.lock", "requirements-dev.lock"):
        shutil.copy(root / name, tmp_path)
    (tmp_path / "bin").mkdir()
    for name in NEEDED_BY_MAKE:
        (tmp_path / "bin" / name).symlink_to(str(shutil.which(name)))
    return tmp_path


def program(machine: Path, name: str, script: str) -> None:
    path = machine / "bin" / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def make(machine: Path, target: str) -> subprocess.CompletedProcess[str]:
    command = [str(shutil.which("make")), "--no-print-directory", target]
    env = {"PATH": str(machine / "bin"), "HOME": str(machine)}
    return subprocess.run(command, cwd=machine, env=env, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("target", ["run", "test", "train"])
def test_make_refuses_a_machine_with_another_python_in_words(machine: Path, target: str) -> None:
    for name in ("python3", "python3.12"):
        program(machine, name, "echo Python 3.12.1")
    program(machine, "uv", 'echo "$*" >>asked; echo "error: No interpreter found for Python 3.10" >&2; exit 2')
    done = make(machine, target)
    assert done.returncode != 0
    assert "Mesoguide needs Python 3.10" in done.stdout
    assert "Install it" in done.stdout
    asked = (machine / "asked").read_text().splitlines()
    assert asked
    assert all("--python 3.10" in one for one in asked), "nothing was installed, and no other version was tried"
    assert not (machine / ".venv").exists()


def test_make_says_what_is_missing_on_a_machine_without_python(machine: Path) -> None:
    done = make(machine, "run")
    assert done.returncode != 0
    assert "Mesoguide needs a Python 3 with venv" in done.stdout
    assert not (machine / ".venv").exists()
