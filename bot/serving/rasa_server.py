"""The Rasa process: `python -m bot.serving.rasa_server MODEL`. Loopback only, API behind RASA_TOKEN.

It loads the model once and forks RASA_PROCESSES workers, which share its memory (forks.py). A model that needs
TensorFlow, whose threads do not survive a fork, is served by this process itself, and the others by processes of their
own.

It serves lean: without the libraries only training needs (left_out.py) and with Rasa's hot code replaced (fast.py).
MESOGUIDE_LEAN=off serves with Rasa as it comes. MESOGUIDE_RATE_LIMITS=off, for load tests, lets patients write at any
speed; a production start ignores it.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import json
import logging
import os
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from bot.channels import line
from bot.limits import RATES
from bot.serving import forks, garbage, models, tracing
from bot.serving.orphans import PARENT, end_with_supervisor
from bot.serving.quiet import make_quiet
from bot.serving.secrets import settings_of_process
from bot.settings import BOT, Settings
from bot.store import inline
from bot.store.forgetting import Watch
from bot.store.opening import open_store

if TYPE_CHECKING:
    from rasa.core.utils import AvailableEndpoints

SERVER = {
    "SANIC_ACCESS_LOG": "false",  # Sanic puts each request into words before it finds that nobody reads them
    "SANIC_BACKLOG": "1024",  # connections that may wait to be accepted
    "SANIC_KEEP_ALIVE_TIMEOUT": "75",  # seconds; the web process lets go of an idle connection first
}
SWITCH_SECONDS = 0.001  # how long a thread may keep the interpreter from the others
SHARED = ("bot.store.tracker_store", "bot.store.opening", "rasa.server", "rasa.core.agent", "rasa.core.jobs")
NO_LIMIT = dict.fromkeys(RATES, "1000000/second")


def main(model: str) -> None:
    """Serve one trained model until told to stop."""
    make_quiet("rasa")
    end_with_supervisor()
    settings = settings_of_process()
    for name, value in SERVER.items():
        os.environ.setdefault(name, value)
    model = _usable(Path(model), settings.var)
    lean = os.environ.get("MESOGUIDE_LEAN", "on") != "off"
    channels = YAML(typ="safe").load(settings.credentials) or {}
    may_fork = lean and _lean_imports(Path(model), channels)
    if settings.rasa_processes > 1 and not may_fork:
        forks.run(settings.rasa_ports, partial(_serve_apart, model))
        return
    import rasa.core.run
    import rasa.utils.log_utils

    from bot.serving import mended, once, paused

    rasa.utils.log_utils.configure_structlog()
    if lean:
        _lean_code(rasa.core.run)
    if "telegram" in channels:
        mended.mend_telegram()
    once.install(settings.var)
    paused.install()
    os.chdir(BOT)
    if may_fork:
        _load(model, settings)
    _prepare_start(rasa.core.run, settings)
    serve = partial(_serve, model, settings)
    if may_fork:
        forks.run(settings.rasa_ports, serve)
    else:
        serve(settings.rasa_port)


def _serve(model: str, settings: Settings, port: int) -> None:
    import rasa.core.run

    tracing.of_rasa()  # its thread would not survive a fork
    line.listen_at(settings.line_of(port))
    rasa.core.run.serve_application(
        model_path=model,
        interface="127.0.0.1",
        port=port,
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


def _serve_apart(model: str, port: int) -> None:
    """Become a server that shares nothing."""
    env = {**os.environ, "RASA_PORT": str(port), "RASA_PROCESSES": "1", PARENT: str(os.getppid())}
    os.execve(sys.executable, [sys.executable, "-m", "bot.serving.rasa_server", model], env)  # noqa: S606


def _load(model: str, settings: Settings) -> None:
    """What all workers share: the model, read and used once, the content, and the modules that a start imports."""
    from rasa.core.channels.channel import UserMessage
    from rasa.core.processor import MessageProcessor
    from rasa.core.utils import AvailableEndpoints
    from rasa.engine.constants import PLACEHOLDER_MESSAGE, PLACEHOLDER_TRACKER
    from rasa.shared.core.trackers import DialogueStateTracker

    from bot.serving import own_actions
    from bot.store.engine import close_connections

    for name in ("bot.channels.website", "bot.channels.messenger.channel", "bot.channels.responses", *SHARED):
        importlib.import_module(name)
    stock_load = MessageProcessor._load_model
    _, metadata, runner = loaded = stock_load(model)
    tracker = DialogueStateTracker.from_events("", [])
    runner.run({PLACEHOLDER_MESSAGE: [UserMessage("hello")], PLACEHOLDER_TRACKER: tracker}, [metadata.nlu_target])
    MessageProcessor._load_model = staticmethod(  # type: ignore[method-assign]
        lambda path: loaded if str(path) == model else stock_load(path)
    )
    AvailableEndpoints.read_endpoints(str(BOT / "endpoints.yml"))
    if not settings.actions_apart:
        own_actions.all_actions()
        importlib.import_module(f"{own_actions.PACKAGE}.base").clinic()
    close_connections()
    gc.collect()
    gc.freeze()  # else every collection in a worker writes to the shared pages


def endpoints(settings: Settings) -> AvailableEndpoints:
    """endpoints.yml, with the way to the actions and, where several processes share the work, Redis for locks."""
    from rasa.core.utils import AvailableEndpoints
    from rasa.utils.endpoints import EndpointConfig

    from bot.serving import own_actions

    found = AvailableEndpoints.read_endpoints(str(BOT / "endpoints.yml"))
    if settings.actions_apart:
        found.action.url = settings.actions_url
    else:
        found.action = own_actions.OwnActions(**found.action.kwargs)
    if settings.redis_url and found.lock_store is None:
        found.lock_store = EndpointConfig(type="bot.serving.locks.RedisLocks", url=settings.redis_url)
    return found


def credentials(settings: Settings) -> str:
    """The path of credentials.yml, or of a copy without rate limits where a load test asks for that."""
    path = settings.credentials
    if settings.production or os.environ.get("MESOGUIDE_RATE_LIMITS") != "off":
        return str(path)
    channels = YAML(typ="safe").load(path) | {"bot.channels.website.WebsiteChannel": {"rates": NO_LIMIT}}
    settings.var.mkdir(parents=True, exist_ok=True)
    copy = settings.var / "credentials-without-limits.yml"
    copy.write_text(json.dumps(channels))
    return str(copy)


def _prepare_start(run: Any, settings: Settings) -> None:
    """Before the first patient: read one message, so that the models are in memory, end the garbage collector's
    interest in what stays for good, and put the threads in order.

    SQLite has one writer at a time. Several threads of this process would wait for each other's transactions while they
    also wait for the interpreter; one thread for the database does the same work without waiting.
    """
    from bot.serving import actions_port
    from bot.serving.own_actions import OwnActions

    stock_load = run.load_agent_on_start

    async def load(*arguments: Any) -> Any:
        agent = await stock_load(*arguments)
        Watch(open_store(settings)).start()
        await agent.parse_message("hello")
        if settings.database_url.startswith("sqlite"):
            asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1, "database"))
            inline.begin(settings.database_url)
        sys.setswitchinterval(SWITCH_SECONDS)
        if isinstance(agent.action_endpoint, OwnActions):
            await actions_port.offer(agent.action_endpoint, settings.actions_port)
        garbage.settle()
        return agent

    run.load_agent_on_start = load


def _lean_imports(model: Path, channels: Iterable[str]) -> bool:
    """Leave out what serving does not need; False for a model that needs it all."""
    from bot.serving.left_out import leave_out

    return leave_out(model, channels)


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
