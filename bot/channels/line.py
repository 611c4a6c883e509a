"""Rasa's end of the line to the web process (bot/frames.py): requests of the website without HTTP.

It listens on a socket that only this user may open, beside the data. The handlers are those of the HTTP routes.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.frames import LONGEST_PATH, BadFrame, Frames, frame

_PRIVATE = 0o177  # taken away from what is made


@dataclass(slots=True)
class Asked:
    """A request as the handlers read it. `headers` have names in small letters."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    ip: str = ""


Handler = Callable[[Asked], Awaitable[Any]]
_here: Path | None = None


def listen_at(path: Path) -> None:
    """Where this process shall listen; Rasa builds its channels without a way to hand anything in."""
    global _here  # noqa: PLW0603 - see above
    _here = path if len(str(path).encode()) <= LONGEST_PATH else None


def here() -> Path | None:
    """Where this process shall listen, if at all."""
    return _here


@dataclass
class Line:
    """Answers requests of the web process. `handlers` have the names that a frame's head gives."""

    path: Path
    handlers: Mapping[str, Handler]
    _server: asyncio.AbstractServer | None = None
    _ends: set[_End] = field(default_factory=set)

    async def open(self) -> None:
        """Listen; a socket that a process before this one left is replaced."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.unlink(missing_ok=True)
        before = os.umask(_PRIVATE)
        try:
            loop = asyncio.get_running_loop()
            self._server = await loop.create_unix_server(lambda: _End(self), str(self.path))
        finally:
            os.umask(before)

    def close(self) -> None:
        """Listen no more; lines that are open stay so until `hang_up`."""
        if self._server is not None:
            self._server.close()
            self.path.unlink(missing_ok=True)

    def hang_up(self) -> None:
        """End every line; what was answered still leaves."""
        for end in list(self._ends):
            end.hang_up()


class _End(asyncio.Protocol):
    """One connection."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._frames = Frames()
        self._transport: Any = None
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._line._ends.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._line._ends.discard(self)  # what is being worked on goes on, as when a patient goes away

    def data_received(self, data: bytes) -> None:
        try:
            for number, (name, headers), body in self._frames.feed(data):
                asked = Asked(f"/webhooks/website/{name}", headers, body)
                handler = self._line.handlers[name]
                task = asyncio.get_running_loop().create_task(self._answer(number, handler, asked))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        except (BadFrame, ValueError, TypeError, KeyError):  # nobody who knows how sends such a thing
            self._transport.close()

    def hang_up(self) -> None:
        self._transport.close()

    async def _answer(self, number: int, handler: Handler, asked: Asked) -> None:
        answer = await handler(asked)  # every error is an answer already
        headers = {"content-type": answer.content_type, **{key.lower(): value for key, value in answer.headers.items()}}
        if not self._transport.is_closing():
            self._transport.write(frame(number, (answer.status, headers), answer.body or b""))
