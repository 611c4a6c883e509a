"""Patients as programs: each leads whole dialogues with one bot and notes how long every answer took.

With ours a dialogue asks questions, is screened and books; with the stock bot it is what the starter project knows.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import uuid4

from benchmarks.turns.http import Connection

QUESTIONS = (
    "does it hurt?",
    "what are the side effects?",
    "and how long do they last?",
    "how many sessions do I need for hair loss?",
    "is it safe?",
)
# What a patient says to what the bot asks; to everything else the first button is pressed.
REPLIES = {
    "age": "I am 34",
    "treatment": "for my hair",
    "name": "Demo Patient",
    "contact": "+1 202 555 0143",
    "note": "no",
    "confirm": "yes",
}
WHENS = ("next tuesday at 10", "thursday afternoon", "any day next week in the morning")
LONGEST_DIALOGUE = 40
STOCK_DIALOGUE = ("hello", "i am very sad", "yes", "are you a bot?", "great", "no", "bye")

Send = Callable[[str], Any]


class WrongAnswer(RuntimeError):
    """The bot answered with an error, or not at all."""


class OurPatient:
    """A patient of this project, over the HTTP of the website."""

    def __init__(self, base: str) -> None:
        self.http = Connection(base)
        self.seconds: list[float] = []
        self.fallbacks = 0
        self.last: dict[str, Any] = {}
        self.kinds: set[str] = set()
        self._headers: dict[str, str] = {}

    async def open(self) -> OurPatient:
        """Begin a new conversation."""
        status, said = await self.http.post("/webhooks/website/session")
        if status != 201:
            raise WrongAnswer(f"{status}: {said}")
        self._headers = {"Authorization": f"Bearer {said['token']}"}
        return self

    async def say(self, text: str) -> dict[str, Any]:
        """Send words or, beginning with /, a button's payload; the bot's last message."""
        body = {"id": str(uuid4()), "payload" if text.startswith("/") else "text": text}
        began = time.perf_counter()
        status, said = await self.http.post("/webhooks/website/message", body, self._headers)
        self.seconds.append(time.perf_counter() - began)
        if status != 200 or not said["messages"]:
            raise WrongAnswer(f"{status} to {text!r}: {said}")
        self.last = said["messages"][-1]
        self.kinds = {message["metadata"].get("kind") for message in said["messages"]}
        self.fallbacks += "fallback" in self.kinds
        return self.last

    async def dialogue(self) -> AsyncIterator[None]:
        """Questions, a screening and a booking; yields after every turn."""
        await self.open()
        for question in QUESTIONS[:4]:
            await self.say(question)
            yield
        for opening, done in (("can I have it?", "outcome"), ("I want to book a visit", "confirmation")):
            await self.say(opening)
            yield
            async for _ in self._until(done):
                yield

    async def cancel(self) -> AsyncIterator[None]:
        """Cancel the visit that was booked; yields after every turn. Raises WrongAnswer when it is not cancelled."""
        for text in ("cancel my visit", "yes"):
            await self.say(text)
            yield
        if self.last["metadata"].get("status") != "cancelled":
            raise WrongAnswer(f"the visit was not cancelled: {self.last}")

    async def _until(self, kind: str) -> AsyncIterator[None]:
        wishes = itertools.cycle(WHENS)
        for _ in range(LONGEST_DIALOGUE):
            if kind in self.kinds:
                return
            await self.say(self._reply(wishes))
            yield
        raise WrongAnswer(f"a dialogue did not come to its {kind}: {self.last}")

    def _reply(self, wishes: Any) -> str:
        asks, buttons = self.last["metadata"].get("asks"), self.last["buttons"]
        if asks == "when" and not buttons:
            return str(next(wishes))
        if asks in REPLIES:
            return REPLIES[asks]
        no = next((button["payload"] for button in buttons if button["title"] == "No"), None)
        return str(no or (buttons[0]["payload"] if buttons else "help"))


class StockPatient:
    """A patient of the starter bot, over Rasa's REST channel."""

    def __init__(self, base: str) -> None:
        self.http = Connection(base)
        self.seconds: list[float] = []
        self.fallbacks = 0
        self._sender = uuid4().hex

    async def open(self) -> StockPatient:
        """Begin a new conversation."""
        self._sender = uuid4().hex
        return self

    async def say(self, text: str) -> Any:
        """Send words; the bot's answer."""
        began = time.perf_counter()
        body = {"sender": self._sender, "message": text}
        status, said = await self.http.post("/webhooks/rest/webhook", body)
        self.seconds.append(time.perf_counter() - began)
        if status != 200:
            raise WrongAnswer(f"{status} to {text!r}: {said}")
        return said

    async def dialogue(self) -> AsyncIterator[None]:
        """What the starter project can talk about, twice; yields after every turn."""
        await self.open()
        for text in STOCK_DIALOGUE * 2:
            await self.say(text)
            yield
