"""A message that a process died over is worked on again by another, unless Rasa had already done its part.

Rasa saves a turn before the channel writes down what was said. Where a process dies between the two, the turn is in the
tracker: what the bot said then is said again, and nothing is done twice.

Several processes of one machine look for such messages. Each looks and acts under a lock that is a file beside the
data, so that no two of them find the same message undone; the system lets go of it when its holder dies.
"""

from __future__ import annotations

import asyncio
import fcntl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import takewhile
from pathlib import Path
from typing import Any

from rasa.core.channels.channel import UserMessage
from rasa.core.processor import MessageProcessor
from rasa.shared.core.events import BotUttered, Event, UserUttered

from bot.channels.turns import AGAIN

POLL_SECONDS = 0.05
_stock_handle = MessageProcessor.handle_message
_lock_file: Path | None = None


def install(var: Path) -> None:
    """Let Rasa's processor look before it acts on a message that comes again. `var` is where the data lies."""
    global _lock_file  # noqa: PLW0603 - Rasa builds its processor without a way to hand anything in
    _lock_file = var / "again.lock"
    MessageProcessor.handle_message = handle_message  # type: ignore[method-assign]


@asynccontextmanager
async def alone(path: Path | None) -> AsyncIterator[None]:
    """Hold the lock of this file, which one task of one process can at a time."""
    if path is None:
        yield
        return
    with path.open("ab") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                await asyncio.sleep(POLL_SECONDS)
        yield  # closing the file lets go of it


async def handle_message(self: MessageProcessor, message: UserMessage) -> Any:
    """Rasa's own, but for a message that is in the tracker: of that the answers are sent again."""
    if not (message.metadata or {}).get(AGAIN):
        return await _stock_handle(self, message)
    async with alone(_lock_file):
        tracker = await self.get_tracker(message.sender_id)
        said = answers_to(message.message_id, list(tracker.events))
        if said is None:
            return await _stock_handle(self, message)
    for event in said:
        await message.output_channel.send_response(message.sender_id, event.message())
    return None


def answers_to(message_id: str, events: list[Event]) -> list[BotUttered] | None:
    """What the bot said to the message with this id; None when Rasa has not heard it."""
    for place in range(len(events) - 1, -1, -1):
        event = events[place]
        if isinstance(event, UserUttered) and event.message_id == message_id:
            turn = takewhile(lambda later: not isinstance(later, UserUttered), events[place + 1 :])
            return [later for later in turn if isinstance(later, BotUttered)]
    return None
