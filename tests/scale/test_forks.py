"""Workers that are forks: each port has one, one that dies is replaced, and none outlives its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

PROGRAM = """
import os, signal, sys, time
from pathlib import Path
from bot.serving import forks, orphans

forks.FIRST_PAUSE = 0.01
orphans.SECONDS = 0.05
loaded = str(time.monotonic())

def serve(port):
    Path(sys.argv[1], f"{port}.{os.getpid()}").write_text(loaded)
    if Path(sys.argv[1], "fail").exists():
        raise RuntimeError("a worker that cannot start")
    while True:
        signal.pause()

forks.run([1, 2], serve)
print("ended")
"""
PATIENCE = 20.0


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def workers(folder: Path, port: int) -> list[int]:
    """The processes that ever served a port, those that live."""
    return [pid for pid in (int(path.suffix[1:]) for path in folder.glob(f"{port}.*")) if lives(pid)]


def lives(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def parent(tmp_path: Path, root: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", PROGRAM, str(tmp_path)]
    process = subprocess.Popen(command, cwd=root, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    until(lambda: len(workers(tmp_path, 1) + workers(tmp_path, 2)) == 2)
    yield process
    process.kill()
    process.wait()


def test_a_worker_that_dies_is_replaced_by_one_that_loads_nothing(
    parent: subprocess.Popen[str], tmp_path: Path
) -> None:
    (victim,) = workers(tmp_path, 2)
    os.kill(victim, signal.SIGKILL)
    until(lambda: len(workers(tmp_path, 2)) == 1 and workers(tmp_path, 2) != [victim])
    until(lambda: all(path.read_text() for path in tmp_path.iterdir()))  # a file is there before its text
    assert len({path.read_text() for path in tmp_path.iterdir()}) == 1
    assert len(workers(tmp_path, 1)) == 1


def test_all_end_together(parent: subprocess.Popen[str], tmp_path: Path) -> None:
    parent.send_signal(signal.SIGTERM)
    assert parent.communicate(timeout=PATIENCE)[0] == "ended\n"
    assert workers(tmp_path, 1) + workers(tmp_path, 2) == []


def test_workers_end_when_their_parent_was_killed(parent: subprocess.Popen[str], tmp_path: Path) -> None:
    parent.kill()
    until(lambda: workers(tmp_path, 1) + workers(tmp_path, 2) == [])


def test_a_worker_that_cannot_start_is_tried_again_and_still_ends_with_the_others(
    parent: subprocess.Popen[str], tmp_path: Path
) -> None:
    (tmp_path / "fail").touch()
    os.kill(workers(tmp_path, 1)[0], signal.SIGKILL)
    until(lambda: len(list(tmp_path.glob("1.*"))) >= 3)
    parent.send_signal(signal.SIGTERM)
    assert parent.communicate(timeout=PATIENCE)[0] == "ended\n"
