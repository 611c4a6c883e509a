"""A message that comes again is acted on once, also when several processes look at it at the same moment."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rasa.core.channels.channel import UserMessage
from rasa.shared.core.events import BotUttered, UserUttered

from bot.channels.turns import AGAIN
from bot.serving import once


class Processor:
    """As Rasa's, over a list of events that two processes share."""

    def __init__(self, events: list[Any]) -> None:
        self.events = events

    async def get_tracker(self, sender_id: str) -> Any:
        return SimpleNamespace(events=list(self.events))


class Channel:
    def __init__(self) -> None:
        self.said: list[str] = []

    async def send_response(self, sender_id: str, message: dict[str, Any]) -> None:
        self.said.append(message["text"])


async def test_two_processes_that_find_a_message_undone_do_it_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[Any] = []

    async def stock(processor: Any, message: UserMessage) -> None:
        await asyncio.sleep(0.1)  # the turn is saved at its end
        events.extend([UserUttered("hello", message_id=message.message_id), BotUttered("Good day")])

    monkeypatch.setattr(once, "_stock_handle", stock)
    monkeypatch.setattr(once, "_lock_file", tmp_path / "again.lock")
    channels = [Channel(), Channel()]
    again = [UserMessage("hello", one, "chat", message_id="m1", metadata={AGAIN: True}) for one in channels]  # type: ignore[arg-type]
    await asyncio.gather(*(once.handle_message(Processor(events), message) for message in again))  # type: ignore[arg-type]
    assert [event.message_id for event in events if isinstance(event, UserUttered)] == ["m1"]
    assert sorted(one.said for one in channels) == [[], ["Good day"]]
