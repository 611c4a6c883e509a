"""A message that a process died over is worked on again by another, unless Rasa had already done its part.

Rasa saves a turn before the channel writes down what was said. Where a process dies between the two, the turn is in the
tracker: what the bot said then is said again, and nothing is done twice.
"""

from __future__ import annotations

from itertools import takewhile
from typing import Any

from rasa.core.channels.channel import UserMessage
from rasa.core.processor import MessageProcessor
from rasa.shared.core.events import BotUttered, Event, UserUttered

from bot.channels.turns import AGAIN

_stock_handle = MessageProcessor.handle_message


def install() -> None:
    """Let Rasa's processor look before it acts on a message that comes again."""
    MessageProcessor.handle_message = handle_message  # type: ignore[method-assign]


async def handle_message(self: MessageProcessor, message: UserMessage) -> Any:
    """Rasa's own, but for a message that is in the tracker: of that the answers are sent again."""
    if (message.metadata or {}).get(AGAIN):
        tracker = await self.get_tracker(message.sender_id)
        said = answers_to(message.message_id, list(tracker.events))
        if said is not None:
            for event in said:
                await message.output_channel.send_response(message.sender_id, event.message())
            return None
    return await _stock_handle(self, message)


def answers_to(message_id: str, events: list[Event]) -> list[BotUttered] | None:
    """What the bot said to the message with this id; None when Rasa has not heard it."""
    for place in range(len(events) - 1, -1, -1):
        event = events[place]
        if isinstance(event, UserUttered) and event.message_id == message_id:
            turn = takewhile(lambda later: not isinstance(later, UserUttered), events[place + 1 :])
            return [later for later in turn if isinstance(later, BotUttered)]
    return None
