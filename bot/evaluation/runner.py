"""Runs an evaluation: loads the model as Rasa does, parses every held-out message once, and hands over a report."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from bot.clinic.understanding import Question
from bot.evaluation import heldout, measures
from bot.evaluation.measures import Parse, Slice
from bot.evaluation.report import Report, read_figures

RESULT, LAST = "understanding", "last.json"


class NoModelError(FileNotFoundError):
    """There is no such trained model; the message says how to make one."""


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
    only: Sequence[str] = (),
) -> Report:
    """Measure a trained Rasa model on the held-out files. Raises NoModelError; None is one that is not there.

    Writes understanding.json and a picture of the confusions to `out_dir`; `against` is such a JSON to compare with,
    by default the last one committed (tests/heldout/last.json).
    `parse` replaces the model, for tests; `taught` are the answers of the desk that have to stand; `only` names the
    sets to measure, by default all. The report's `failures` name what fell below tests/heldout/floors.yml.
    """
    last = heldout_dir / LAST
    against = against or (last if last.exists() else None)
    before = read_figures(against) if against else {}
    sets = heldout.load_all(heldout_dir, only)
    floors = heldout.load_floors(heldout_dir)
    floors = floors.of(sets) if only else floors
    parse = parse or parser_of(model_path)
    report = measure(sets, floors, parse, before, taught or Taught())
    report.write(out_dir, RESULT)
    return report


def measure(
    sets: Mapping[str, heldout.HeldOut],
    floors: heldout.Floors,
    parse: Parse,
    before: Mapping[str, float],
    taught: Taught,
) -> Report:
    """All slices of one model on all sets. A set's figures and slices have its name in front; the errors of unseen ones
    are counted and dropped.
    """
    remembered = lru_cache(maxsize=None)(parse)
    slices: dict[str, Slice] = {}
    seen: list[tuple[str, str, float]] = []
    for name, held in sets.items():
        found, told = _slices(held, remembered)
        slices |= {_named(name, slice_name): _renamed(name, one, floors) for slice_name, one in found.items()}
        seen += told if name not in floors.unseen else []
    wanted = {_named(name, figure): floor for name, own in floors.figures.items() for figure, floor in own.items()}
    if taught.cases:
        slices["answers of the desk"] = measures.taught(remembered, taught.cases, taught.has_answer)
        wanted[measures.TAUGHT] = 1.0
    return Report(slices, seen, wanted, before)


def _slices(held: heldout.HeldOut, parse: Parse) -> tuple[dict[str, Slice], list[tuple[str, str, float]]]:
    intents, seen = measures.intents(parse, held.intents)
    return {
        "intents": intents,
        "danger": measures.danger(parse, held.danger, held.near_misses),
        "out of scope": measures.out_of_scope(parse, held.out_of_scope),
        "entities": measures.entities(parse, held.entities),
        "two questions": measures.two_questions(parse, held.two_questions),
        "context": measures.context(parse, held.context),
        "reliability": measures.reliability(seen),
    }, seen


def _renamed(name: str, one: Slice, floors: heldout.Floors) -> Slice:
    figures = {_named(name, figure): value for figure, value in one.figures.items()}
    return Slice(figures, one.rows, [] if name in floors.unseen else one.errors)


def _named(name: str, what: str) -> str:
    return f"{name}/{what}" if name else what


def parser_of(model: Path | None) -> Parse:
    """What reads a message with a trained model, as Rasa does. Raises NoModelError."""
    if model is None or not model.exists():
        raise NoModelError(f"There is no model{f' {model}' if model else ''}; make one with `mesoguide train`")
    from rasa.core.agent import Agent  # slow to import, and not needed for anything else here
    from rasa.utils.log_utils import configure_structlog

    configure_structlog(logging.WARNING)  # else Rasa prints every message and what it made of it
    agent = Agent.load(str(model))

    def parse(text: str) -> Mapping[str, Any]:
        return dict(asyncio.run(agent.parse_message(text)))

    return parse
