"""The held-out files of tests/heldout as plain values. Each file's head says what it holds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


class HeldOutError(ValueError):
    """A held-out file cannot be read; the message names it."""


@dataclass(frozen=True)
class HeldOut:
    """Messages that were never trained on, by file."""

    intents: dict[str, list[str]]
    danger: list[dict[str, Any]]
    near_misses: list[dict[str, Any]]
    out_of_scope: dict[str, list[str]]
    two_questions: list[dict[str, Any]]
    entities: list[dict[str, Any]]
    context: list[dict[str, Any]]
    floors: dict[str, float]


def load(folder: Path) -> HeldOut:
    """Read all held-out files; raises HeldOutError naming the file that is missing or broken."""
    names = HeldOut.__dataclass_fields__
    return HeldOut(**{name: _read(folder / f"{name}.yml") for name in names})


def _read(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise HeldOutError(f"{path}: cannot be read: {error}") from error
