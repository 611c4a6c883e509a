"""A patient's words go nowhere: through whole conversations no process of the installation leaves the machine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.settings import ROOT
from tests.installation import Installation
from tests.patient import NOTHING_APPLIES

TOLD = {
    **NOTHING_APPLIES,
    "age": "I am 34",
    "treatment": "facial",
    "name": "Rosalind Quarterpenny",
    "contact": "rosalind.q@example.net",
    "when": "in two weeks on a tuesday at 10",
    "note": "no note",
    "confirm": "yes",
}
OUTSIDE = "203.0.113.9"  # an address of documentation, nobody's


def watched(log: Path) -> tuple[list[str], list[str]]:
    """(processes under watch, what they tried to reach)."""
    lines = log.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.startswith("watching ")], [x for x in lines if not x.startswith("watching ")]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_whole_conversations_reach_nothing_beyond_the_machine(installation: Installation, closed_network: Path) -> None:
    patient = installation.patient()
    for text in ("hi", "what are the side effects?", "how long do they last", "xylophagous brumotactillion?"):
        patient.say(text)
    checked = patient.until_done("can you check if I can have it", TOLD)
    assert checked["metadata"]["outcome"] == "suitable"
    booked = patient.until_done("I want to book a visit", TOLD)
    assert booked["metadata"]["reference"]
    for text in ("I have chest pain", "I want a person"):
        patient.say(text)
    assert patient.say("delete my data")[-1]["metadata"]["asks"] == "delete"
    patient.say("yes")
    assert patient.post(text="hello").status_code == 401
    processes, reached = watched(closed_network)
    for part in ("web_server", "rasa_server"):
        assert any(part in line for line in processes), f"{part} was not watched"
    assert reached == []
    assert "CLOSED_NETWORK_LOG" not in os.environ, "later tests of this process would be closed in too"


def test_the_watch_notices_and_refuses_a_way_out(tmp_path: Path) -> None:
    log = tmp_path / "log"
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parent / "closed_network"), "CLOSED_NETWORK_LOG": str(log)}
    for way in (f"socket.create_connection(('{OUTSIDE}', 80), 1)", "socket.getaddrinfo('example.net', 80)"):
        command = [sys.executable, "-c", f"import socket; {way}"]
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, timeout=60, check=False)
        assert b"does not let anything out" in done.stderr
    assert len(watched(log)[1]) == 2
