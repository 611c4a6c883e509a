"""Patients who talk to the actions themselves, each in a conversation of their own, at a moment the test chooses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from bot.actions.base import Clinic, ClinicAction, Turn
from bot.actions.booking import ValidateBookingForm
from bot.clinic.content import Content, load_content
from bot.settings import BOT
from bot.store.engine import Sessions

Said = list[dict[str, Any]]


@lru_cache
def content() -> Content:
    return load_content(BOT / "content")


@dataclass
class Patient:
    """One conversation. `tell` sends a message to an action and keeps the slots it sets."""

    sessions: Sessions
    name: str
    now: datetime
    content: Content | None = None  # other content than the clinic's
    slots: dict[str, Any] = field(default_factory=lambda: {"consent": content().clinic.privacy.version})
    messages: int = 0

    def tell(
        self,
        action: ClinicAction,
        text: str = "",
        intent: str = "inform",
        *,
        again: bool = False,
        ranking: Sequence[str] = (),
        **entities: str,
    ) -> Said:
        """What the action says to a message; `again` sends the last message once more, as after a crash. `ranking`: the
        intents it might have, the likeliest first."""
        self.messages += 0 if again else 1
        parse = {
            "text": text,
            "intent": {"name": intent, "confidence": 1.0},
            "entities": [{"entity": key, "value": value} for key, value in entities.items()],
            "intent_ranking": [{"name": name, "confidence": 1 / rank} for rank, name in enumerate(ranking, 1)],
            "message_id": f"{self.name}-{self.messages}",
        }
        tracker = Tracker(self.name, dict(self.slots), parse, [], False, None, {}, "action_listen")
        dispatcher = CollectingDispatcher()
        clinic = Clinic(self.content or content(), self.sessions, "a secret for tests")
        turn = Turn(dispatcher, tracker, clinic, self.now)
        for event in [*action.act(turn), *turn.also]:
            if event["event"] == "slot":
                self.slots[event["name"]] = event["value"]
        return dispatcher.messages

    def book(self, text: str = "", **entities: str) -> list[str]:
        """The names of the responses to a message of the booking form."""
        return [said["response"] for said in self.tell(ValidateBookingForm(), text, **entities)]

    def press(self, question: str, answer: str) -> list[str]:
        return self.book(question=question, answer=answer)

    def choose(self, when: str) -> list[str]:
        """Everything up to the read-back, the time last."""
        self.book("", treatment="body")
        self.book("Kim Example")
        self.book(f"{self.name}@example.org")
        return self.press("when", when)
