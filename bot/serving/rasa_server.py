"""The Rasa process: `python -m bot.serving.rasa_server MODEL`. Loopback only, API behind RASA_TOKEN.

It serves lean: without the libraries only training needs (left_out.py) and with Rasa's hot code replaced (fast.py).
MESOGUIDE_LEAN=off serves with Rasa as it comes. MESOGUIDE_RATE_LIMITS=off, for load tests, lets patients write at any
speed; a production start ignores it.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from bot.serving import models, tracing
from bot.serving.orphans import end_with_supervisor
from bot.serving.quiet import make_quiet
from bot.settings import BOT, Settings
from bot.store.forgetting import Watch
from bot.store.opening import open_store

if TYPE_CHECKING:
    from rasa.core.utils import AvailableEndpoints

SERVER = {
    "SANIC_BACKLOG": "1024",  # connections that may wait to be accepted
    "SANIC_KEEP_ALIVE_TIMEOUT": "75",  # seconds; the web process lets go of an idle connection first
}
SWITCH_SECONDS = 0.001  # how long a thread may keep the interpreter from the others
YOUNG = 20_000, 20, 20  # a turn makes thousands of objects that die with it; no need to look through them ten times
NO_LIMIT = {"message": "1000000/second", "session": "1000000/second", "stream": "1000000/second"}


def main(model: str) -> None:
    """Serve one trained model until told to stop."""
    make_quiet("rasa")
    end_with_supervisor()
    settings = Settings.from_env()
    for name, value in SERVER.items():
        os.environ.setdefault(name, value)
    model = _usable(Path(model), settings.var)
    lean = os.environ.get("MESOGUIDE_LEAN", "on") != "off"
    if lean:
        _lean_imports(Path(model))
    import rasa.core.run
    import rasa.utils.log_utils

    from bot.serving import once

    rasa.utils.log_utils.configure_structlog()
    if lean:
        _lean_code(rasa.core.run)
    once.install()
    tracing.of_rasa()
    _warm_up(rasa.core.run, settings)
    os.chdir(BOT)
    rasa.core.run.serve_application(
        model_path=model,
        interface="127.0.0.1",
        port=settings.rasa_port,
        credentials=credentials(settings),
        endpoints=endpoints(settings),
        enable_api=bool(settings.rasa_token),
        auth_token=settings.rasa_token or None,
    )


def _usable(model: Path, var: Path) -> str:
    """The model to load; another one, said in the log, where this one was damaged since the start."""
    found = models.usable(model, var)
    if found != model:
        logging.getLogger(__name__).error("the model %s is damaged or gone; going on with %s", model.name, found.name)
    return str(found)


def endpoints(settings: Settings) -> AvailableEndpoints:
    """endpoints.yml, with the action server's address and, where several processes share the work, Redis for locks."""
    from rasa.core.utils import AvailableEndpoints
    from rasa.utils.endpoints import EndpointConfig

    found = AvailableEndpoints.read_endpoints(str(BOT / "endpoints.yml"))
    found.action.url = settings.actions_url
    if settings.redis_url and found.lock_store is None:
        found.lock_store = EndpointConfig(type="bot.serving.locks.RedisLocks", url=settings.redis_url)
    return found


def credentials(settings: Settings) -> str:
    """The path of credentials.yml, or of a copy without rate limits where a load test asks for that."""
    path = BOT / "credentials.yml"
    if settings.production or os.environ.get("MESOGUIDE_RATE_LIMITS") != "off":
        return str(path)
    channels = YAML(typ="safe").load(path) | {"bot.channels.website.WebsiteChannel": {"rates": NO_LIMIT}}
    settings.var.mkdir(parents=True, exist_ok=True)
    copy = settings.var / "credentials-without-limits.yml"
    copy.write_text(json.dumps(channels))
    return str(copy)


def _warm_up(run: Any, settings: Settings) -> None:
    """Before the first patient: read one message, so that the models are in memory, end the garbage collector's interest
    in what stays for good, and put the threads in order.

    SQLite has one writer at a time. Several threads of this process would wait for each other's transactions while they
    also wait for the interpreter; one thread for the database does the same work without waiting.
    """
    stock_load = run.load_agent_on_start

    async def load(*arguments: Any) -> Any:
        agent = await stock_load(*arguments)
        Watch(open_store(settings)).start()
        await agent.parse_message("hello")
        if settings.database_url.startswith("sqlite"):
            asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1, "database"))
        sys.setswitchinterval(SWITCH_SECONDS)
        gc.collect()
        gc.freeze()
        gc.set_threshold(*YOUNG)
        return agent

    run.load_agent_on_start = load


def _lean_imports(model: Path) -> None:
    from bot.serving.left_out import leave_out

    leave_out(model)


def _lean_code(run: Any) -> None:
    from bot.serving import fast, fast_calls

    fast.install()
    stock_close = run.close_resources

    async def close_all(app: Any, loop: Any) -> None:
        await fast_calls.close()
        await stock_close(app, loop)

    run.close_resources = close_all


if __name__ == "__main__":
    main(sys.argv[1])
