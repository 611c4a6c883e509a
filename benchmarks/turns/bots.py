"""The two bots as processes: this project as `mesoguide serve` runs it, and Rasa's starter project as it comes."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 600.0
PARTS = {"rasa_server": "Rasa", "rasa run": "Rasa", "action_server": "actions", "web_server": "web"}
QUIET = {"RASA_TELEMETRY_ENABLED": "false", "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONWARNINGS": "ignore"}


@dataclass(frozen=True)
class Bot:
    """A running bot: where it answers, its processes, and how many seconds it took to answer at all."""

    base: str
    process: psutil.Process
    started: float

    def processes(self) -> list[psutil.Process]:
        """The bot's processes, the supervisor included."""
        return [self.process, *self.process.children(recursive=True)]

    def megabytes(self) -> float:
        """Memory of all processes together; pages they share are counted once (PSS)."""
        return sum(self.megabytes_by_part().values())

    def megabytes_by_part(self) -> dict[str, float]:
        """The same, part by part."""
        return self._by_part(lambda process: process.memory_full_info().pss / 1e6)

    def cpu_seconds(self) -> dict[str, float]:
        """Processor time spent so far, by part."""
        return self._by_part(lambda process: sum(process.cpu_times()[:2]))

    def _by_part(self, figure: Callable[[psutil.Process], float]) -> dict[str, float]:
        found: dict[str, float] = {}
        for process in self.processes():
            command = " ".join(process.cmdline())
            part = next((name for sign, name in PARTS.items() if sign in command), "supervisor")
            found[part] = found.get(part, 0.0) + figure(process)
        return found


@contextmanager
def ours(folder: Path, **more: str) -> Iterator[Bot]:
    """This project with a database of its own in `folder`; more environment variables may be given."""
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    env = {
        "PORT": str(port),
        "RASA_PORT": str(_free_row()),
        "ACTIONS_PORT": str(free_port()),
        "MESOGUIDE_VAR": str(folder),
        "DATABASE_URL": f"sqlite:///{folder}/benchmark.db",
        "MESOGUIDE_RATE_LIMITS": "off",
        **more,
    }
    command = [sys.executable, "-m", "bot.cli", "serve"]
    with _running(command, ROOT, env, folder / "ours.log", f"http://127.0.0.1:{port}", "/healthz") as bot:
        yield bot


@contextmanager
def stock(cache: Path) -> Iterator[Bot]:
    """Rasa's starter project, unchanged, with its REST channel; scaffolded and trained once in `cache`."""
    project = cache / "stock"
    if not (project / "models" / "stock.tar.gz").exists():
        _make_stock(project)
    (project / "credentials.yml").write_text("rest:\n")
    port = free_port()
    command = [sys.executable, "-m", "rasa", "run", "-i", "127.0.0.1", "-p", str(port), "-m", "models/stock.tar.gz"]
    with _running(command, project, {}, cache / "stock.log", f"http://127.0.0.1:{port}", "/") as bot:
        yield bot


def _make_stock(project: Path) -> None:
    project.mkdir(parents=True, exist_ok=True)
    env = {**os.environ, **QUIET}
    scaffold = "import sys; from rasa.cli.scaffold import create_initial_project as c; c(sys.argv[1])"
    subprocess.run([sys.executable, "-c", scaffold, str(project)], env=env, check=True)
    train = [sys.executable, "-m", "rasa", "train", "--fixed-model-name", "stock"]
    subprocess.run(train, cwd=project, env=env, check=True)


@contextmanager
def _running(  # noqa: PLR0913, PLR0917 - a process and where it answers
    command: list[str], cwd: Path, env: Mapping[str, str], log: Path, base: str, health: str
) -> Iterator[Bot]:
    began = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=cwd, env={**os.environ, **QUIET, **env}, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        _wait(base + health, process, log)
        yield Bot(base, psutil.Process(process.pid), time.monotonic() - began)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=2) as answer:  # noqa: S310
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"the bot did not start:\n{log.read_text()[-2000:]}")


def _free_row(length: int = 8) -> int:
    """The first of so many neighbouring free ports."""
    while True:
        first = free_port()
        with ExitStack() as probes:
            try:
                for port in range(first, first + length):
                    probes.enter_context(socket.socket()).bind(("127.0.0.1", port))
            except (OSError, OverflowError):
                continue
            return first


def free_port() -> int:
    """A TCP port on loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
