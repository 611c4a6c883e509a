"""The web process's end of the lines to Rasa's processes (bot/frames.py); where there is no line, HTTP serves."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.frames import LONGEST_PATH, BadFrame, Frames, frame

NAMES = frozenset({"message", "session"})  # the requests that a line carries; all others go over HTTP


class NoLine(OSError):
    """The process does not listen on a line; nothing was sent."""


@dataclass(frozen=True, slots=True)
class Told:
    """An answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Line:
    """Asks one Rasa process over one connection, opened when it is first needed and again after it was lost."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)
        self._usable = len(self._path.encode()) <= LONGEST_PATH
        self._end: _End | None = None
        self._opening = asyncio.Lock()

    async def ask(self, name: str, headers: Mapping[str, str], body: bytes, seconds: float) -> Told:
        """The answer. Raises NoLine; ConnectionError when the process went away; TimeoutError after `seconds`."""
        end = self._end
        if end is None or end.lost:
            end = await self._open()
        return await asyncio.wait_for(end.ask(name, headers, body), seconds)

    def close(self) -> None:
        """Hang up."""
        if self._end is not None:
            self._end.hang_up()

    async def _open(self) -> _End:
        if not self._usable:
            raise NoLine
        async with self._opening:
            if self._end is None or self._end.lost:
                try:
                    loop = asyncio.get_running_loop()
                    _, self._end = await loop.create_unix_connection(_End, self._path)
                except OSError as error:
                    raise NoLine from error
            return self._end


class _End(asyncio.Protocol):
    """The connection, and who waits for which answer."""

    def __init__(self) -> None:
        self.lost = False
        self._frames = Frames()
        self._numbers = itertools.cycle(range(2**32))
        self._waiting: dict[int, asyncio.Future[Told]] = {}
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(ConnectionResetError("Rasa went away"))
        self._waiting.clear()

    def data_received(self, data: bytes) -> None:
        try:
            for number, (status, headers), body in self._frames.feed(data):
                waiting = self._waiting.pop(number, None)  # None: nobody waits for it any more
                if waiting is not None and not waiting.done():
                    waiting.set_result(Told(status, headers, body))
        except (BadFrame, ValueError, TypeError):
            self.hang_up()

    def ask(self, name: str, headers: Mapping[str, str], body: bytes) -> asyncio.Future[Told]:
        """Send a request; its answer."""
        number = next(self._numbers)
        answer: asyncio.Future[Told] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        answer.add_done_callback(lambda _: self._waiting.pop(number, None))
        self._transport.write(frame(number, (name, headers), body))
        return answer

    def hang_up(self) -> None:
        self.lost = True
        self._transport.close()
