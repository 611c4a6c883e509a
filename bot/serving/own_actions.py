"""The custom actions inside Rasa's own process: no second server, no HTTP, no connection (docs/decisions/0010).

To Rasa this is the endpoint of an action server: what it is told, how it answers and how it fails are the same, so
that `MESOGUIDE_ACTIONS=server` and every other action server behave alike. Actions of this project work with the
database and wait for nothing else; they run in the thread that does the database's work. The event loop goes on
meanwhile, and with it the advice in danger. Actions that await something run on the event loop, as in Rasa's SDK.
"""

from __future__ import annotations

import asyncio
import contextvars
import itertools
import json
import logging
import time
from collections.abc import Callable, Coroutine
from functools import cache
from typing import Any

from rasa.utils.endpoints import ClientResponseError, EndpointConfig
from rasa_sdk.executor import ActionExecutor
from rasa_sdk.interfaces import ActionExecutionRejection, ActionNotFoundException

from bot.store import inline
from bot.store.texts import copied

log = logging.getLogger(__name__)

PACKAGE = "bot.actions"
ACTION_SECONDS = 45.0  # below a turn's 50 s (bot/channels/turns.py) and the 60 s of a conversation's lock
STUCK_SECONDS = 75.0  # an action that runs so long ends no more; SQLite's lock alone is waited for 15 s a transaction

Call = dict[str, Any]


class OwnActions(EndpointConfig):
    """An action endpoint that is this process."""

    def __init__(
        self, executor: ActionExecutor | None = None, clock: Callable[[], float] = time.monotonic, **kwargs: Any
    ) -> None:
        """Imports every action; `kwargs` are those of the endpoint in endpoints.yml. Exits when an import fails."""
        super().__init__(url="this process", **kwargs)
        self.executor = executor or all_actions()
        self._clock = clock
        self._running: dict[int, float] = {}
        self._numbers = itertools.count()

    async def request(  # the signature of Rasa's own
        self,
        method: str = "post",
        subpath: str | None = None,
        content_type: str | None = "application/json",
        compress: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Run the action that the body `json` names; raises ClientResponseError with the status a server would send.

        Call and result pass through JSON as on a wire: an action shares no object with Rasa's tracker.
        """
        call = copied(kwargs["json"])
        try:
            return copied(await self._run(call))
        except ActionExecutionRejection as error:
            raise _refused(400, error) from error
        except ActionNotFoundException as error:
            raise _refused(404, error) from error
        except asyncio.TimeoutError as error:
            log.error("action %s takes longer than %.0f s", call.get("next_action"), ACTION_SECONDS)
            raise ClientResponseError(504, "an action takes too long", "") from error
        except Exception as error:  # as of a server: Rasa makes it the failure of this action
            log.error("action %s failed: %s", call.get("next_action"), type(error).__name__)
            raise ClientResponseError(500, type(error).__name__, "") from error

    def is_stuck(self) -> bool:
        """Whether an action has been running for so long that only the end of this process ends it."""
        now = self._clock()
        return any(now - began > STUCK_SECONDS for began in list(self._running.values()))

    async def _run(self, call: Call) -> Any:
        run = self.executor.actions.get(call.get("next_action") or "")
        if getattr(getattr(run, "__self__", None), "waits_for_nothing", False):
            context = contextvars.copy_context()  # what is logged or traced belongs to this turn
            return await inline.run(context.run, self._work, call, seconds=ACTION_SECONDS)
        return await asyncio.wait_for(self.executor.run(call), ACTION_SECONDS)

    def _work(self, call: Call) -> Any:
        """Run an action to its end in this thread."""
        number = next(self._numbers)
        self._running[number] = self._clock()
        try:
            return _ended(self.executor.run(call))
        finally:
            del self._running[number]


@cache
def all_actions() -> ActionExecutor:
    """Every action of this project, imported once a process, or once for all forks of one."""
    executor = ActionExecutor()
    executor.register_package(PACKAGE)
    return executor


def _ended(work: Coroutine[Any, Any, Any]) -> Any:
    """The result of a coroutine that waits for nothing."""
    try:
        work.send(None)
    except StopIteration as end:
        return end.value
    work.close()
    raise RuntimeError("an action that waits for nothing has awaited something")


def _refused(status: int, error: ActionExecutionRejection | ActionNotFoundException) -> ClientResponseError:
    return ClientResponseError(
        status, error.message, json.dumps({"error": error.message, "action_name": error.action_name})
    )
