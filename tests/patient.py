"""A patient on the website, as a program: opens a chat over the HTTP of the design, types, presses buttons."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

Message = dict[str, Any]
NOTHING_APPLIES = {
    "pregnant": "no",
    "breastfeeding": "no",
    "diabetes": "no",
    "cancer": "no",
    "heart_multi_drug": "no",
    "liver_disease": "no",
    "kidney_disease": "no",
}
AGREE = '/inform{"question": "consent", "answer": "yes"}'
REFUSE = '/inform{"question": "consent", "answer": "no"}'
CLIENT = httpx.Client(timeout=60, trust_env=False)


@dataclass
class Patient:
    """One chat with a running installation. `heard` is everything the bot said, in order.

    A patient who `agrees` says yes to the privacy notice by themselves: `heard` then goes on without it.
    """

    base: str
    agrees: bool = True
    token: str = ""
    conversation_id: str = ""
    heard: list[Message] = field(default_factory=list)

    def open(self) -> Patient:
        answer = CLIENT.post(f"{self.base}/webhooks/website/session", timeout=30)
        assert answer.status_code == 201, answer.text
        body = answer.json()
        self.token, self.conversation_id = body["token"], body["conversation_id"]
        return self

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def post(self, **body: Any) -> httpx.Response:
        body.setdefault("id", str(uuid.uuid4()))
        return CLIENT.post(f"{self.base}/webhooks/website/message", json=body, headers=self.headers, timeout=60)

    def _heard(self, answer: httpx.Response) -> list[Message]:
        assert answer.status_code == 200, answer.text
        messages = answer.json()["messages"]
        if self.agrees and messages and messages[-1]["metadata"].get("asks") == "consent":
            self.heard += messages[:-1]
            return [*messages[:-1], *self.send(AGREE)]
        self.heard += messages
        return messages

    def say(self, text: str) -> list[Message]:
        return self._heard(self.post(text=text))

    def send(self, payload: str) -> list[Message]:
        """Press a button by its payload."""
        return self._heard(self.post(payload=payload))

    def press(self, title: str) -> list[Message]:
        """Press the newest button with this title."""
        for message in reversed(self.heard):
            for button in message["buttons"]:
                if button["title"] == title:
                    return self._heard(self.post(payload=button["payload"]))
        raise AssertionError(f"no button {title!r} was offered")

    def until_done(self, opening: str, told: Mapping[str, str]) -> Message:
        """Answer whatever is asked from what is `told`, taking the first time that is free; what ends the questions."""
        self.say(opening)
        for _ in range(30):
            last = self.heard[-1]
            if last["metadata"]["kind"] != "question":
                return next((one for one in self.heard[::-1] if one["metadata"].get("reference")), last)
            assert self.asked in told, f"{self.asked}: {last['text']}"
            if self.asked == "when" and len(last["buttons"]) > 1 and "free" in last["text"]:
                self.send(last["buttons"][0]["payload"])
            else:
                self.say(told[self.asked])
        raise AssertionError("thirty answers were not enough")

    def history(self) -> list[Message]:
        answer = CLIENT.get(f"{self.base}/webhooks/website/history", headers=self.headers, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.json()["messages"]

    @property
    def asked(self) -> str | None:
        """What the bot asked last, if its last message asks something."""
        return self.heard[-1]["metadata"].get("asks") if self.heard else None


def kinds(messages: list[Message]) -> list[str]:
    return [message["metadata"].get("kind") for message in messages]


def answers(messages: list[Message]) -> list[Message]:
    """The messages that answer a topic."""
    return [message for message in messages if message["metadata"].get("kind") == "answer"]
