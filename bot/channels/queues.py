"""Waiting in line inside one process: messages of one patient are worked on in the order they came."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Queues:
    """A first-come-first-served line per name; a line nobody stands in takes no memory."""

    def __init__(self) -> None:
        self._lines: dict[str, tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def place(self, name: str) -> AsyncIterator[None]:
        """Wait for one's turn in the line `name`, and leave it at the end."""
        lock, waiting = self._lines.get(name, (asyncio.Lock(), 0))
        self._lines[name] = (lock, waiting + 1)
        try:
            async with lock:
                yield
        finally:
            lock, waiting = self._lines.pop(name)
            if waiting > 1:
                self._lines[name] = (lock, waiting - 1)
