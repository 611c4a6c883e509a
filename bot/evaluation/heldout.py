"""The held-out sets as plain values: the files of tests/heldout and of its folders. Each file says what it holds."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

MAIN = ""  # the set whose files lie in the folder itself
DEVELOPMENT = "development"  # what it is called when sets are chosen by name


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


@dataclass(frozen=True)
class Floors:
    """What every figure must reach, by set, and the sets whose errors nobody reads."""

    figures: dict[str, dict[str, float]]
    unseen: frozenset[str] = frozenset()

    def of(self, names: Collection[str]) -> Floors:
        """Those of some sets alone."""
        return Floors({name: own for name, own in self.figures.items() if name in names}, self.unseen)


def load(folder: Path) -> HeldOut:
    """Read one set; raises HeldOutError naming the file that is missing or broken."""
    return HeldOut(**{name: _read(folder / f"{name}.yml") for name in HeldOut.__dataclass_fields__})


def load_all(folder: Path, names: Sequence[str] = ()) -> dict[str, HeldOut]:
    """Read every set by its folder's name, MAIN first, or those named (DEVELOPMENT is MAIN); raises HeldOutError."""
    folders = {DEVELOPMENT: folder, **{path.parent.name: path.parent for path in sorted(folder.glob("*/intents.yml"))}}
    if unknown := sorted(set(names) - set(folders)):
        raise HeldOutError(f"{unknown[0]}: no such set of held-out messages; there are {', '.join(folders)}")
    wanted = [name for name in folders if not names or name in names]
    return {MAIN if name == DEVELOPMENT else name: load(folders[name]) for name in wanted}


def load_floors(folder: Path) -> Floors:
    """Read floors.yml, the one file of floors; raises HeldOutError."""
    raw = dict(_read(folder / "floors.yml"))
    unseen = frozenset(raw.pop("unseen", ()))
    sets = {name: raw.pop(name) for name in list(raw) if isinstance(raw[name], dict)}
    return Floors({MAIN: raw, **sets}, unseen)


def _read(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise HeldOutError(f"{path}: cannot be read: {error}") from error
