"""Patients who talk while things break: each asks, is screened and books, repeats a message that got no answer as the
page does, and remembers what it was told."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from benchmarks.faults.system import System

QUESTIONS = (
    "what is mesotherapy",
    "does it hurt",
    "what are the side effects and how long do they last",
    "how many sessions will I need",
    "can it help against cellulite",
    "is it safe",
    "what does it cost",
    "when are you open",
    "how is it done",
    "can I go back to work right after",
)
ANSWERS = {"consent": "yes", "age": "34", "contact": "patient{number}@example.org", "note": "no note", "confirm": "yes"}
SURNAMES = ("Alder", "Birch", "Cedar", "Elder", "Hazel", "Juniper", "Linden", "Maple", "Rowan", "Willow")
APOLOGY = "I could not do that just now"  # utter_part_failed of the domain
GIVE_UP = 180.0  # seconds after which a patient closes the page
TURNS_OF_A_TASK = 18


@dataclass
class Told:
    """One message: what came of it."""

    id: str
    text: str
    sent: float
    answered: float | None = None
    says: list[dict[str, Any]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    unclear: int = 0

    @property
    def is_apology(self) -> bool:
        return any(say["text"].startswith(APOLOGY) for say in self.says)


@dataclass
class Patient:
    """One patient's page."""

    system: System
    number: int
    chance: random.Random
    client: httpx.AsyncClient
    token: str = ""
    conversation_id: str = ""
    told: list[Told] = field(default_factory=list)
    references: list[str] = field(default_factory=list)
    asks: str | None = None
    buttons: list[Mapping[str, str]] = field(default_factory=list)

    async def talk(self, over: asyncio.Event, think: tuple[float, float]) -> None:
        """Open a chat and go on with one task after another until it is over."""
        await self._open(over)
        while not over.is_set():
            task = self.chance.choice((self._ask, self._ask, self._book, self._check))
            await task(over, think)

    async def _open(self, over: asyncio.Event) -> None:
        pause = 1.0
        while not over.is_set():
            try:
                answer = await self.client.post(f"{self.system.base}/webhooks/website/session", timeout=80)
                if answer.status_code == 201:
                    body = answer.json()
                    self.token, self.conversation_id = body["token"], body["conversation_id"]
                    return
            except httpx.HTTPError:
                pass
            await asyncio.sleep(pause)
            pause = min(pause * 2, 8)

    async def _ask(self, over: asyncio.Event, think: tuple[float, float]) -> None:
        await self._say(self.chance.choice(QUESTIONS), think)

    async def _check(self, over: asyncio.Event, think: tuple[float, float]) -> None:
        await self._task("can you check if I can have it", over, think)

    async def _book(self, over: asyncio.Event, think: tuple[float, float]) -> None:
        await self._task("I want to book a visit", over, think)

    async def _task(self, opening: str, over: asyncio.Event, think: tuple[float, float]) -> None:
        """Answer what the bot asks until it asks nothing more."""
        await self._say(opening, think)
        for _ in range(TURNS_OF_A_TASK):
            if self.asks is None or over.is_set():
                return
            await self._say(self._reply(), think)

    def _reply(self) -> str:
        asked = str(self.asks)
        if asked == "name":
            return f"Ana {SURNAMES[self.number % len(SURNAMES)]}"
        if asked == "when":
            return f"in {self.chance.randint(2, 9)} weeks on tuesday at {self.chance.randint(9, 16)}"
        if asked == "treatment":
            return "facial"
        return ANSWERS.get(asked, "no").format(number=self.number)

    async def _say(self, text: str, think: tuple[float, float]) -> None:
        """Send one message, again and again with the same id, as the page does, until there is an answer."""
        await asyncio.sleep(self.chance.uniform(*think))
        told = Told(str(uuid.uuid4()), text, time.monotonic())
        self.told.append(told)
        pause = 1.0
        while time.monotonic() - told.sent < GIVE_UP:
            answer = await self._post(told)
            if answer is not None and answer.status_code == 200:
                self._heard(told, answer.json()["messages"])
                return
            if answer is not None:
                self._refused(told, answer)
            await asyncio.sleep(pause)
            pause = min(pause * 2, 8)

    async def _post(self, told: Told) -> httpx.Response | None:
        try:
            return await self.client.post(
                f"{self.system.base}/webhooks/website/message",
                json={"id": told.id, "text": told.text},
                headers={"Authorization": f"Bearer {self.token}"},
                timeout=80,
            )
        except httpx.HTTPError as error:
            told.problems.append(type(error).__name__)
            return None

    def _refused(self, told: Told, answer: httpx.Response) -> None:
        """A refusal has to say in words what to do; anything else counts as unclear."""
        told.problems.append(str(answer.status_code))
        is_problem = answer.headers.get("content-type", "").startswith("application/problem+json")
        told.unclear += not (is_problem and answer.status_code in (429, 503) and answer.json().get("detail"))

    def _heard(self, told: Told, says: list[dict[str, Any]]) -> None:
        told.answered, told.says = time.monotonic(), says
        self.asks = None
        for say in says:
            about = say["metadata"]
            self.asks = about.get("asks") or self.asks
            if about.get("kind") == "confirmation" and about.get("reference"):
                self.references.append(about["reference"])
