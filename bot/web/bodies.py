"""No request's body is larger or slower than anything the app expects: refused before a form or JSON is made of it.

The doors to Rasa have smaller limits of their own (proxy.py). Nothing here or behind it unpacks a compressed body.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.problems import CONTENT_TYPE, Problem, Problems

LARGEST = 2 * 1024 * 1024  # bytes; the longest form of the desk is far below
SLOWEST = 20.0  # seconds from the start of a request to the last byte of its body


class BodyLimits:
    """ASGI middleware. To the app a refused body looks like a client that went away; what it then says is dropped."""

    def __init__(self, app: ASGIApp, problems: Problems, largest: int = LARGEST, slowest: float = SLOWEST) -> None:
        self.app, self.problems, self.largest, self.slowest = app, problems, largest, slowest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body = _Body(receive, self.largest, asyncio.get_running_loop().time() + self.slowest)
        started = False

        async def send_unless_refused(message: Message) -> None:
            nonlocal started
            if body.refused is None or started:
                started = True
                await send(message)

        try:
            await self.app(scope, body.receive, send_unless_refused)
        except Exception:
            if body.refused is None or started:
                raise
        if body.refused is not None and not started:
            await self._answer(body.refused)(scope, receive, send)

    def _answer(self, why: str) -> JSONResponse:
        problem = Problem(why, limit=self.largest // 1024, seconds=int(self.slowest))
        told = self.problems.body(problem)
        headers = {**self.problems.headers(problem), "Connection": "close"}
        return JSONResponse(told, told["status"], headers=headers, media_type=CONTENT_TYPE)


@dataclass
class _Body:
    """A request's body as it comes in; `refused` names the problem once there is one."""

    source: Receive
    largest: int
    until: float
    taken: int = 0
    whole: bool = False
    refused: str | None = field(default=None)

    async def receive(self) -> Message:
        if self.whole:
            return await self.source()
        try:
            left = self.until - asyncio.get_running_loop().time()
            message = await asyncio.wait_for(self.source(), max(0.0, left))
        except asyncio.TimeoutError:
            return self._refuse("too_slow")
        self.taken += len(message.get("body", b""))
        self.whole = not message.get("more_body", False)
        return message if self.taken <= self.largest else self._refuse("too_large")

    def _refuse(self, why: str) -> Message:
        self.refused, self.whole = why, True
        return {"type": "http.disconnect"}
