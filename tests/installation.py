"""The whole installation, started once for the tests that need it: web, Rasa and the action server, real SQLite.

It starts over a database of the version before, so that every test of it is one of an upgraded installation too."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from cryptography.fernet import Fernet

from bot.store.crypto import configure_keys
from tests.collector import Collector
from tests.patient import Patient
from tests.upgrade import old, write_database

START_LIMIT = 600.0  # seconds; a model may have to be trained first


@dataclass(frozen=True)
class Installation:
    """A running installation: where it answers and where its data is."""

    base: str
    rasa: str
    database_url: str
    env: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes]
    traces: Collector

    def patient(self) -> Patient:
        return Patient(self.base).open()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def free_row(length: int) -> int:
    """The first of so many neighbouring free ports, as Rasa's workers need them."""
    while True:
        first = free_port()
        with ExitStack() as probes:
            try:
                for port in range(first, first + length):
                    probes.enter_context(socket.socket()).bind(("127.0.0.1", port))
            except (OSError, OverflowError):
                continue
            return first


@pytest.fixture(scope="session")
def further_environment() -> Mapping[str, str]:
    """What a folder's tests put into the environment of their installation, and of nothing else."""
    return {}


@pytest.fixture(scope="session")
def installation(
    tmp_path_factory: pytest.TempPathFactory, root: Path, further_environment: Mapping[str, str]
) -> Iterator[Installation]:
    var = tmp_path_factory.mktemp("var")
    port, rasa_port, actions_port = free_port(), free_row(2), free_port()
    env = {
        **os.environ,
        "PORT": str(port),
        "RASA_PORT": str(rasa_port),
        "ACTIONS_PORT": str(actions_port),
        "MESOGUIDE_VAR": str(var),
        "MESOGUIDE_KEYS": f"{Fernet.generate_key().decode()},{old().key}",
        "MESOGUIDE_SECRET": "a secret for the tests only, long enough",
        "RASA_TOKEN": "token-for-tests",
        "RASA_TELEMETRY_ENABLED": "false",
        "MESOGUIDE_RATE_LIMITS": "off",  # all the patients of the tests have one address
        **further_environment,
    }
    env.pop("DATABASE_URL", None)
    write_database(var / "mesoguide.db")
    configure_keys(env["MESOGUIDE_KEYS"].split(","))  # so that tests can read what the installation encrypts
    traces = Collector()
    env |= {"OTEL_EXPORTER_OTLP_ENDPOINT": traces.url, "OTEL_BSP_SCHEDULE_DELAY": "300"}
    log = var / "log.txt"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "bot.cli", "serve"], cwd=root, env=env, stdout=output, stderr=subprocess.STDOUT
        )
    base = f"http://127.0.0.1:{port}"
    try:
        _wait(base, process, log)
        database_url = f"sqlite:///{var}/mesoguide.db"
        yield Installation(base, f"http://127.0.0.1:{rasa_port}", database_url, env, log, process, traces)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        traces.stop()


def _wait(base: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_LIMIT
    while time.monotonic() < until:
        assert process.poll() is None, log.read_text()[-3000:]
        try:
            if httpx.get(f"{base}/healthz", timeout=2).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.2)
    raise AssertionError(f"the installation did not answer:\n{log.read_text()[-3000:]}")
