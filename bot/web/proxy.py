"""The way from the public to Rasa: a few addresses are passed on, everything else of Rasa stays out of reach.

Messages go over a line to Rasa's process (line.py) where there is one, all else over HTTP, which aiohttp carries for
its speed (see docs/web.md for the measurement). Bodies are limited before anybody parses them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hmac import compare_digest
from pathlib import Path
from types import TracebackType

import aiohttp
from fastapi import Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send
from yarl import URL

from bot.problems import CONTENT_TYPE, Problem, Problems
from bot.web.line import NAMES, Line, NoLine, Told
from bot.web.metrics import Metrics
from bot.web.rasas import conversation_of, order

CONNECT_SECONDS = 3.0
TURN_SECONDS = 75.0  # longer than a turn may take in Rasa's process
SILENT_SECONDS = 60.0  # a stream sends a sign of life every 15 s
AWAY_PAUSE, AWAY_TIMES = 0.25, 20  # a Rasa process that died is forked again long before
IDLE_SECONDS = 30.0  # an unused connection is closed before Rasa's server closes it

PASSED_ON = (
    "authorization", "content-type", "accept", "last-event-id", "x-hub-signature-256", "user-agent", "traceparent",
    "x-slack-signature", "x-slack-request-timestamp", "x-slack-retry-num", "x-slack-retry-reason",
)  # fmt: skip
PASSED_BACK = (
    "content-type", "retry-after", "www-authenticate", "cache-control", "x-accel-buffering", "x-slack-no-retry",
)  # fmt: skip
FROM_OWN_PAGES = ("same-origin", "none")  # of Sec-Fetch-Site, which browsers send and no script can change
_AWAY = (aiohttp.ClientError, asyncio.TimeoutError, OSError)


@dataclass(frozen=True)
class Door:
    """Addresses that are passed on: a path, whose `{rest}` must be one of `names`, and the largest body in bytes.

    `own_pages` refuses what a browser sends from a page of another site. A `key` must stand in the address as `?key=`.
    `one_process` sends everything to the same Rasa process, which keeps the order of a conversation's messages.
    """

    path: str
    methods: tuple[str, ...]
    names: frozenset[str]
    largest: int
    own_pages: bool = False
    key: str = field(default="", repr=False)
    one_process: bool = False


class Forwarder:
    """Passes requests on to Rasa over connections kept open. Use as an async context manager."""

    def __init__(
        self,
        rasas: Mapping[str, Path],
        problems: Problems,
        metrics: Metrics,
        moves: bool = False,
    ) -> None:
        """`rasas`: each process's address, and the socket on which it may take messages. `moves` says that a
        conversation may go to another when its own is away (Redis keeps its order); else its own is waited for, which
        is forked again within a second."""
        self._rasas = tuple(rasas)
        self._lines = {address: Line(path) for address, path in rasas.items()}
        self._moves = moves
        self._problems = problems
        self._metrics = metrics
        self._client: aiohttp.ClientSession | None = None

    @property
    def client(self) -> aiohttp.ClientSession:
        """The client, for other questions to the parts of this installation."""
        assert self._client is not None, "the app has not started"
        return self._client

    async def __aenter__(self) -> Forwarder:
        self._client = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=IDLE_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for line in self._lines.values():
            line.close()
        await self.client.close()

    def through(self, door: Door) -> Callable[[Request], Awaitable[Response]]:
        """The handler of one door."""

        async def handle(request: Request) -> Response:
            return await self.enter(door, request, request.path_params.get("rest", ""))

        return handle

    async def enter(self, door: Door, request: Request, name: str) -> Response:
        """What Rasa answers to a request at a door; raises Problem or HTTPException."""
        request.scope["route"] = door  # what the figures call it
        is_open = not door.key or compare_digest(request.query_params.get("key", "").encode(), door.key.encode())
        if name not in door.names or not is_open:
            raise HTTPException(404, "Not Found")
        if door.own_pages and request.headers.get("sec-fetch-site", "same-origin") not in FROM_OWN_PAGES:
            raise Problem("other_site")
        return await self._forward(request, door, name, await limited_body(request, door.largest))

    async def _forward(self, request: Request, door: Door, name: str, body: bytes) -> Response:
        try:
            with self._metrics.rasa_seconds.labels(request.method).time():
                answer = await self._ask(request, door, name, body)
        except _AWAY as error:
            self._metrics.away(type(error).__name__)
            raise Problem("away", retry_after=5) from error
        if isinstance(answer, Told):
            headers = {name: answer.headers[name] for name in PASSED_BACK if name in answer.headers}
            return Response(answer.body, answer.status, headers)
        headers = {name: answer.headers[name] for name in PASSED_BACK if name in answer.headers}
        if answer.content_type == "text/event-stream":
            return StreamingResponse(_stream(answer), answer.status, headers)
        try:
            return Response(await answer.read(), answer.status, headers)
        except _AWAY as error:
            raise Problem("away", retry_after=5) from error
        finally:
            answer.release()

    async def _ask(self, request: Request, door: Door, name: str, body: bytes) -> aiohttp.ClientResponse | Told:
        """Ask the conversation's Rasa process; while it is away wait for it, or go to the next one.

        A connection it had just closed is tried once more: a message with the same id is acted on once.
        """
        headers = {name: request.headers[name] for name in PASSED_ON if name in request.headers}
        sender = request.client.host if request.client else ""
        headers["X-Forwarded-For"] = sender
        otherwise = door.path if door.one_process else sender
        rasas = order(self._rasas, conversation_of(headers.get("authorization", ""), otherwise))
        attempts = self._attempts(rasas)
        for attempt, (address, pause) in enumerate(attempts, 1):
            try:
                if request.method == "POST" and name in NAMES:
                    with suppress(NoLine):
                        return await self._lines[address].ask(name, headers, body, TURN_SECONDS)
                return await self._ask_one(request, address, headers, body)
            except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, ConnectionError):  # closed, reset, refused
                if attempt == len(attempts):
                    raise
                await asyncio.sleep(pause)
        raise AssertionError("unreachable")

    def _attempts(self, rasas: Sequence[str]) -> list[tuple[str, float]]:
        """The addresses to try, each with the seconds to wait after it failed."""
        if self._moves:
            return [(address, 0.0) for address in rasas for _ in range(2)]
        return [(rasas[0], pause) for pause in (0.0, *[AWAY_PAUSE] * AWAY_TIMES)]

    async def _ask_one(
        self, request: Request, address: str, headers: Mapping[str, str], body: bytes
    ) -> aiohttp.ClientResponse:
        url = URL(f"{address}{request.url.path}", encoded=True).with_query(list(request.query_params.multi_items()))
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=TURN_SECONDS)
        return await self.client.request(
            request.method, url, data=body or None, headers=headers, timeout=timeout, allow_redirects=False
        )


class ShortWay:
    """ASGI middleware: a message goes through its door without the app's routes being looked through for it."""

    def __init__(self, app: ASGIApp, forwarder: Forwarder, door: Door, problems: Problems) -> None:
        self.app, self._forwarder, self._door, self._problems = app, forwarder, door, problems
        self._names = {door.path.replace("{rest}", name): name for name in NAMES}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        name = self._names.get(scope["path"]) if scope["type"] == "http" and scope["method"] == "POST" else None
        if name is None:
            await self.app(scope, receive, send)
            return
        try:
            response = await self._forwarder.enter(self._door, Request(scope, receive), name)
        except Problem as problem:
            response = told(self._problems, problem)
        await response(scope, receive, send)


def told(problems: Problems, problem: Problem) -> Response:
    """A problem as an answer."""
    body = problems.body(problem)
    return JSONResponse(body, body["status"], headers=problems.headers(problem), media_type=CONTENT_TYPE)


async def limited_body(request: Request, largest: int) -> bytes:
    """The request's body; raises Problem as soon as it is larger than `largest` bytes."""
    too_large = Problem("too_large", limit=largest // 1024)
    announced = request.headers.get("content-length", "0")
    if announced.isdecimal() and int(announced) > largest:
        raise too_large
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > largest:
            raise too_large
    return bytes(body)


async def _stream(answer: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """Pass a stream on as it comes. It ends when either side goes; the page comes back for the rest."""
    try:
        async for part in answer.content.iter_any():
            yield part
    except _AWAY:
        return
    finally:
        answer.close()
