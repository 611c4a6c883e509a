"""What is left out of the serving processes stays out, refuses to be used, and comes back when a model needs it."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from bot.serving.left_out import needs_tensorflow

RASA = """
import sys, pathlib
from bot.serving.left_out import LeftOut, leave_out
assert leave_out(pathlib.Path(sys.argv[1]))
import rasa.core.run
from rasa.core.channels.telegram import TelegramInput
for use in (lambda: TelegramInput(), lambda: TelegramInput.from_credentials({})):
    try:
        use()
    except LeftOut as error:
        assert "MESOGUIDE_LEAN=off" in str(error)
    else:
        raise AssertionError("a stand-in was used")
names = ("tensorflow", "jax", "keras", "matplotlib", "aiogram", "slack_sdk", "twilio")
assert not [name for name in names if name in sys.modules]
"""
TRAINING = """
import sys
from bot.serving.left_out import leave_out_of_training
assert not leave_out_of_training(["bot.nlu.components.MessageReader", "rasa.nlu.classifiers.DIETClassifier"])
assert not leave_out_of_training(["TEDPolicy"])
assert leave_out_of_training(["bot.nlu.components.MessageReader", "MemoizationPolicy"])
import rasa.model_training
from rasa.graph_components.validators.default_recipe_validator import DefaultV1RecipeValidator
assert not [name for name in ("tensorflow", "jax", "keras") if name in sys.modules]
"""
CHANNELS = """
import sys, pathlib
from bot.serving.left_out import leave_out
assert leave_out(pathlib.Path(sys.argv[1]), ["telegram", "rest"])
import rasa.core.run
from rasa.core.channels.telegram import TelegramInput
assert TelegramInput.name() == "telegram" and "aiogram" in sys.modules
assert "slack_sdk" not in sys.modules
"""
ACTIONS = """
import importlib, pkgutil, sys
from bot.serving.left_out import leave_out_of_actions
leave_out_of_actions()
import bot.actions
for module in pkgutil.iter_modules(bot.actions.__path__):
    importlib.import_module(f"bot.actions.{module.name}")
from bot.nlu.context import resolve_in_context
parse = {"text": "and for hair?", "intent": {"name": "ask_pain", "confidence": 0.4}, "entities": [], "questions": []}
assert resolve_in_context(parse, "ask_side_effects")["intent"]["name"]
assert not [name for name in sys.modules if name.startswith(("sklearn.", "scipy."))
            and getattr(sys.modules[name], "__file__", None)], "left out, and loaded"
"""


def model(folder: Path, *uses: str) -> Path:
    """An archive with the metadata of a model of these components."""
    text = json.dumps({"train_schema": {"nodes": {use: {"uses": use} for use in uses}}}).encode()
    path = folder / "model.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        entry = tarfile.TarInfo("metadata.json")
        entry.size = len(text)
        archive.addfile(entry, io.BytesIO(text))
    return path


@pytest.mark.parametrize(
    ("uses", "needed"),
    [
        (["bot.nlu.components.DangerGuard", "rasa.core.policies.memoization.MemoizationPolicy"], False),
        (["rasa.nlu.classifiers.diet_classifier.DIETClassifier"], True),
        (["rasa.core.policies.ted_policy.TEDPolicy"], True),
    ],
)
def test_a_model_says_whether_it_needs_tensorflow(uses: list[str], needed: bool, tmp_path: Path) -> None:
    assert needs_tensorflow(model(tmp_path, *uses)) is needed


PROGRAMS = [(RASA, "Rasa"), (TRAINING, "training"), (CHANNELS, "Rasa with Telegram"), (ACTIONS, "the actions")]


@pytest.mark.parametrize(("program", "name"), PROGRAMS, ids=[name for _, name in PROGRAMS])
def test_a_process_does_its_work_without_what_is_left_out(program: str, name: str, tmp_path: Path, root: Path) -> None:
    command = [sys.executable, "-W", "ignore", "-c", program, str(model(tmp_path))]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{name}: {done.stderr[-2000:]}"
