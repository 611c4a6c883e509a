"""The line between the web process and a Rasa process of one machine: requests and answers as frames on a Unix socket.

A frame is its length and its number (four bytes each, big-endian), then a head in JSON, a line feed, and a body. The
answer to a request has its number, so that many are under way at once. HTTP between two processes of one machine cost
more than the frames' content (docs/performance.md); what travels is the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct
from typing import Any

import orjson

LARGEST = 1024 * 1024  # bytes of a frame; a message has 16 kB, an answer less
LONGEST_PATH = 100  # bytes of a socket's address that every system takes
_START = Struct(">II")


class BadFrame(ValueError):
    """What came is no frame; the line cannot go on."""


def frame(number: int, head: Any, body: bytes) -> bytes:
    """One frame. `head` is JSON-ready and small."""
    top = orjson.dumps(head)
    return b"".join((_START.pack(len(top) + 1 + len(body), number), top, b"\n", body))


class Frames:
    """Takes bytes as they come and gives the frames that are whole."""

    def __init__(self) -> None:
        self._kept = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[int, Any, bytes]]:
        """(number, head, body) of each frame that is whole now. Raises BadFrame."""
        self._kept += data
        while len(self._kept) >= _START.size:
            length, number = _START.unpack_from(self._kept)
            if length > LARGEST:
                raise BadFrame("a frame is too large")
            end = _START.size + length
            if len(self._kept) < end:
                return
            content = bytes(self._kept[_START.size : end])
            del self._kept[:end]
            top, line_feed, body = content.partition(b"\n")
            try:
                head = orjson.loads(top)
            except ValueError as error:
                raise BadFrame("a frame has no head") from error
            if not line_feed:
                raise BadFrame("a frame has no body")
            yield number, head, body
