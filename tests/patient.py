"""A patient on the website, as a program: opens a chat over the HTTP of the design, types, presses buttons."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

import httpx

Message = dict[str, Any]
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
