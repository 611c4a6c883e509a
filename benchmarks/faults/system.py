"""The installation under test: `mesoguide serve` on free ports with data of its own, and a way to its processes."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from cryptography.fernet import Fernet

from bot.settings import ROOT, Settings
from bot.store.crypto import configure_keys
from bot.store.engine import Sessions, make_engine, make_sessions

FAKETIME = "MESOGUIDE_FAKETIME"  # names the library that fakes the clock, where it is not the one of Debian's package
DEBIANS_FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
MODULES = {"web": "bot.serving.web_server", "rasa": "bot.serving.rasa_server"}
if Settings.from_env().actions_apart:
    MODULES["actions"] = "bot.serving.action_server"
WORKERS = "rasa workers"  # what answers; "rasa" is they and what holds the model for them
START_LIMIT = 300.0  # seconds


def faketime() -> Path:
    """The library that fakes the clock of a process."""
    return Path(os.environ.get(FAKETIME, DEBIANS_FAKETIME))


def free_port() -> int:
    """A TCP port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class System:
    """One installation. `extra` is added to its environment; with `clock`, its clock can be moved."""

    var: Path
    extra: dict[str, str] = field(default_factory=dict)
    clock: bool = False
    port: int = field(default_factory=free_port)
    rasa_port: int = field(default_factory=free_port)
    actions_port: int = field(default_factory=free_port)
    supervisor: subprocess.Popen[bytes] | None = None
    keys: str = field(default_factory=lambda: Fernet.generate_key().decode(), repr=False)

    def __post_init__(self) -> None:
        configure_keys(self.keys.split(","))  # so that the checks can read what the installation encrypts
        self.sessions: Sessions = make_sessions(make_engine(self.database_url))

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def database(self) -> Path:
        return self.var / "mesoguide.db"

    @property
    def database_url(self) -> str:
        return f"sqlite:///{self.database}"

    @property
    def log(self) -> Path:
        return self.var / "log.txt"

    @property
    def clock_file(self) -> Path:
        return self.var / "clock"

    def start(self) -> None:
        """Start the supervisor; returns at once."""
        with self.log.open("ab") as output:
            self.supervisor = subprocess.Popen(
                [sys.executable, "-m", "bot.cli", "serve"],
                cwd=ROOT,
                env=self._env(),
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def _env(self) -> dict[str, str]:
        env = {
            **os.environ,
            "PORT": str(self.port),
            "RASA_PORT": str(self.rasa_port),
            "ACTIONS_PORT": str(self.actions_port),
            "MESOGUIDE_VAR": str(self.var),
            "MESOGUIDE_KEYS": self.keys,
            "MESOGUIDE_SECRET": "a secret for this run only, long enough",
            "RASA_TOKEN": "token-for-this-run",
            "MESOGUIDE_DESK_PASSWORD": "a password for this run",
            **self.extra,
        }
        env.pop("DATABASE_URL", None)
        if self.clock:
            self.clock_file.write_text("+0")
            env |= {
                "LD_PRELOAD": str(faketime()),
                "FAKETIME_TIMESTAMP_FILE": str(self.clock_file),
                "FAKETIME_CACHE_DURATION": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                "DONT_FAKE_MONOTONIC": "1",
            }
        return env

    def wait(self, limit: float = START_LIMIT) -> float:
        """Wait until every part answers; returns the seconds that took. Raises TimeoutError."""
        began = time.monotonic()
        while time.monotonic() - began < limit:
            if self.down() == set():
                return time.monotonic() - began
            time.sleep(0.25)
        raise TimeoutError(f"not healthy after {limit:.0f} s: {sorted(self.down())}\n{self.log.read_text()[-2000:]}")

    def down(self) -> set[str]:
        """The parts that /healthz calls down; {"web"} when the web process does not answer."""
        try:
            parts = httpx.get(f"{self.base}/healthz", timeout=6, trust_env=False).json()["parts"]
        except (httpx.HTTPError, ValueError, KeyError):
            return {"web"}
        return {name for name, state in parts.items() if state != "ok"}

    def processes(self, part: str) -> list[int]:
        """The ids of a part's processes, started by this installation's supervisor."""
        assert self.supervisor is not None
        module = MODULES["rasa" if part == WORKERS else part]
        own = [pid for pid in _children(self.supervisor.pid) if module in _command(pid)]
        workers = [worker for pid in own for worker in _children(pid)]
        return workers if part == WORKERS else [*own, *workers]

    def signal(self, part: str, number: signal.Signals) -> None:
        """Send a signal to a part's processes."""
        for pid in self.processes(part):
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue

    def crash(self) -> None:
        """Every process at once, the supervisor first: as when the machine loses its power."""
        assert self.supervisor is not None
        children = [pid for part in MODULES for pid in self.processes(part)]
        self.supervisor.kill()
        for pid in children:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.supervisor.wait()

    def stop(self) -> None:
        """End it as Ctrl-C does."""
        if self.supervisor is None or self.supervisor.poll() is not None:
            return
        self.supervisor.send_signal(signal.SIGINT)
        try:
            self.supervisor.wait(30)
        except subprocess.TimeoutExpired:
            self.crash()


@contextmanager
def running(system: System) -> Iterator[System]:
    """Start the installation, wait until it is healthy, stop it at the end."""
    system.start()
    try:
        system.wait()
        yield system
    finally:
        system.stop()


def _children(parent: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdecimal() and int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(entry.name))
        except (OSError, IndexError, ValueError):
            continue
    return found


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""
