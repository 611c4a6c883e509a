"""One run: patients talk in an event loop, faults are injected one after another in a thread beside it."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import httpx

from benchmarks.faults.injections import Fault, World
from benchmarks.faults.patients import Patient

THINK = (2.0, 10.0)  # seconds a patient reads and types
BETWEEN = (2.0, 6.0)  # seconds of calm between two faults
RECOVERY = 240.0  # seconds a part may take to come back
LAST_WORDS = 100.0  # seconds given to messages under way at the end


@dataclass
class Survived:
    """A fault and how the installation came out of it. Times in seconds; `healthy_after` counts from the end of the
    harm to a healthy /healthz, `answer_after` to the next answer that a patient got."""

    name: str
    lasted: float
    healthy_after: float
    answer_after: float
    expected_down: str
    seen_down: set[str]

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "seen_down": sorted(self.seen_down)}


async def talk_while(
    world: World, chosen: Sequence[Fault], count: int, seconds: float, think: tuple[float, float] = THINK
) -> tuple[list[Survived], list[Patient]]:
    """Let `count` patients talk while faults are injected for so many seconds; returns when all have their answers."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    async with httpx.AsyncClient(limits=limits, trust_env=False) as client:
        made = [Patient(world.system, number, random.Random(number), client) for number in range(count)]
        over = asyncio.Event()
        talking = [asyncio.create_task(patient.talk(over, think)) for patient in made]
        survived = await asyncio.to_thread(_harm, world, chosen, seconds, made)
        over.set()
        _, late = await asyncio.wait(talking, timeout=LAST_WORDS)
        for task in late:
            task.cancel()
        await asyncio.gather(*talking, return_exceptions=True)
    return survived, made


def _harm(world: World, chosen: Sequence[Fault], seconds: float, patients: Sequence[Patient]) -> list[Survived]:
    survived: list[Survived] = []
    until = time.monotonic() + seconds
    for fault in chosen:
        time.sleep(world.chance.uniform(*BETWEEN))
        if time.monotonic() > until:
            break
        survived.append(_harm_once(world, fault, patients))
        print(f"  {fault.name}: healthy again after {survived[-1].healthy_after:.1f} s", flush=True)
    return survived


def _harm_once(world: World, fault: Fault, patients: Sequence[Patient]) -> Survived:
    world.seen_down.clear()
    began = time.monotonic()
    fault.inject(world)
    over = time.monotonic()
    healthy = world.system.wait(RECOVERY)
    answer = _next_answer(patients, over)
    return Survived(fault.name, over - began, healthy, answer, fault.down, set(world.seen_down))


def _next_answer(patients: Sequence[Patient], since: float) -> float:
    """Seconds from `since` to the first answer that is no apology; waits for one, at most a minute."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        times = [
            told.answered
            for patient in patients
            for told in patient.told[-3:]
            if told.answered and told.answered > since and not told.is_apology
        ]
        if times:
            return min(times) - since
        time.sleep(0.2)
    return float("inf")
