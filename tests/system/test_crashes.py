"""The parts of the running installation are killed in the middle of bookings; the long run is benchmarks/crashes."""

from __future__ import annotations

import random

import pytest

from benchmarks.crashes.__main__ import Plan, Run
from benchmarks.crashes.system import System
from bot.store.engine import make_engine, make_sessions
from tests.installation import Installation

# The steps at which the most is at stake: a time is held, everything is read back, the request is stored.
KILLS = [
    ("Rasa's workers", "confirm"),
    ("web", "confirm"),
    ("Rasa", "confirm"),
    ("Rasa's workers", "when"),
    ("web", "note"),
    ("Rasa", "contact"),
]
OTHERS = 2000  # numbers of these patients, so that nobody else of the run has their names


@pytest.fixture(scope="module")
def run(installation: Installation) -> Run:
    running = System(installation.base, installation.process.pid, installation.database_url)
    made = Run(running, make_sessions(make_engine(installation.database_url)), None, OTHERS)
    made.rehearse()
    return made


@pytest.mark.parametrize(("part", "step"), KILLS, ids=[f"{part} at {step}" for part, step in KILLS])
def test_a_booking_comes_to_its_end_once_whatever_dies_in_the_middle_of_it(run: Run, part: str, step: str) -> None:
    number = KILLS.index((part, step))
    came = run.make(Plan(number, part, step, random.Random(number).random()))  # noqa: S311
    assert came["hit"]
    assert came["wrong"] == []
