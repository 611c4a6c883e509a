"""Looks the packages of requirements.lock up in the advisories and says how many could be looked up.

Ends with 1 for an advisory that .ci/accepted-advisories.txt does not name. Where no advisories can be reached (no
network, or a mirror of the registry without them) it says so and ends with 0; with AUDIT_STRICT=1 that fails too.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
LOCK = HERE.parent / "requirements.lock"
ACCEPTED = HERE / "accepted-advisories.txt"


@dataclass(frozen=True)
class Verdict:
    """`looked_up` of `all` packages; `open` are the advisories that nobody has accepted, as "package version: id"."""

    looked_up: int
    all: int
    open: tuple[str, ...]


def main(command: Sequence[str]) -> int:
    """Run pip-audit by `command` and judge what it found."""
    arguments = [*command, "-r", str(LOCK), "--disable-pip", "--no-deps", "--progress-spinner", "off", "-f", "json"]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    try:
        found = judge(json.loads(done.stdout), accepted(ACCEPTED.read_text(encoding="utf-8")))
    except ValueError:
        found = Verdict(0, LOCK.read_text(encoding="utf-8").count("=="), ())
        print(f"pip-audit gave no report: {(done.stderr.strip().splitlines() or ['it said nothing'])[-1][:300]}")
    print(f"{found.looked_up} of {found.all} packages were looked up in the advisories.")
    for line in found.open:
        print(f"open: {line}")
    if found.open:
        return 1
    if found.looked_up < found.all:
        loud, missing = "!" * 100, found.all - found.looked_up
        print(f"{loud}\nNOT AUDITED: {missing} packages could not be looked up here, and nothing is known of them.")
        print(f"Run make audit with a network; AUDIT_STRICT=1 makes this a failure.\n{loud}")
        return int(os.environ.get("AUDIT_STRICT") == "1")
    return 0


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


def accepted(text: str) -> frozenset[str]:
    """The ids of accepted-advisories.txt: the first word of each line, the rest says why."""
    return frozenset(line.split()[0] for line in text.splitlines() if line.strip() and not line.startswith("#"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
