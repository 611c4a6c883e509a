"""The installation under test: `mesoguide serve` with its own supervisor, and a way to kill one of its processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
from cryptography.fernet import Fernet

from bot.settings import ROOT
from tests.installation import free_port

PARTS = {
    "Rasa": "bot.serving.rasa_server",
    "Rasa's workers": "bot.serving.rasa_server",  # what answers, but not what holds the model for them
    "web": "bot.serving.web_server",
}
START_LIMIT = 300.0  # seconds, on a machine that does other things too
PAUSE = 0.2  # seconds until a killed part is started again; by default the supervisor waits up to 30


class NotWell(RuntimeError):
    """The installation did not come back."""


@dataclass(frozen=True)
class System:
    """A running installation: where it answers, its supervisor's process, and where its data is."""

    base: str
    supervisor: int
    database_url: str

    def kill(self, part: str) -> bool:
        """End a part at once, as the kernel does when memory is short; False when it is not running just now."""
        for child in psutil.Process(self.supervisor).children():
            try:
                if PARTS[part] in child.cmdline():
                    workers = child.children(recursive=True)
                    for process in workers if part == "Rasa's workers" else (child, *workers):
                        process.kill()
                    return True
            except (psutil.NoSuchProcess, psutil.ZombieProcess):
                continue
        return False

    def wait(self) -> None:
        """Until every part answers. Raises NotWell."""
        until = time.monotonic() + START_LIMIT
        while time.monotonic() < until:
            if self._is_well():
                return
            time.sleep(0.1)
        raise NotWell(f"{self.base}/healthz does not answer 200")

    def _is_well(self) -> bool:
        try:
            return httpx.get(f"{self.base}/healthz", timeout=5).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False


@dataclass
class Started:
    """An installation of our own, with its data in a folder."""

    system: System
    env: dict[str, str]
    process: subprocess.Popen[bytes]

    def stop(self) -> None:
        """End everything."""
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)


def start(folder: Path, **more: str) -> Started:
    """Start an installation on free ports; returns when it answers."""
    ports = {name: str(free_port()) for name in ("PORT", "RASA_PORT", "ACTIONS_PORT")}
    secrets = folder / "environment.json"
    if not secrets.exists():
        secrets.write_text(json.dumps({"MESOGUIDE_KEYS": Fernet.generate_key().decode()}))
    env = {
        **os.environ,
        **json.loads(secrets.read_text()),
        **ports,
        "MESOGUIDE_VAR": str(folder),
        "MESOGUIDE_SECRET": "a secret for the crashes only, long enough",
        "MESOGUIDE_DESK_PASSWORD": "a password of the crashes",
        "MESOGUIDE_RATE_LIMITS": "off",
        "RASA_TOKEN": "token-of-the-crashes",
        "RASA_TELEMETRY_ENABLED": "false",
        **more,
    }
    env.pop("DATABASE_URL", None)
    with (folder / "log.txt").open("ab") as log:
        command = [sys.executable, "-m", "benchmarks.crashes.system"]
        process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=log, start_new_session=True)
    system = System(f"http://127.0.0.1:{ports['PORT']}", process.pid, f"sqlite:///{folder}/mesoguide.db")
    try:
        system.wait()
    except NotWell:
        process.kill()
        raise
    return Started(system, env, process)


def main() -> None:
    """`mesoguide serve`, whose supervisor starts killed parts again at once."""
    from bot.cli import app
    from bot.serving import supervisor

    supervisor.FIRST_PAUSE = supervisor.LONGEST_PAUSE = PAUSE
    app(["serve"])


if __name__ == "__main__":
    main()
