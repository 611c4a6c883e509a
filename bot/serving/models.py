"""Which trained model goes live: one that is whole, answers, and is no worse than the one before it.

A new model is measured beside the one before it; what was measured stands beside each (`NAME.json`). A refused model
keeps its name, so that nobody trains it again, and the one before it stays live; one that was trained on other layers
of the encoder than are installed now is none to go on with. A copy of the live model is kept with the data: a file that
is damaged or deleted under a running installation does not keep Rasa from starting again.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tarfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot.serving import training
from bot.settings import BOT, ROOT

KEPT = "live-model.tar.gz"
CHECK_LIMIT = 600.0  # seconds
# How much lower a figure may be than that of the model before; no sign of danger may be missed that was caught.
ALLOWED = {"danger_caught": 0.0, "intents_accuracy": 0.02}
Figures = Mapping[str, float]


class BrokenModel(RuntimeError):
    """A model that cannot be read or does not answer; the message names it."""


def is_whole(model: Path) -> bool:
    """Whether the archive can be read to its end; its checksum shows a damaged byte."""
    try:
        with tarfile.open(model, "r:gz") as archive:
            return sum(len(archive.extractfile(one).read()) for one in archive if one.isfile()) > 0  # type: ignore[union-attr]
    except (OSError, EOFError, tarfile.TarError, zlib.error):
        return False


def usable(wanted: Path, var: Path) -> Path:
    """The wanted model, or when it is damaged or gone the copy of the last live one, or any other that is whole."""
    others = sorted(wanted.parent.glob("*.tar.gz"), key=lambda path: path.stat().st_mtime, reverse=True)
    for model in (wanted, var / KEPT, *others):
        if is_whole(model):
            return model
    raise BrokenModel(f"{wanted} is damaged or missing, and there is no other; run mesoguide train --force")


def keep(model: Path, var: Path) -> None:
    """Copy a model that is live to where the data is."""
    kept = var / KEPT
    if kept.exists() and kept.stat().st_mtime >= model.stat().st_mtime:
        return
    part = kept.with_suffix(".part")
    shutil.copyfile(model, part)
    part.replace(kept)


def live(bot: Path = BOT) -> Path | None:
    """The model to serve: that of the present files, or when it was refused the newest that was not; None to train."""
    present = training.current_model(bot)
    if present is not None and is_whole(present):
        return present if not refusal(present) else before(present)
    return None


def before(model: Path) -> Path | None:
    """The newest other model of the present encoder that is whole and was not refused."""
    encoder = training.encoder(model.parent.parent)
    others = (
        path for path in model.parent.glob("*.tar.gz") if path != model and _notes(path).get("encoder", "") == encoder
    )
    newest_first = sorted(others, key=lambda path: path.stat().st_mtime, reverse=True)
    return next((path for path in newest_first if not refusal(path) and is_whole(path)), None)


def check(model: Path) -> str:
    """Measure a model that was just trained beside the one before it; why it is refused, or "" when it may go live.

    The first model, and one that no usable model came before, goes live unmeasured: there is nothing to go back to.
    """
    _note(model, {"encoder": training.encoder(model.parent.parent)})
    previous = before(model)
    if previous is None:
        return ""
    try:
        old = _figures(previous)
    except BrokenModel:  # made by another version, for one
        return ""
    new: Figures = {}
    try:
        new = measured(model)
        why = worse(new, old)
    except BrokenModel as error:
        why = str(error)
    if why and not _answers(previous):  # its figures are of a time when this program could still read it
        return ""
    _note(model, {"figures": dict(new), "refused": why})
    return why


def _answers(model: Path) -> bool:
    try:
        return bool(measured(model))
    except BrokenModel:
        return False


def _figures(model: Path) -> Figures:
    """What was measured of an earlier model, when it was new or now. Raises BrokenModel."""
    known = _notes(model).get("figures")
    if not known:
        known = dict(measured(model))
        _note(model, {"figures": known, "refused": ""})
    return dict(known)


def worse(new: Figures, old: Figures) -> str:
    """In words, by which figures the new model is worse than allowed; "" when it is not."""
    fallen = [
        f"{name.replace('_', ' ')} {old[name]:.1%} before, {new[name]:.1%} now"
        for name, allowed in ALLOWED.items()
        if name in old and new[name] < old[name] - allowed - 1e-9
    ]
    return "; ".join(fallen)


def measured(model: Path) -> Figures:
    """What the model catches and understands of the held-out messages, in a process of its own. Raises BrokenModel."""
    command = [sys.executable, "-m", "bot.evaluation.quick", str(model), str(ROOT / "tests" / "heldout")]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=CHECK_LIMIT, check=True)
        return dict(json.loads(done.stdout.splitlines()[-1]))
    except (subprocess.SubprocessError, ValueError, IndexError) as error:
        raise BrokenModel(f"{model.name} does not answer ({type(error).__name__})") from error


def refusal(model: Path) -> str:
    """Why the model was refused; "" when it was not."""
    return str(_notes(model).get("refused", ""))


def _notes(model: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(_beside(model).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def _note(model: Path, notes: Mapping[str, Any]) -> None:
    _beside(model).write_text(json.dumps({**_notes(model), **notes}, indent=1), encoding="utf-8")


def _beside(model: Path) -> Path:
    return model.with_name(model.name.removesuffix(".tar.gz") + ".json")
