"""`python -m benchmarks.turns.soak [--minutes 30] [--rate 40]`: a long steady load; memory and latency are noted.

Twenty patients lead whole dialogues at half of what the last benchmark found to be the most (or at `--rate` turns a
second), and cancel the visit at the end of each, so that the diary does not fill up. Every ten seconds the memory of
each part and the latency since then are noted; the end prints how both went on in the second half and over the last
5,000 conversations, and writes results/soak.json and results/soak.png.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.turns import measure
from benchmarks.turns.bots import ROOT, Bot, ours
from benchmarks.turns.patients import OurPatient

PATIENTS = 20
EVERY_SECONDS = 10.0
LAST = 5000  # conversations over which memory may not grow


def main() -> None:
    """Run what the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--rate", type=float, help="turns a second; else half of the last benchmark's")
    parser.add_argument("--results", type=Path, default=ROOT / "results")
    options = parser.parse_args()
    options.results.mkdir(parents=True, exist_ok=True)
    rate = options.rate or half_load(options.results / "turns.json")
    with ours(ROOT / "var" / "benchmark" / f"soak-{int(time.time())}") as bot:
        samples = asyncio.run(soak(bot, rate, 60 * options.minutes))
    (options.results / "soak.json").write_text(json.dumps({"rate": rate, "samples": samples}, indent=1))
    print(summary(rate, samples))
    plot(options.results / "soak.png", samples)


def half_load(results: Path) -> float:
    """Half the turns a second of the last benchmark. Raises OSError when there was none."""
    return float(json.loads(results.read_text())["ours"]["many"]["turns_per_second"]) / 2


async def soak(bot: Bot, rate: float, seconds: float) -> list[dict[str, Any]]:
    """Patients at work, and what was noted of them."""
    until = time.monotonic() + seconds
    crowd = [OurPatient(bot.base) for _ in range(PATIENTS)]
    led: list[OurPatient] = []
    began = time.monotonic()
    work = [
        asyncio.create_task(_talk(patient, PATIENTS / rate, began + number / rate, until, led))
        for number, patient in enumerate(crowd)
    ]
    samples = [sample async for sample in _samples(bot, crowd, led, until)]
    await asyncio.gather(*work)
    return samples


async def _talk(patient: OurPatient, pause: float, due: float, until: float, led: list[OurPatient]) -> None:
    """Dialogue after dialogue from `due` on, a turn every `pause` seconds, or as fast as it goes when that is too
    often; `led` gets one more for each that came to its end."""
    await asyncio.sleep(max(0.0, due - time.monotonic()))
    while True:
        for part in (patient.dialogue, patient.cancel):
            async for _ in part():
                due = max(due + pause, time.monotonic() - pause)
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                if time.monotonic() > until:
                    return
        led.append(patient)


async def _samples(bot: Bot, crowd: Sequence[OurPatient], led: Sequence[OurPatient], until: float) -> Any:
    began, seen = time.monotonic(), [0] * len(crowd)
    while time.monotonic() < until:
        await asyncio.sleep(EVERY_SECONDS)
        new = [one for patient, count in zip(crowd, seen, strict=True) for one in patient.seconds[count:]]
        seen = [len(patient.seconds) for patient in crowd]
        yield {
            "seconds": time.monotonic() - began,
            "turns": sum(seen),
            "conversations": len(led),
            "median": 1e3 * statistics.median(new) if new else None,
            "p99": 1e3 * measure.percentile(new, 0.99) if new else None,
            "megabytes": bot.megabytes_by_part(),
        }


def summary(rate: float, samples: Sequence[Mapping[str, Any]]) -> str:
    """How memory and latency went on in the second half and over the last conversations, as Markdown."""
    half, end = samples[len(samples) // 2], samples[-1]
    late = [one for one in samples[len(samples) // 2 :] if one["median"] is not None]
    since = next(one for one in samples if one["conversations"] >= end["conversations"] - LAST)
    return (
        f"{end['turns']} turns, {end['conversations']} conversations in {end['seconds'] / 60:.1f} minutes, {rate:.0f} "
        f"turns a second asked for; memory {_all(half):.0f} MB in the middle, {_all(end):.0f} MB at the end, "
        f"{_all(end) - _all(since):+.0f} MB since conversation {since['conversations']}; latency of the second half: "
        f"median {statistics.median(one['median'] for one in late):.0f} ms, worst ten seconds' 99th percentile "
        f"{max(one['p99'] for one in late):.0f} ms"
    )


def _all(sample: Mapping[str, Any]) -> float:
    return float(sum(sample["megabytes"].values()))


def plot(path: Path, samples: Sequence[Mapping[str, Any]]) -> None:
    """Memory by part and latency over time."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    minutes = [one["seconds"] / 60 for one in samples]
    figure, (memory, latency) = pyplot.subplots(2, 1, figsize=(9, 7), sharex=True)
    for part in samples[-1]["megabytes"]:
        memory.plot(minutes, [one["megabytes"].get(part, 0.0) for one in samples], label=part)
    memory.plot(minutes, [_all(one) for one in samples], label="all", color="black")
    memory.set_ylabel("MB (PSS)")
    for name, label in (("median", "median"), ("p99", "99th percentile")):
        latency.plot(minutes, [one[name] for one in samples], label=label)
    latency.set_ylabel("milliseconds")
    latency.set_xlabel("minutes")
    for axes in (memory, latency):
        axes.set_ylim(bottom=0)
        axes.grid(alpha=0.3)
        axes.legend()
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


if __name__ == "__main__":
    main()
