"""A part that hangs is ended and started again; one that is slow to answer once is left alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.faults.system import free_port
from bot.serving import pulse, supervisor
from bot.serving.orphans import PARENT
from bot.serving.pulse import MOST_MISSES, START_LIMIT, Pulse

# A part as simple as can be: it answers 200 on every path.
ANSWERING = """
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from bot.serving.orphans import end_with_supervisor
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def log_message(self, *_):
        pass
end_with_supervisor()
ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


def test_a_part_hangs_when_it_does_not_answer_several_times_in_a_row() -> None:
    one = Pulse(heard=True)
    assert [one.note(False, 60) for _ in range(MOST_MISSES)] == [False] * (MOST_MISSES - 1) + [True]


def test_an_answer_in_between_makes_good_for_the_misses_before() -> None:
    one = Pulse(heard=True)
    for _ in range(3):
        assert not any(one.note(False, 60) for _ in range(MOST_MISSES - 1))
        assert not one.note(True, 60)


def test_a_part_that_still_starts_is_given_its_time() -> None:
    assert not any(Pulse().note(False, START_LIMIT - 1) for _ in range(100))
    assert Pulse().note(False, START_LIMIT + 1)


def until(holds: Callable[[], bool], seconds: float = 30) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.05)
    return False


def test_a_part_that_stands_still_is_replaced_and_said_to_be(monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
    monkeypatch.setattr(pulse, "PAUSE", 0.05)
    monkeypatch.setattr(supervisor, "ANSWER_LIMIT", 0.3)
    port = free_port()
    env = {**os.environ, "PYTHONPATH": str(root)}
    part = supervisor.Part("web", [sys.executable, "-c", ANSWERING, str(port)], "127.0.0.1", port, "PORT", "/", env=env)
    said: list[str] = []
    watcher = supervisor.Supervisor([part], said.append)
    watcher.start()
    watching = threading.Thread(target=watcher.watch)
    watching.start()
    try:
        first = part.process
        assert first is not None
        assert until(lambda: part.pulse.heard)
        os.kill(first.pid, signal.SIGSTOP)
        assert until(lambda: part.process is not first and part.answers())
        assert said[0] == "web does not answer any more; ending it"
    finally:
        watcher.end()
        watching.join(10)


def test_a_process_ends_with_its_supervisor(root: Path) -> None:
    start = f"""
import os, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", {ANSWERING!r}, "{free_port()}"],
                         env={{**os.environ, "{PARENT}": str(os.getpid()), "PYTHONPATH": {str(root)!r}}})
print(child.pid, flush=True)
child.wait()
"""
    parent = subprocess.Popen([sys.executable, "-c", start], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    assert until(lambda: not Path(f"/proc/{child}").exists() or "Z" in Path(f"/proc/{child}/stat").read_text().split())
