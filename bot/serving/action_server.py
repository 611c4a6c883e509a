"""The action server process: `python -m bot.serving.action_server`. Loopback only."""

from __future__ import annotations

import gc
import importlib
import os
from typing import Any

from bot.serving import tracing
from bot.serving.left_out import leave_out_of_actions
from bot.serving.orphans import end_with_supervisor
from bot.serving.quiet import make_quiet
from bot.serving.secrets import settings_of_process
from bot.store.forgetting import Watch

KEEP_ALIVE_SECONDS = 75  # longer than Rasa keeps an idle connection, see fast_calls.py


def main() -> None:
    """Serve the custom actions until told to stop."""
    make_quiet("actions")
    end_with_supervisor()
    os.environ.setdefault("SANIC_KEEP_ALIVE_TIMEOUT", str(KEEP_ALIVE_SECONDS))
    settings = settings_of_process()
    if os.environ.get("MESOGUIDE_LEAN", "on") != "off":
        leave_out_of_actions()
    from rasa_sdk.endpoint import create_app

    tracing.of_actions()
    app = create_app("bot.actions", cors_origins="")
    tracing.follow(app)
    app.register_listener(_warm_up, "before_server_start")
    app.run("127.0.0.1", settings.actions_port, workers=1, access_log=False)


async def _warm_up(app: Any, loop: Any) -> None:
    """Read the content before the first patient waits for it, and end the garbage collector's interest in it."""
    clinic = importlib.import_module("bot.actions.base").clinic()
    Watch(clinic.sessions).start()
    gc.collect()
    gc.freeze()


if __name__ == "__main__":
    main()
