"""A patient who books whatever breaks meanwhile, and a desk that confirms: both send again what got no answer."""

from __future__ import annotations

import re
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

Message = dict[str, Any]
LIMIT = 300.0  # seconds a message is sent again for
PAUSE = 0.3  # seconds between two tries
MOMENT = 3.0  # seconds after an apology
MOST_TURNS = 60


class GaveUp(RuntimeError):
    """The installation did not bring a booking to its end; the message says where."""


@dataclass
class Kill:
    """What is ended, while which step, and how many seconds after its message was sent."""

    number: int
    part: str
    step: str
    after: float
    end: Callable[[str], bool]
    hit: bool = False
    timer: threading.Timer | None = None

    def arm(self, step: str) -> None:
        """The first message of the step starts the clock."""
        if step == self.step and self.timer is None:
            self.timer = threading.Timer(self.after, self._strike)
            self.timer.start()

    def join(self) -> None:
        """Until it has struck, if it is armed."""
        if self.timer is not None:
            self.timer.join()

    def _strike(self) -> None:
        self.hit = self.end(self.part)


@dataclass
class Patient:
    """One booking from the first word on. `asked` is every question heard, `seconds` what each step took."""

    base: str
    number: int
    kill: Kill | None = None
    token: str = ""
    conversation_id: str = ""
    heard: list[Message] = field(default_factory=list)
    sent: dict[str, list[str]] = field(default_factory=dict)  # client id -> ids of the lines that answered it
    asked: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    references: list[str] = field(default_factory=list)
    wanted: str = ""  # the instant last read back
    sent_again: int = 0
    apologies: int = 0
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=60, trust_env=False))

    @property
    def name(self) -> str:
        return "Kim " + "".join(chr(ord("a") + int(digit)) for digit in str(self.number)).title()

    @property
    def contact(self) -> str:
        return f"kim{self.number}@example.org"

    def book(self) -> None:
        """Until the request is said to be with the clinic."""
        opened = self._send("start", "session", {})
        self.token, self.conversation_id = opened["token"], opened["conversation_id"]
        self._talk("book", "I want to book an appointment")

    def change(self) -> None:
        """Move the visit to the first time that is offered."""
        self._talk("change", "I want to change my booking", "move ")

    def _talk(self, step: str, opening: str, about: str = "") -> None:
        """Answer whatever is asked until nothing is. Steps are named by what is asked, times with `about` before."""
        say: dict[str, str] = {"text": opening}
        for _ in range(MOST_TURNS):
            said = self._tell(step, say)
            cards = [message["metadata"] for message in said]
            told = [card["reference"] for card in cards if "reference" in card]
            if told and not any("asks" in card for card in cards):
                self.references += told
                return
            asks = next((card["asks"] for card in reversed(cards) if "asks" in card), None)
            if asks is None:  # an apology: the same once more in a moment, as it says
                self.apologies += 1
                time.sleep(MOMENT)
                continue
            step = about + asks if asks == "when" else asks
            self.asked.append(step)
            self.wanted = cards[-1].get("starts_at", self.wanted)
            say = self._answer(asks, said)
        raise GaveUp(f"patient {self.number} is asked {self.asked[-8:]} and comes to no end")

    def _answer(self, asks: str, said: list[Message]) -> dict[str, str]:
        words = {"name": self.name, "contact": self.contact}
        if asks in words:
            return {"text": words[asks]}
        titles = {
            "consent": "Yes, go on",
            "check_first": "Book without check",
            "treatment": "Facial mesotherapy",
            "note": "No note",
            "confirm": "Yes, send it",
            "visit": "Another time",
            "move": "Yes",
        }
        buttons = [button for message in said for button in message["buttons"]]
        for button in buttons:
            if asks == "when" or button["title"] == titles.get(asks):
                return {"payload": button["payload"]}
        raise GaveUp(f"patient {self.number} is asked {asks} and finds no button among {buttons}")

    def _tell(self, step: str, say: dict[str, str]) -> list[Message]:
        id = str(uuid.uuid4())
        said: list[Message] = self._send(step, "message", {"id": id, **say})["messages"]
        self.sent[id] = [message["id"] for message in said]
        self.heard += said
        return said

    def _send(self, step: str, path: str, body: dict[str, str]) -> Any:
        """Post until there is an answer, always with the same id, as the page does."""
        began, until = time.monotonic(), time.monotonic() + LIMIT
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if self.kill:
            self.kill.arm(step)
        while time.monotonic() < until:
            try:
                answer = self.client.post(f"{self.base}/webhooks/website/{path}", json=body, headers=headers)
            except httpx.HTTPError:
                answer = None
            if answer is not None and answer.is_success:
                self.seconds.setdefault(step, time.monotonic() - began)
                if self.kill:
                    self.kill.join()
                return answer.json()
            if answer is not None and not _may_pass(answer.status_code):
                raise GaveUp(f"patient {self.number} at {step}: {answer.status_code} {answer.text[:200]}")
            self.sent_again += 1
            time.sleep(PAUSE)
        raise GaveUp(f"patient {self.number} at {step} had no answer in {LIMIT:.0f} s")


def _may_pass(status: int) -> bool:
    """Whether the same message may be taken a little later: a part was away, or too much was sent at once."""
    return status == httpx.codes.TOO_MANY_REQUESTS or status >= httpx.codes.INTERNAL_SERVER_ERROR


@dataclass
class Desk:
    """Somebody signed in at the desk, who confirms visits as they were asked for."""

    base: str
    email: str
    password: str
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=60, trust_env=False))

    def sign_in(self) -> None:
        page = self.client.get(f"{self.base}/desk/login").text
        data = {"token": _found(r'name="token" value="([^"]+)"', page), "email": self.email, "password": self.password}
        self.client.post(f"{self.base}/desk/login", data=data)

    def confirm(self, booking_id: str, kill: Kill | None = None) -> None:
        """Confirm a visit, looking at it again after every failure, until it is confirmed."""
        until = time.monotonic() + LIMIT
        while time.monotonic() < until:
            try:
                if self._try(booking_id, kill):
                    return
            except httpx.HTTPError:
                pass
            time.sleep(PAUSE)
        raise GaveUp(f"the desk could not confirm {booking_id}")

    def _try(self, booking_id: str, kill: Kill | None) -> bool:
        """Whether the visit is confirmed as the page shows it; where it is not, press the button."""
        address = f"{self.base}/desk/bookings/{booking_id}"
        answer = self.client.get(address)
        if not answer.is_success or 'name="csrf"' not in answer.text:
            return False
        if f"{address.removeprefix(self.base)}/confirm" not in answer.text:
            return True
        names = ("csrf", "version", "at")
        data = {name: _found(rf'name="{name}"[^>]*? value="([^"]*)"', answer.text) for name in names}
        if kill:
            kill.arm("desk")
        try:
            self.client.post(f"{address}/confirm", data=data, follow_redirects=False)
        finally:
            if kill:
                kill.join()
        return False


def _found(pattern: str, page: str) -> str:
    match = re.search(pattern, page)
    return match[1] if match else ""
