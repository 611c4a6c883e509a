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
from bot.web.app import create_app
from tests.channels.website_server import KEY, Agent, free_port, parts, say, serving, sessions_at

BUTTONS = [
    {"title": "What is it?", "payload": "/ask_definition"},
    {"title": "Can I have it?", "payload": "/check_eligibility"},
    {"title": "Talk to a person", "payload": "/talk_to_human"},
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
def running(folder: Path, port: int | None = None, **changes: Any) -> Iterator[Stack]:
    """A stack in threads of this process, for clients that block, a browser for one."""
    settings = Settings(
        port=port or free_port(),
        rasa_port=free_port(),
        actions_port=free_port(),
        var=folder,
        content=ROOT / "bot" / "content",
        database_url=f"sqlite:///{folder}/test.db",
        secret="a secret for tests",  # noqa: S106 - signs nothing that lasts
        keys=(KEY,),
    )
    stack = Stack(settings, parts(sessions_at(folder / "test.db"), **changes))
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
