"""`python -m benchmarks.fuzz --inputs 100000 --seed 1`: tries every parser and the web app, and prints what it did."""

from __future__ import annotations

import argparse
import importlib.util
import json
import re
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.fuzz import content, web
from benchmarks.fuzz.parsers import PARSERS
from bot.serving.quiet import make_quiet
from bot.settings import ROOT

FOLLOWED = 0.25  # of the inputs go to atheris, beside the others
WEB, CONTENT = 0.025, 0.004  # of the inputs; a request takes milliseconds, a check of all content longer


@dataclass(frozen=True)
class Tried:
    """One target's figures; `failure` is empty when nothing broke."""

    name: str
    inputs: int
    seconds: float
    failure: str = ""
    note: str = ""


def main() -> None:
    """Run all, print the table, write the JSON; ends with 1 when something broke."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="only targets whose name holds this")
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "fuzz.json")
    wishes = parser.parse_args()
    make_quiet()
    tried = [one for one in _all(wishes.inputs, wishes.seed, wishes.only) if one is not None]
    print(f"{sum(one.inputs for one in tried)} inputs, {sum(bool(one.failure) for one in tried)} failures")
    wishes.out.parent.mkdir(parents=True, exist_ok=True)
    wishes.out.write_text(json.dumps([asdict(one) for one in tried], indent=1))
    sys.exit(any(one.failure for one in tried))


def _all(inputs: int, start: int, only: str) -> list[Tried | None]:
    jobs: list[tuple[str, int, Callable[[int], str]]] = [
        (one.name, inputs * one.share // 100, lambda count, one=one: one.run(count, start) or "") for one in PARSERS
    ]
    jobs += [
        ("Messenger's webhook, by coverage", int(inputs * FOLLOWED), lambda count: _atheris(count, start)),
        ("content YAML", max(20, int(inputs * CONTENT)), lambda count: _content(count, start)),
        ("web app (schemathesis)", int(inputs * WEB), lambda count: _web(count, start)),
    ]
    return [_tried(*job) for job in jobs if only in job[0]]


def _tried(name: str, count: int, job: Callable[[int], str]) -> Tried:
    began = time.monotonic()
    note = failure = ""
    try:
        note = job(count)
    except Exception:
        failure = traceback.format_exc()[-2000:]
    found = Tried(name, count, time.monotonic() - began, failure, note)
    print(f"{name:<45} {count:>7} inputs {found.seconds:>7.1f} s  {note}{failure and 'FAILED'}", flush=True)
    if failure:
        print(failure)
    return found


def _content(count: int, start: int) -> str:
    with tempfile.TemporaryDirectory() as folder:
        content.run(count, start, Path(folder))
    return ""


def _web(count: int, start: int) -> str:
    with tempfile.TemporaryDirectory() as folder, web.open_door(Path(folder)) as door:
        web.run(door, count, start)
        return f"answers {dict(sorted(door.answers.items()))}"


def _atheris(count: int, start: int) -> str:
    if importlib.util.find_spec("atheris") is None:
        return "atheris is not installed; hypothesis alone"
    command = [sys.executable, "-m", "benchmarks.fuzz.messenger", f"-runs={count}", f"-seed={start}", "-max_len=2000"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(done.stderr[-1500:])
    covered = re.findall(r"cov: (\d+)", done.stderr)
    return f"coverage points {covered[-1] if covered else '?'}"


if __name__ == "__main__":
    main()
