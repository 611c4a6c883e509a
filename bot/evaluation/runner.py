"""Runs an evaluation: loads the model as Rasa does, parses every held-out message once, and hands over a report."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from bot.clinic.understanding import Question
from bot.evaluation import heldout, measures
from bot.evaluation.measures import Parse
from bot.evaluation.report import Report, read_figures
from bot.settings import ROOT

MODELS = ROOT / "models"
RESULT = "understanding"


class NoModelError(FileNotFoundError):
    """There is no trained model to evaluate; the message says how to make one."""


@dataclass(frozen=True)
class Taught:
    """What the desk has taught: its regression cases, and whether the content answers a question by itself."""

    cases: Sequence[Mapping[str, Any]] = ()
    has_answer: Callable[[Question], bool] = lambda question: False


def run(  # noqa: PLR0913, PLR0917 - what is measured, on what, and against what
    model_path: Path | None,
    heldout_dir: Path,
    out_dir: Path,
    against: Path | None = None,
    parse: Parse | None = None,
    taught: Taught | None = None,
) -> Report:
    """Measure a trained Rasa model (default: the newest in models/) on the held-out files.

    Writes understanding.json and a picture of the confusions to `out_dir`; `against` is such a JSON to compare with.
    `parse` replaces the model, for tests; `taught` are the answers of the desk that have to stand. The report's
    `failures` name what fell below tests/heldout/floors.yml.
    """
    before = read_figures(against) if against else {}
    parse = parse or _rasa(model_path or newest(MODELS))
    report = measure(heldout.load(heldout_dir), parse, before, taught or Taught())
    report.write(out_dir, RESULT)
    return report


def measure(held: heldout.HeldOut, parse: Parse, before: Mapping[str, float], taught: Taught) -> Report:
    """All slices of one model."""
    remembered = lru_cache(maxsize=None)(parse)
    intents, seen = measures.intents(remembered, held.intents)
    slices = {
        "intents": intents,
        "danger": measures.danger(remembered, held.danger, held.near_misses),
        "out of scope": measures.out_of_scope(remembered, held.out_of_scope),
        "entities": measures.entities(remembered, held.entities),
        "two questions": measures.two_questions(remembered, held.two_questions),
        "context": measures.context(remembered, held.context),
        "reliability": measures.reliability(seen),
    }
    floors = dict(held.floors)
    if taught.cases:
        slices["answers of the desk"] = measures.taught(remembered, taught.cases, taught.has_answer)
        floors[measures.TAUGHT] = 1.0
    return Report(slices, seen, floors, before)


def newest(folder: Path) -> Path:
    """The newest model archive; raises NoModelError."""
    models = sorted(folder.glob("*.tar.gz"), key=lambda path: path.stat().st_mtime)
    if not models:
        raise NoModelError(f"{folder}: no model; train one with `mesoguide train`")
    return models[-1]


def _rasa(model: Path) -> Parse:
    from rasa.core.agent import Agent  # slow to import, and not needed for anything else here

    agent = Agent.load(str(model))

    def parse(text: str) -> Mapping[str, Any]:
        return dict(asyncio.run(agent.parse_message(text)))

    return parse
