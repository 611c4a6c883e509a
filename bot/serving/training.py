"""Training: when it is needed, and a display of how far it is.

A model belongs to the exact files it was trained from; its name is their fingerprint, so nothing is retrained when
nothing changed and an old model is found again when a change is taken back.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

from bot.settings import BOT, content_folder

MODELS = BOT / "models"
_KEEP = 5

Report = Callable[[str], None]


class TrainingFailed(RuntimeError):
    """Training ended without a model; the message holds the last lines of what it printed."""


def sources(bot: Path = BOT) -> Iterator[Path]:
    """The files a model is made from, in a fixed order."""
    content = content_folder() if bot == BOT else bot / "content"
    yield from (bot / "config.yml", bot / "domain.yml")
    yield from (content / name for name in ("vocabulary.yml", "danger_examples.yml", "warning_signs.yml"))
    yield from sorted((content / "languages").glob("*.yml"))
    yield from sorted((bot / "data").glob("*.yml"))
    yield from sorted(path for kind in ("*.py", "*.np[yz]") for path in (bot / "nlu").rglob(kind))


def fingerprint(bot: Path = BOT) -> str:
    """Sixteen hex digits that change when anything a model is made from changes."""
    digest = hashlib.sha256(version("rasa").encode())
    for path in sources(bot):
        digest.update(path.name.encode())
        digest.update(path.read_bytes() if path.exists() else b"")
    return digest.hexdigest()[:16]


def encoder(bot: Path = BOT) -> str:
    """The check sum of the encoder's own layers, on which every model is trained; "" when they are as installed."""
    layers = bot / "nlu" / "tuned" / "layers.npz"
    return f"{zlib.crc32(layers.read_bytes()):08x}" if layers.exists() else ""


def current_model(bot: Path = BOT) -> Path | None:
    """The model of the present files, or None when it is still to be trained."""
    path = bot / "models" / f"{fingerprint(bot)}.tar.gz"
    return path if path.exists() else None


def train(report: Report, bot: Path = BOT) -> Path:
    """Train a model of the present files and return its path. `report` hears each step in a few words."""
    name = fingerprint(bot)
    models = bot / "models"
    models.mkdir(exist_ok=True)
    output = models / "new"
    # --force: Rasa's cache knows neither the components' code nor the files of content/ that they learn from.
    program = [sys.executable, "-m", "bot.serving.rasa_training"]
    command = [*program, "--force", "--fixed-model-name", name, "--out", str(output)]
    env = {
        **os.environ,
        "RASA_TELEMETRY_ENABLED": "false",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "PYTHONWARNINGS": "ignore",
        "LOG_LEVEL": "INFO",
    }
    process = subprocess.Popen(command, cwd=bot, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    tail = _follow(process, report)
    made = output / f"{name}.tar.gz"
    if process.wait() != 0 or not made.exists():
        raise TrainingFailed("\n".join(tail[-15:]))
    final = models / made.name
    made.replace(final)
    _forget_old_models(models)
    return final


def _follow(process: subprocess.Popen[str], report: Report) -> list[str]:
    tail: list[str] = []
    for line in process.stdout or ():
        tail = [*tail[-40:], line.rstrip()]
        if step := re.search(r"Starting to train component '(\w+)'", line):
            report(f"learning: {step[1]}")
        elif "Validating domain" in line or ("rule" in line.lower() and "Process" in line):
            report("checking the rules")
    return tail


def _forget_old_models(models: Path) -> None:
    for old in sorted(models.glob("*.tar.gz"), key=lambda path: path.stat().st_mtime)[:-_KEEP]:
        old.unlink()
        old.with_name(old.name.removesuffix(".tar.gz") + ".json").unlink(missing_ok=True)
