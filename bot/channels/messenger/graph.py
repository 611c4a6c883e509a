"""Meta's Graph API: every call with a timeout, errors sorted by what to do about them, temporary ones tried again.

The token travels in a header, never in an address, so that no log holds it.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import httpx

from bot.channels.messenger.settings import GRAPH_VERSION, MessengerSettings
from bot.clinic.window import Author, check_tag

log = logging.getLogger(__name__)

TIMEOUT = httpx.Timeout(10.0, connect=5.0)  # seconds
ATTEMPTS = 4
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 20.0  # seconds
RATE_PAUSE, LONGEST_RATE_PAUSE = 60.0, 900.0  # when Meta says "too fast" and not for how long

Trouble = Literal["token", "permission", "window", "rate", "temporary", "gone", "control", "refused"]
Sleep = Callable[[float], Awaitable[None]]

# Codes of Meta's error reference (messenger-platform/error-codes), by what to do.
_TOKEN = {102, 190, 463, 467}
_RATE = {4, 17, 32, 613, 80006}
_TEMPORARY = {1, 2, 1200}
_GONE = {551, 230}
_WINDOW = {2018278, 2018065}
_GONE_SUB = {2018001, 2018108, 1545041}
_CONTROL_SUB = {2018300}


class GraphError(RuntimeError):
    """A call Meta did not carry out. `trouble` says what to do; no text of Meta's is kept, it may quote the message."""

    def __init__(self, trouble: Trouble, status: int, code: int = 0, subcode: int = 0, retry_after: float = 0) -> None:
        super().__init__(f"{trouble} (HTTP {status}, code {code}, subcode {subcode})")
        self.trouble, self.status, self.code, self.subcode = trouble, status, code, subcode
        self.retry_after = retry_after

    @property
    def passes(self) -> bool:
        """Whether trying again later can help without anybody doing anything."""
        return self.trouble in ("rate", "temporary")


@dataclass
class Graph:
    """Calls for one page. `sleep` waits between attempts, `clock` gives seconds.

    Meta's limits are the page's: once it says "too fast" nothing is called until the pause is over, but what is
    `urgent`. A pause that Meta gave no length for doubles each time, to a bound, until a call succeeds.
    """

    settings: MessengerSettings
    http: httpx.AsyncClient
    sleep: Sleep = asyncio.sleep
    attempts: int = ATTEMPTS
    clock: Callable[[], float] = time.monotonic
    _held_until: float = float("-inf")
    _rate_pause: float = RATE_PAUSE

    async def send(  # noqa: PLR0913 - a message as Meta wants it
        self,
        psid: str,
        message: Mapping[str, Any],
        author: Author,
        kind: str = "RESPONSE",
        tag: str | None = None,
        *,
        urgent: bool = False,
    ) -> str:
        """Send one message; returns its mid. Raises GraphError, and RefusedTag before anything is sent."""
        check_tag(author, tag)
        body: dict[str, Any] = {"recipient": {"id": psid}, "messaging_type": kind, "message": dict(message)}
        if tag:
            body["tag"] = tag
        answer = await self.call("POST", "me/messages", body, urgent=urgent)
        return str(answer.get("message_id") or "")

    async def act(self, psid: str, action: Literal["mark_seen", "typing_on", "typing_off"]) -> None:
        """Show that the message was seen, or that an answer is being written; one attempt, raises GraphError."""
        await self.call("POST", "me/messages", {"recipient": {"id": psid}, "sender_action": action}, attempts=1)

    async def pass_thread(self, psid: str, app_id: str, metadata: str = "") -> None:
        """Give the conversation to another app, such as the page inbox."""
        body = {"recipient": {"id": psid}, "target_app_id": app_id, "metadata": metadata}
        await self.call("POST", "me/pass_thread_control", body)

    async def take_thread(self, psid: str, metadata: str = "", *, urgent: bool = False) -> None:
        """Take the conversation over from whichever app has it."""
        body = {"recipient": {"id": psid}, "metadata": metadata}
        await self.call("POST", "me/take_thread_control", body, urgent=urgent)

    async def call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        attempts: int | None = None,
        *,
        urgent: bool = False,
        **query: str,
    ) -> dict[str, Any]:
        """One call, tried again with growing pauses while the trouble may pass; raises GraphError."""
        attempts = attempts or self.attempts
        for attempt in range(1, attempts + 1):
            held = self._held_until - self.clock()
            if held > 0 and not urgent:
                raise GraphError("rate", 0, retry_after=held)
            try:
                answer = await self._once(method, path, body, query)
            except GraphError as error:
                pause = self._pause(error, attempt)
                if not error.passes or attempt == attempts or pause > LONGEST_PAUSE:
                    raise
                log.warning("Graph API %s: %s; again in %.1f s", path, error, pause)
                await self.sleep(pause)
            else:
                self._rate_pause = RATE_PAUSE
                return answer
        raise AssertionError("unreachable")

    def _pause(self, error: GraphError, attempt: int) -> float:
        """Seconds before the next attempt; too fast for longer than an attempt waits, the page is held."""
        if error.trouble != "rate":
            grown = min(FIRST_PAUSE * 2 ** (attempt - 1), LONGEST_PAUSE)
            return grown * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, guards nothing
        now = self.clock()
        if not error.retry_after and now >= self._held_until:  # of several calls at once the first lets the pause grow
            error.retry_after = self._rate_pause
            self._rate_pause = min(2 * self._rate_pause, LONGEST_RATE_PAUSE)
        error.retry_after = error.retry_after or self._held_until - now
        if error.retry_after > LONGEST_PAUSE:
            self._held_until = max(self._held_until, now + error.retry_after)
        return error.retry_after

    async def _once(
        self, method: str, path: str, body: Mapping[str, Any] | None, query: Mapping[str, str]
    ) -> dict[str, Any]:
        url = f"{self.settings.graph_url}/{GRAPH_VERSION}/{path}"
        headers = {"Authorization": f"Bearer {self.settings.page_token}"}
        params = {**query, "appsecret_proof": proof(self.settings)}
        try:
            answer = await self.http.request(method, url, json=body, params=params, headers=headers, timeout=TIMEOUT)
        except httpx.HTTPError as error:
            log.warning("Graph API %s cannot be reached: %s", path, type(error).__name__)
            raise GraphError("temporary", 0) from None
        try:
            data = answer.json()
        except ValueError:
            data = None
        if answer.status_code == 200 and isinstance(data, dict) and "error" not in data:
            return data
        raise _error(answer, data if isinstance(data, dict) else {})


def client() -> httpx.AsyncClient:
    """Connections to Meta, kept alive. Close it with `aclose()`."""
    return httpx.AsyncClient(timeout=TIMEOUT, limits=httpx.Limits(max_connections=20), trust_env=True)


def proof(settings: MessengerSettings) -> str:
    """Meta's appsecret_proof: a stolen token alone opens nothing when the app demands it."""
    return hmac.new(settings.app_secret.encode(), settings.page_token.encode(), hashlib.sha256).hexdigest()


def _error(answer: httpx.Response, data: Mapping[str, Any]) -> GraphError:
    found = data.get("error")
    error: Mapping[str, Any] = found if isinstance(found, dict) else {}
    code, subcode = _number(error.get("code")), _number(error.get("error_subcode"))
    trouble = _trouble(answer.status_code, code, subcode, bool(error.get("is_transient")))
    return GraphError(trouble, answer.status_code, code, subcode, _seconds(answer.headers.get("retry-after")))


def _trouble(status: int, code: int, subcode: int, transient: bool) -> Trouble:
    checks: tuple[tuple[bool, Trouble], ...] = (
        (subcode in _WINDOW, "window"),
        (subcode in _CONTROL_SUB, "control"),
        (subcode in _GONE_SUB or code in _GONE, "gone"),
        (code in _TOKEN or (status == 401 and not code), "token"),
        (code == 10 or 200 <= code < 300, "permission"),
        (code in _RATE or status == 429, "rate"),
        (code in _TEMPORARY or transient or status >= 500, "temporary"),
    )
    return next((name for hit, name in checks if hit), "refused")


def _number(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _seconds(value: str | None) -> float:
    return float(value) if value and value.isdecimal() else 0.0
