"""A short run of `python -m benchmarks.faults` on the installation of these tests: what patients were told holds."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from benchmarks.faults.checks import check, settle
from benchmarks.faults.injections import World, faults
from benchmarks.faults.run import talk_while
from benchmarks.faults.system import WORKERS, System
from tests.installation import Installation

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
FAULTS = (f"kill {WORKERS}", "lock the database", "kill web")  # those that end within seconds; the others: benchmarks
PATIENTS = 6


@pytest.fixture
def world(installation: Installation) -> World:
    env = installation.env
    ports = [int(env[name]) for name in ("PORT", "RASA_PORT", "ACTIONS_PORT")]
    var, keys = Path(env["MESOGUIDE_VAR"]), env["MESOGUIDE_KEYS"]
    system = System(var, {}, False, *ports, installation.process, keys)
    return World(system, None, random.Random(5))  # noqa: S311


async def test_patients_get_an_answer_or_honest_words_and_nothing_confirmed_is_lost(world: World) -> None:
    by_name = {fault.name: fault for fault in faults(world)}
    chosen = [by_name[name] for name in FAULTS]
    survived, patients = await talk_while(world, chosen, PATIENTS, seconds=600, think=(0.3, 1.0))
    settle(world)
    outcome = check(world, patients)
    assert outcome.broken == []
    assert outcome.answered == outcome.messages > 3 * PATIENTS
    assert [one.name for one in survived] == list(FAULTS)
    for one in survived:
        assert one.expected_down in one.seen_down, one
