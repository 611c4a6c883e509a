"""The measurements, each bounded in count and time. Durations in milliseconds unless the name says otherwise."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.turns.bots import Bot
from benchmarks.turns.patients import QUESTIONS, STOCK_DIALOGUE, OurPatient, StockPatient

Patient = OurPatient | StockPatient
Patients = Callable[[str], Patient]
EARLY, AROUND = slice(2, 12), 10  # turns 3 to 12 stand for turn 5; 10 either side of a late one for that


@dataclass(frozen=True)
class Plan:
    """How much is measured; seconds bound every part."""

    patients: int = 20
    seconds: float = 20.0
    single_turns: int = 300
    long_turns: int = 510
    stock_long_turns: int = 200


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which that share of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


async def first_answer(bot: Bot, kind: Patients) -> float:
    """Seconds from the bot's start to the first answer of a new conversation."""
    began = time.perf_counter()
    patient = await kind(bot.base).open()
    await patient.say("hello")
    patient.http.close()
    return bot.started + time.perf_counter() - began


async def one_patient(bot: Bot, kind: Patients, turns: int, seconds: float) -> dict[str, float]:
    """Whole dialogues of one patient, one after the other."""
    patient = kind(bot.base)
    await _talk(patient, time.monotonic() + min(5.0, seconds / 4))  # warm
    patient.seconds.clear()
    await _talk(patient, time.monotonic() + seconds, turns)
    patient.http.close()
    return {
        "turns": len(patient.seconds),
        "median": 1e3 * statistics.median(patient.seconds),
        "p99": 1e3 * percentile(patient.seconds, 0.99),
    }


async def many_patients(bot: Bot, kind: Patients, patients: int, seconds: float) -> dict[str, Any]:
    """So many patients at once for so long; turns a second, and processor time a turn."""
    crowd = [kind(bot.base) for _ in range(patients)]
    before, began, driver = bot.cpu_seconds(), time.monotonic(), time.process_time()
    await asyncio.gather(*[_talk(patient, began + seconds) for patient in crowd])
    took, after, driver = time.monotonic() - began, bot.cpu_seconds(), time.process_time() - driver
    for patient in crowd:
        patient.http.close()
    all_seconds = [one for patient in crowd for one in patient.seconds]
    by_part = {part: 1e3 * (spent - before.get(part, 0.0)) / len(all_seconds) for part, spent in after.items()}
    return {
        "turns": len(all_seconds),
        "fallbacks": sum(patient.fallbacks for patient in crowd),
        "turns_per_second": len(all_seconds) / took,
        "cpu_ms_per_turn": sum(by_part.values()),
        "cpu_ms_by_part": by_part,
        "driver_ms_per_turn": 1e3 * driver / len(all_seconds),
        "median": 1e3 * statistics.median(all_seconds),
        "p99": 1e3 * percentile(all_seconds, 0.99),
    }


async def long_conversation(bot: Bot, kind: Patients, turns: int, seconds: float) -> list[float]:
    """One conversation that goes on and on: the duration of each turn. The messages come round again and again."""
    texts = QUESTIONS if kind is OurPatient else STOCK_DIALOGUE[:5]
    patient = await kind(bot.base).open()
    until = time.monotonic() + seconds
    for number in range(turns):
        if time.monotonic() > until:
            break
        await patient.say(texts[number % len(texts)])
    patient.http.close()
    return [1e3 * one for one in patient.seconds]


def growth(durations: Sequence[float], late: int) -> float:
    """How many times as long a late turn takes as an early one (medians over the turns around them)."""
    last = min(late, len(durations) - AROUND)
    return statistics.median(durations[last - AROUND : last + AROUND]) / statistics.median(durations[EARLY])


async def _talk(patient: Patient, until: float, turns: int = 10**9) -> None:
    while len(patient.seconds) < turns:
        async for _ in patient.dialogue():
            if time.monotonic() > until or len(patient.seconds) >= turns:
                return
