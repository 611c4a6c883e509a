"""The supervisor's own process: `python -m bot.serving.supervise MODEL [DEMO_ADMIN]`. `mesoguide serve` becomes it.

What `serve` needs to check and train holds a hundred megabytes; what keeps its processes running holds eleven.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from bot.serving import supervisor
from bot.settings import ROOT, Settings


def become(model: Path, env: Mapping[str, str], demo_admin: str) -> NoReturn:
    """Turn this process into the supervisor of an installation whose `env` is complete; `demo_admin` may be empty."""
    sys.stdout.flush()
    os.chdir(ROOT)  # where the parts run too; `-m` looks for modules in the present folder first
    os.execve(sys.executable, [sys.executable, "-m", "bot.serving.supervise", str(model), demo_admin], dict(env))  # noqa: S606


def main(model: str, demo_admin: str = "") -> int:
    """Keep the parts running until Ctrl-C; the exit code."""
    settings = Settings.from_env()
    watcher = supervisor.Supervisor(supervisor.parts(settings, model, os.environ), _say)
    if notice := supervisor.without_actions_port(settings):
        _say(notice)
    try:
        _say("Starting the web, Rasa and action servers …" if settings.actions_apart else "Starting web and Rasa …")
        watcher.start()
        if not watcher.stopping:
            _say(f"Mesoguide is ready: http://localhost:{settings.port}/   (Ctrl-C stops it)")
            _say(f"The front desk:     http://localhost:{settings.port}/desk")
            if demo_admin:
                _say(f"  sign in as {demo_admin}; the demo password is in {settings.var / 'secrets.json'}")
        watcher.watch()
    except (supervisor.PortTaken, TimeoutError) as error:
        _say(str(error))
        return 1
    finally:
        watcher.end()
    _say("Stopped.")
    return 0


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
