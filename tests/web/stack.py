"""The public app in front of the website channel, real servers on free ports, with a stand-in for Rasa's dialogue."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from rasa.core.channels.channel import UserMessage

from bot.channels.website import Website
from bot.settings import ROOT, Settings
from bot.store import conversations
from bot.store.engine import unit_of_work
from bot.web.app import create_app
from tests.channels.website_server import KEY, Agent, free_port, parts, say, serving, sessions_at

BUTTONS = [
    {"title": "What is it?", "payload": "/ask_definition"},
    {"title": "Can I have it?", "payload": "/check_eligibility"},
    {"title": "Talk to a person", "payload": "/talk_to_human"},
]


TIMES = ("2026-12-03T10:00:00+01:00", "2026-12-03T10:30:00+01:00")
ZONE = {"time_zone": "Europe/Berlin"}
VISIT = {
    "kind": "confirmation",
    "reference": "MG-7K4P2Q",
    "status": "proposed",
    "starts_at": TIMES[0],
    "minutes": 40,
    "calendar": "/calendar/visit.signed.ics",
    **ZONE,
}
YES_NO = [{"title": "Yes", "answer": "yes"}, {"title": "No", "answer": "no"}, {"title": "Not sure", "answer": "unsure"}]
CHECKLIST = [
    {"id": "pregnant", "title": "Are you pregnant?", "options": YES_NO},
    {"id": "diabetes", "title": "Do you have diabetes?", "options": YES_NO},
    {"id": "cancer", "title": "Do you have cancer?", "options": YES_NO},
]
OFFERED = [
    {"title": title, "payload": f'/inform{{"question": "when", "answer": "{at}"}}'}
    for title, at in zip(("Thu 3 Dec, 10:00", "Thu 3 Dec, 10:30"), TIMES, strict=True)
]


async def dialogue(message: UserMessage) -> None:
    """A few turns as the bot would speak them."""
    text = message.text
    if text == "/start_chat":
        await say(
            message, "Hello, I am the assistant of the clinic. I am a computer program, not a doctor.", buttons=BUTTONS
        )
    elif "breathe" in text:
        await say(message, "Trouble breathing: please call 112 now. Do not wait for an answer here.", kind="emergency")
    elif "fever" in text:
        await say(message, "You wrote about a fever. Please contact the clinic today.", kind="urgent")
    elif text == "/talk_to_human":
        await say(message, "I have told the front desk. A person will answer you here.", kind="handoff")
    elif text == "a visit":
        times = [{"title": one["title"], "starts_at": at} for one, at in zip(OFFERED, TIMES, strict=True)]
        await say(
            message, "When would you like to come?", buttons=OFFERED, kind="question", asks="when", times=times, **ZONE
        )
    elif text == "my visit":
        await say(message, "Your request is with the clinic. Your reference is MG-7K4P2Q.", **VISIT)
    elif text == "the check":
        buttons = [{"title": one["title"], "payload": f"/inform{one}"} for one in YES_NO]
        await say(message, "Are you pregnant?", buttons=buttons, kind="question", asks="pregnant", checklist=CHECKLIST)
    elif text == "forget everything":
        await say(message, "Everything was deleted.", kind="confirmation", erase=True)
    elif text == "links":
        link = {"title": "How we handle your data", "url": "/privacy"}
        words = "https://clinic.example/a, hello@lindenhof.example.org (not ana@example.org) or +1 202 555 0143."
        await say(message, words, kind="smalltalk", link=link)
    elif "side effects" in text:
        await asyncio.sleep(0.5)
        await say(
            message,
            "Mild pain, swelling and redness can follow.",
            kind="answer",
            buttons=BUTTONS[1:],
            topic="ask_side_effects",
        )
    else:
        await say(message, f"You said: {text}", kind="answer")


@dataclass
class Stack:
    """A running installation without Rasa's model: `address` is the public app, `website` the channel's parts."""

    settings: Settings
    website: Website
    agent: Agent = dialogue
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _rasa: AsyncExitStack | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.settings.port}"

    def conversation(self, token: str) -> str:
        """The conversation a token opens."""
        return self.website.tokens.read(token, self.website.clock())

    def start_rasa(self) -> None:
        """Let the channel's server answer; again after `stop_rasa`, on the same port and store."""

        async def start() -> AsyncExitStack:
            stack = AsyncExitStack()
            await stack.enter_async_context(serving(self.website, self._hear, self.settings.rasa_port))
            return stack

        self._rasa = self._run(start())

    def stop_rasa(self) -> None:
        """Take the channel's server away."""
        if self._rasa is not None:
            self._run(self._rasa.aclose())
            self._rasa = None

    async def _hear(self, message: UserMessage) -> None:
        await self.agent(message)

    def _run(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(20)


@contextmanager
def running(
    folder: Path,
    port: int | None = None,
    embed_origins: tuple[str, ...] = (),
    messenger_page: str = "",
    line: bool = False,
    **changes: Any,
) -> Iterator[Stack]:
    """A stack in threads of this process, for clients that block, a browser for one; with a `line` or with HTTP alone
    between web and Rasa."""
    settings = Settings(
        port=port or free_port(),
        rasa_port=free_port(),
        actions_port=free_port(),
        var=folder,
        content=ROOT / "bot" / "content",
        database_url=f"sqlite:///{folder}/test.db",
        secret="a secret for tests",  # noqa: S106 - signs nothing that lasts
        keys=(KEY,),
        embed_origins=embed_origins,
        messenger_page=messenger_page,
    )
    stack = Stack(settings, parts(sessions_at(folder / "test.db"), **changes))
    if line:
        stack.website.line = settings.line_of(settings.rasa_port)
    threading.Thread(target=stack.loop.run_forever, daemon=True).start()
    config = uvicorn.Config(
        create_app(settings), "127.0.0.1", settings.port, log_level="warning", ws="none", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    stack.start_rasa()
    while not server.started:
        threading.Event().wait(0.02)
    try:
        yield stack
    finally:
        server.should_exit = True
        stack.stop_rasa()
        thread.join(10)
        stack.loop.call_soon_threadsafe(stack.loop.stop)


def staff_says(stack: Stack, token: str, text: str) -> None:
    """A person at the desk writes into the chat that a token opens."""
    with unit_of_work(stack.website.sessions) as session:
        now = stack.website.clock()
        conversations.add_staff_message(session, stack.conversation(token), "staff-1", text, now)
        session.commit()
