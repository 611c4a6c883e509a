"""The patients' HTTP: one kept connection each, and no more of HTTP/1.1 than the two bots speak.

The driver shares the two processors with what it measures, so its own part of a turn counts: with aiohttp's client it
took as long as a fifth of a turn of ours.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import orjson

SECONDS = 120.0


class Connection:
    """One kept connection to `base` (http://host:port); use it for one request at a time."""

    def __init__(self, base: str) -> None:
        parts = urlsplit(base)
        self._host, self._port = str(parts.hostname), int(parts.port or 80)
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> tuple[int, Any]:
        """Post `body` as JSON; the status and the answer, parsed. Raises ConnectionError and asyncio.TimeoutError."""
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._host, self._port)
        reader, writer = self._streams
        data = b"" if body is None else orjson.dumps(body)
        lines = [f"POST {path} HTTP/1.1", f"Host: {self._host}:{self._port}", "Content-Type: application/json"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        writer.write("\r\n".join([*lines, f"Content-Length: {len(data)}", "", ""]).encode() + data)
        return await asyncio.wait_for(self._answer(reader), SECONDS)

    async def _answer(self, reader: asyncio.StreamReader) -> tuple[int, Any]:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().split("\r\n")
            fields = dict(line.split(": ", 1) for line in head[1:] if ": " in line)
            data = await reader.readexactly(int(fields["content-length"]))
        except asyncio.IncompleteReadError as error:
            self.close()
            raise ConnectionError("the bot closed the connection") from error
        if fields.get("connection") == "close":
            self.close()
        return int(head[0].split()[1]), orjson.loads(data)

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None
