"""A part that hangs or dies is started again, a port in use is named, and what was started ends with the supervisor."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from benchmarks.faults.system import free_port
from bot.serving import pulse, supervisor
from bot.serving.orphans import PARENT
from bot.serving.pulse import MOST_MISSES, START_LIMIT, Pulse
from bot.settings import Settings

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


def ended(process: int) -> bool:
    """Whether a process is gone, or is dead and only waits to be counted."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


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
    assert until(lambda: ended(child))


def test_a_part_that_dies_is_started_again_after_a_longer_pause_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "LONGEST_PAUSE", 0.2)
    command = [sys.executable, "-S", "-c", "raise SystemExit(3)"]
    part = supervisor.Part("web", command, "127.0.0.1", free_port(), "PORT", "/", env=dict(os.environ), pause=0.05)
    said: list[tuple[str, float]] = []
    watcher = supervisor.Supervisor([part], lambda line: said.append((line, part.pause)))
    part.start(time.monotonic())
    watching = threading.Thread(target=watcher.watch)
    watching.start()
    try:
        assert until(lambda: len(said) >= 6)
    finally:
        watcher.end()
        watching.join(10)
    assert [line.partition(";")[0] for line, _ in said[:6]] == [
        "web stopped (exit code 3)",
        "web was started again",
    ] * 3
    assert [pause for line, pause in said[:6] if "stopped" in line] == [0.1, 0.2, 0.2], "doubled, up to the longest"


def test_a_part_that_ran_well_for_long_starts_again_with_the_first_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "STEADY", 0.0)
    command = [sys.executable, "-S", "-c", ""]
    part = supervisor.Part("web", command, "127.0.0.1", free_port(), "PORT", "/", env=dict(os.environ), pause=16.0)
    said: list[str] = []
    watcher = supervisor.Supervisor([part], said.append)
    part.start(time.monotonic())
    assert part.process is not None
    part.process.wait()
    watcher._revive(part)
    assert said == ["web stopped (exit code 0); starting it again in 1 s"]


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that another program listens on."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield int(other.getsockname()[1])


def supervise(root: Path, var: Path, **ports: int) -> subprocess.CompletedProcess[str]:
    """What `mesoguide serve` becomes, on these ports."""
    env = {**os.environ, "PYTHONPATH": str(root), "MESOGUIDE_VAR": str(var), "RASA_PROCESSES": "1"}
    env |= {name: str(port) for name, port in ports.items()}
    command = [sys.executable, "-m", "bot.serving.supervise", "no-model"]
    return subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("setting", ["PORT", "RASA_PORT"])
def test_serve_ends_with_the_setting_that_moves_a_port_in_use(
    setting: str, taken: int, root: Path, tmp_path: Path
) -> None:
    ports = {name: free_port() for name in ("PORT", "RASA_PORT", "ACTIONS_PORT")} | {setting: taken}
    done = supervise(root, tmp_path, **ports)
    assert done.returncode == 1
    assert done.stderr == ""
    (line,) = [one for one in done.stdout.splitlines() if str(taken) in one]
    assert line.endswith(f"or choose another with {setting}=…")


def test_serve_says_that_the_port_of_the_actions_is_in_use_and_goes_on(taken: int, root: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as another:  # so that it ends before it starts anything
        port = int(another.getsockname()[1])
        done = supervise(root, tmp_path, PORT=port, RASA_PORT=free_port(), ACTIONS_PORT=taken)
    notice, starting, ending = done.stdout.splitlines()[:3]
    assert str(taken) in notice
    assert notice.endswith("or choose another with ACTIONS_PORT=…")
    assert starting.startswith("Starting")
    assert "PORT=" in ending
    assert "ACTIONS_PORT" not in ending


def test_nothing_is_said_of_the_port_of_the_actions_where_it_is_free_or_a_part_needs_it(taken: int) -> None:
    assert supervisor.without_actions_port(Settings(actions_port=free_port())) == ""
    assert supervisor.without_actions_port(Settings(actions_port=taken, actions_apart=True)) == ""


# One part has a worker of its own, the other does not heed the request to end.
INSTALLATION = """
import os, sys
from bot.serving import supervise, supervisor
supervisor.STOP_LIMIT = 1.0
answering, *ports = sys.argv[1:]
worker = "import subprocess, sys; subprocess.Popen([sys.executable, '-S', '-c', 'import time; time.sleep(600)'])"
deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
supervisor.parts = lambda *_: [
    supervisor.Part(f"part {port}", [sys.executable, "-c", more + answering, port], "127.0.0.1", int(port), "PORT", "/",
                    env=dict(os.environ))
    for port, more in zip(ports, (worker, deaf))
]
sys.exit(supervise.main("no-model"))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_ctrl_c_leaves_no_process_behind(number: signal.Signals, root: Path, tmp_path: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(root), "MESOGUIDE_VAR": str(tmp_path), "ACTIONS_PORT": str(free_port())}
    command = [sys.executable, "-c", INSTALLATION, ANSWERING, str(free_port()), str(free_port())]
    running = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    try:
        assert any("is ready" in line for line in running.stdout)
        started = [one.pid for one in psutil.Process(running.pid).children(recursive=True)]
        running.send_signal(number)
        rest = running.stdout.read()
        assert running.wait(60) == 0
    finally:
        running.kill()
        running.wait()
    assert rest.splitlines()[-1] == "Stopped."
    assert len(started) == 3, "two parts, and the worker of one"
    assert until(lambda: all(ended(one) for one in started))
