"""Reads the public sets: Banking77 (CC-BY 4.0, PolyAI, github.com/PolyAI-LDN/task-specific-datasets) and CLINC150
(CC-BY 3.0, github.com/clinc/oos-eval). They are for measuring only; none of their text is kept in this project.

The folder holds `banking77/train.csv`, `banking77/test.csv` (columns text, category) and `clinc150/data_full.json`.
"""

from __future__ import annotations

import csv
import json
import random
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

Pairs = list[tuple[str, str]]
OUT = "out_of_scope"


def banking77(folder: Path) -> tuple[Pairs, Pairs]:
    """All training pairs and all 3,080 test pairs."""
    return _csv(folder / "banking77" / "train.csv"), _csv(folder / "banking77" / "test.csv")


def few(pairs: Sequence[tuple[str, str]], each: int, seed: int) -> Pairs:
    """`each` examples of every intent, drawn with a fixed seed."""
    by_intent: dict[str, list[str]] = defaultdict(list)
    for text, intent in pairs:
        by_intent[intent].append(text)
    draw = random.Random(seed)
    return [(text, intent) for intent in sorted(by_intent) for text in draw.sample(by_intent[intent], each)]


def clinc150(folder: Path) -> tuple[Pairs, Pairs, list[str]]:
    """Training pairs (with its 100 out-of-scope ones, named as ours), test pairs in scope, test texts out of scope."""
    raw = json.loads((folder / "clinc150" / "data_full.json").read_text(encoding="utf-8"))
    train = [(text, intent) for text, intent in raw["train"]] + [(text, OUT) for text, _ in raw["oos_train"]]
    return train, [(text, intent) for text, intent in raw["test"]], [text for text, _ in raw["oos_test"]]


def _csv(path: Path) -> Pairs:
    with path.open(encoding="utf-8", newline="") as lines:
        return [(row["text"], row["category"]) for row in csv.DictReader(lines)]
