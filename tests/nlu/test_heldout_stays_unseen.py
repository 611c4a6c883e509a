"""Held-out messages are never trained on, nor lightly reworded for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import yaml
from rapidfuzz import fuzz, process

from bot.nlu.guard_model import load_examples
from bot.nlu.parser import read_examples
from bot.settings import BOT, ROOT

HELD_OUT = ROOT / "tests" / "heldout"
TEXT_KEYS = ("text", "first", "then")
WORDS = 4  # shorter messages ("hello there") meet by chance
TOO_CLOSE = 90  # per cent of likeness after sorting the words


def texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [text for one in value for text in texts(one)]
    if isinstance(value, dict):
        keys = [key for key in TEXT_KEYS if key in value] or [k for k in value if isinstance(value[k], list)]
        return [text for key in keys for text in texts(value[key])]
    return []


def normal(text: str) -> str:
    return " ".join("".join(c for c in text.lower() if c.isalnum() or c.isspace()).split())


def held_out(folder: Path) -> list[str]:
    files = [path for path in folder.rglob("*.yml") if path.name != "floors.yml"]
    return [normal(text) for path in files for text in texts(yaml.safe_load(path.read_text(encoding="utf-8")))]


def test_no_training_example_is_close_to_a_held_out_message() -> None:
    held = [text for text in held_out(HELD_OUT) if len(text.split()) >= WORDS]
    danger = load_examples(BOT / "content" / "danger_examples.yml").pairs()
    labelled = yaml.load((ROOT / "tuning" / "statements.yml").read_text(encoding="utf-8"), yaml.CSafeLoader)
    pairs = [*read_examples(BOT / "data" / "nlu.yml"), *danger]
    learnt = [normal(text) for text in [*(text for text, _ in pairs), *(case["text"] for case in labelled)]]
    learnt = [text for text in learnt if len(text.split()) >= WORDS]
    sorted_words = [[" ".join(sorted(text.split())) for text in texts] for texts in (learnt, held)]
    likeness = process.cdist(*sorted_words, scorer=fuzz.ratio, score_cutoff=TOO_CLOSE, dtype=np.uint8)
    close = [(learnt[i], held[j]) for i, j in zip(*likeness.nonzero(), strict=True)]
    assert not close
