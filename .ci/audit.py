"""Looks the packages of requirements.lock and of the chat window (npm) up in the advisories; says how many it could.

Ends with 1 for an advisory that .ci/accepted-advisories.txt does not name. Where no advisories can be reached (no
network, or a mirror of the registry without them) it says so and ends with 0; with AUDIT_STRICT=1 that fails too.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
LOCK = HERE.parent / "requirements.lock"
WEB_LOCK = HERE.parent / "web-src" / "package-lock.json"
NPM = ("npm", "--prefix", str(WEB_LOCK.parent), "audit", "--package-lock-only", "--json")
ACCEPTED = HERE / "accepted-advisories.txt"


@dataclass(frozen=True)
class Verdict:
    """`looked_up` of `all` packages; `open` are the advisories that nobody has accepted, as "package version: id"."""

    looked_up: int
    all: int
    open: tuple[str, ...]


def main(command: Sequence[str], web: Sequence[str] = NPM) -> int:
    """Run pip-audit by `command` and npm's audit by `web`, and judge what they found."""
    known = accepted(ACCEPTED.read_text(encoding="utf-8"))
    arguments = [*command, "-r", str(LOCK), "--disable-pip", "--no-deps", "--progress-spinner", "off", "-f", "json"]
    python = _asked("pip-audit", arguments, lambda report: judge(report, known))
    npm = _asked("npm audit", web, lambda report: judge_npm(report, known))
    of_all = (
        LOCK.read_text(encoding="utf-8").count("=="),
        len(json.loads(WEB_LOCK.read_text(encoding="utf-8"))["packages"]) - 1,
    )
    found = [verdict or Verdict(0, count, ()) for verdict, count in zip((python, npm), of_all, strict=True)]
    for one, kind in zip(found, ("Python", "npm"), strict=True):
        print(f"{one.looked_up} of {one.all} {kind} packages were looked up in the advisories.")
    still_open = [line for one in found for line in one.open]
    for line in still_open:
        print(f"open: {line}")
    if still_open:
        return 1
    if missing := sum(one.all - one.looked_up for one in found):
        loud = "!" * 100
        print(f"{loud}\nNOT AUDITED: {missing} packages could not be looked up here, and nothing is known of them.")
        print(f"Run make audit with a network; AUDIT_STRICT=1 makes this a failure.\n{loud}")
        return int(os.environ.get("AUDIT_STRICT") == "1")
    return 0


def _asked(name: str, command: Sequence[str], judged: Callable[[Any], Verdict]) -> Verdict | None:
    """What an audit says; None, after a line why, where it says nothing."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        print(f"{name} gave no report: {error.strerror}")
        return None
    try:
        return judged(json.loads(done.stdout))
    except (ValueError, KeyError):
        said = [line for line in done.stderr.splitlines() if line.strip() and "complete log" not in line]
        print(f"{name} gave no report: {(said or ['it said nothing'])[-1][:300]}")
        return None


def judge(report: Mapping[str, Any], accepted_ids: frozenset[str]) -> Verdict:
    """What a JSON report of pip-audit says; a package that it skipped was not looked up."""
    packages = report["dependencies"]
    seen = [one for one in packages if "skip_reason" not in one]
    still_open = [
        f"{one['name']} {one['version']}: {advisory['id']}"
        for one in seen
        for advisory in one["vulns"]
        if not accepted_ids & {advisory["id"], *advisory.get("aliases", ())}
    ]
    return Verdict(len(seen), len(packages), tuple(still_open))


def judge_npm(report: Mapping[str, Any], accepted_ids: frozenset[str]) -> Verdict:
    """What a JSON report of `npm audit` says. An advisory's id is the last part of its address; a package that only
    depends on another one with an advisory has none of its own."""
    total = report["metadata"]["dependencies"]["total"]
    still_open = [
        f"{name}: {id}"
        for name, one in report["vulnerabilities"].items()
        for id in (via["url"].rpartition("/")[2] for via in one["via"] if isinstance(via, dict))
        if id not in accepted_ids
    ]
    return Verdict(total, total, tuple(still_open))


def accepted(text: str) -> frozenset[str]:
    """The ids of accepted-advisories.txt: the first word of each line, the rest says why."""
    return frozenset(line.split()[0] for line in text.splitlines() if line.strip() and not line.startswith("#"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
