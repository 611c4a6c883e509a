"""`python -m benchmarks.turns [--quick] [--only ours|stock]`: measure both bots one after the other, print the table.

Writes results/turns.json and results/turns.png. The stock bot is scaffolded and trained once, under var/benchmark.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import shutil
from pathlib import Path
from typing import Any

from benchmarks.turns import measure, report
from benchmarks.turns.bots import ROOT, Bot, ours, stock
from benchmarks.turns.patients import OurPatient, StockPatient

QUICK = measure.Plan(seconds=6.0, single_turns=60, long_turns=130, stock_long_turns=60)


def main() -> None:
    """Run what the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a minute instead of five; for a first look")
    parser.add_argument("--only", choices=("ours", "stock"), help="measure one bot, take the other from the last run")
    parser.add_argument("--results", type=Path, default=ROOT / "results")
    options = parser.parse_args()
    plan = QUICK if options.quick else measure.Plan()
    options.results.mkdir(parents=True, exist_ok=True)
    path = options.results / "turns.json"
    found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    var = ROOT / "var" / "benchmark"
    var.mkdir(parents=True, exist_ok=True)
    if options.only != "stock":
        shutil.rmtree(var / "ours", ignore_errors=True)
        with ours(var / "ours") as bot:
            found["ours"] = asyncio.run(_measured(bot, OurPatient, plan, plan.long_turns))
    if options.only != "ours":
        with stock(var) as bot:
            found["stock"] = asyncio.run(_measured(bot, StockPatient, plan, plan.stock_long_turns))
    found["machine"] = {"python": platform.python_version(), "processor": platform.processor() or platform.machine()}
    path.write_text(json.dumps(found, indent=1))
    if {"ours", "stock"} <= found.keys():
        print(report.table(report.rows(found["ours"], found["stock"])))
        report.plot(options.results / "turns.png", found["ours"]["long"], found["stock"]["long"])


async def _measured(bot: Bot, kind: Any, plan: measure.Plan, turns: int) -> dict[str, Any]:
    start = await measure.first_answer(bot, kind)
    one = await measure.one_patient(bot, kind, plan.single_turns, plan.seconds)
    long = await measure.long_conversation(bot, kind, turns, 4 * plan.seconds)
    many = await measure.many_patients(bot, kind, plan.patients, plan.seconds)
    late = min(report.LATE, len(long) - measure.AROUND)
    return {
        "start": start,
        "one": one,
        "many": many,
        "long": long,
        "late": late,
        "growth": measure.growth(long, late),
        "megabytes": bot.megabytes(),
    }


if __name__ == "__main__":
    main()
