"""One turn: a patient's message is written down, handed to Rasa once, and what was said is written down and returned.

However often and to whichever process a message with one client id is sent, Rasa hears it once. A message that Rasa
could not answer is kept, gets an honest reply, and goes to the desk. Danger advice reaches the patient even when
nothing can be stored.
"""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from rasa.core.channels.channel import OutputChannel, UserMessage

from bot import logs
from bot.channels.apology import words
from bot.channels.incoming import Incoming
from bot.channels.queues import Queues
from bot.channels.records import DANGER, Records, Turn
from bot.channels.shapes import Said, unstored
from bot.channels.understanding import Understand, kept
from bot.problems import Problem
from bot.store import inline
from bot.store.conversations import UnknownConversation
from bot.store.turns import ENDING, Ending

log = logging.getLogger(__name__)

REPORT = "/report_emergency"  # the payload of a button that anybody may press
AGAIN = "again"  # metadata: Rasa may have heard this message before (bot/serving/once.py)
TURN_SECONDS = 50.0  # below the 60 s after which Rasa's lock on a conversation is given to the next message
STORE_SECONDS = 20.0  # for writing a message down; SQLite itself waits 15 s for another writer
POLL_SECONDS = 0.1  # while another process works on the same message

Ask = Callable[[UserMessage], Awaitable[Any]]
Apology = Callable[[str], Awaitable[Mapping[str, Any]]]


class NotStored(RuntimeError):
    """The message could not be written down, and nothing was said that the patient must hear regardless."""


class Collector(OutputChannel):
    """Collects what the bot says during one turn, complete with buttons and metadata."""

    def __init__(self, channel: str) -> None:
        self._channel = channel
        self.says: list[dict[str, Any]] = []
        self.danger = asyncio.Event()  # set once advice in danger was given

    def name(self) -> str:  # type: ignore[override]  # Rasa asks the instance; conditions on a channel use it
        return self._channel

    async def send_response(self, recipient_id: str, message: dict[str, Any]) -> None:
        """Keep one message of the bot; one without words and buttons says nothing."""
        metadata = {"kind": "smalltalk", **(message.get("metadata") or {})}
        buttons = [{"title": b.get("title", ""), "payload": b.get("payload", "")} for b in message.get("buttons") or []]
        if message.get("text") or buttons:
            self.says.append({"text": message.get("text") or "", "buttons": buttons, "metadata": metadata})
            if metadata["kind"] in DANGER:
                self.danger.set()


@dataclass
class Turns:
    """Answers messages of one channel. `shared` says that other processes may work on the same conversations, `others`
    that they work on other conversations of this channel."""

    channel: str
    ask: Ask
    records: Records
    apology: Apology
    clock: Callable[[], datetime]
    shared: bool = False
    turn_seconds: float = TURN_SECONDS
    store_seconds: float = STORE_SECONDS
    understand: Understand | None = None
    others: bool = False
    _running: dict[tuple[str, str], asyncio.Task[list[Said]]] = field(default_factory=dict)
    _queues: Queues = field(default_factory=Queues)

    def __post_init__(self) -> None:
        self._started = self.clock()

    async def greet(self, conversation_id: str, opening: str) -> None:
        """Let the bot speak first: Rasa gets the payload `opening`, its reply becomes the start of the transcript."""
        says, _ = await self._say(conversation_id, opening, None)
        says = says or [await self._apologise(conversation_id)]
        await asyncio.to_thread(self.records.opening, conversation_id, says, self.clock())

    async def answer(self, conversation_id: str, message: Incoming) -> list[Said]:
        """What is said to a message. Raises Problem (a payload nobody offered), UnknownConversation, NotStored."""
        key = (conversation_id, message.id)
        task = self._running.get(key)
        if task is None:
            task = self._running[key] = asyncio.create_task(self._in_order(conversation_id, message))
            task.add_done_callback(lambda done: self._ended(key, done))
        return await asyncio.shield(task)  # a patient who goes away does not stop the turn

    def _ended(self, key: tuple[str, str], task: asyncio.Task[list[Said]]) -> None:
        self._running.pop(key, None)
        if not task.cancelled():
            task.exception()  # taken, so that nothing is printed when the patient had gone away

    async def finish(self, seconds: float) -> None:
        """Wait for the turns under way, at most so long: the server is going to stop."""
        if self._running:
            await asyncio.wait(list(self._running.values()), timeout=seconds)

    async def _in_order(self, conversation_id: str, message: Incoming) -> list[Said]:
        async with self._queues.place(conversation_id):
            try:
                turn = await inline.run(  # its thread may be kept by another's work
                    self.records.accept, conversation_id, message, self.clock(), seconds=self.store_seconds
                )
            except (UnknownConversation, Problem):
                raise
            except Exception as error:  # whatever keeps the store from writing must not keep advice from the patient
                return await self._without_store(conversation_id, message, error)
            if turn.repeated and (told := await self._told_before(turn)) is not None:
                return told
            with logs.about(turn.pseudonym):
                return await self._work(turn)

    def given_up_before(self, now: datetime) -> datetime:
        """Nobody works any more on a message accepted before this moment and not answered."""
        too_long_ago = now - timedelta(seconds=self.turn_seconds)
        return too_long_ago if self.shared else max(self._started, too_long_ago)

    def left_before(self, now: datetime) -> datetime:
        """The same for the messages of all conversations, those that other processes are working on among them."""
        return now - timedelta(seconds=self.turn_seconds) if self.others else self.given_up_before(now)

    async def _told_before(self, turn: Turn) -> list[Said] | None:
        """The first answer of a repeated message; None when whoever worked on it is gone."""
        while True:
            told = await asyncio.to_thread(self.records.answer_to, turn)
            if told is not None:
                return told
            if turn.accepted_at < self.given_up_before(self.clock()):
                return None
            await asyncio.sleep(POLL_SECONDS)

    async def _work(self, turn: Turn) -> list[Said]:
        parse = await self._understood(turn.rasa_text)
        collector, heard = Collector(self.channel), kept(parse)
        ending, told = self.records.with_the_save(turn, collector.says, self.clock, heard)
        said = await self._say(
            turn.conversation_id, turn.rasa_text, turn.message_id, turn.repeated, parse, collector, ending
        )
        if not ending.written:
            return await self._recorded(turn, *said, heard)
        if any(say["metadata"].get("kind") in DANGER for say in collector.says):
            await asyncio.to_thread(self.records.tell_desk, turn, collector.says, self.clock(), "")
        return told

    async def _recorded(
        self, turn: Turn, says: list[dict[str, Any]], error: str | None, heard: Mapping[str, Any] | None
    ) -> list[Said]:
        """Record an answer that was not recorded with Rasa's save: none, a failed one, the end of a conversation …"""
        if not says and error is None and await asyncio.to_thread(self.records.belongs_to_person, turn.conversation_id):
            return await inline.run(self.records.answered, turn, [], self.clock(), "", heard)
        failed = ""
        if error is not None or not says:
            failed = error or "NothingSaid"
            says = [*says, *await self._rest(turn, says)]
        try:
            return await inline.run(self.records.answered, turn, says, self.clock(), failed, heard)
        except Exception as failure:  # the answer itself still reaches the patient
            log_error("an answer could not be stored", failure)
            return unstored(says)

    async def _without_store(self, conversation_id: str, message: Incoming, error: Exception) -> list[Said]:
        """The store is away: the patient hears the bot only if there is danger, else that nothing was kept.

        A turn does more than to speak: a yes would book a visit of which the patient hears that nothing was kept, and
        again when the page sends it again. So Rasa hears nothing in which it was not understood beforehand that there
        is danger. What the bot offered cannot be looked up now: of payloads it hears only the bare one that reports it.
        """
        log_error("a message could not be stored", error)
        text = message.payload or message.text
        if not await self._warns_of_danger(text):
            raise NotStored from error
        heard = Collector(self.channel)
        saying = asyncio.create_task(self._say(conversation_id, text, None, collector=heard))
        in_danger = asyncio.create_task(heard.danger.wait())
        await asyncio.wait((saying, in_danger), return_when=asyncio.FIRST_COMPLETED)  # what follows advice may hang too
        in_danger.cancel()
        if not heard.danger.is_set():
            raise NotStored from error
        return unstored([*heard.says, await self._apologise(conversation_id)])

    async def _warns_of_danger(self, text: str) -> bool:
        if text.startswith("/"):
            return text == REPORT
        return bool((await self._understood(text) or {}).get("danger"))

    async def _understood(self, text: str) -> Mapping[str, Any] | None:
        """The parse that Rasa is then handed; None leaves the parsing to Rasa."""
        if self.understand is None:
            return None
        try:
            return await self.understand(text)
        except Exception as error:  # Rasa tries itself, and its failure is told to the patient
            log_error("a message was not understood beforehand", error)
            return None

    async def _say(  # noqa: PLR0913, PLR0917 - what a message of Rasa's needs
        self,
        conversation_id: str,
        text: str,
        message_id: str | None,
        again: bool = False,
        parse: Mapping[str, Any] | None = None,
        collector: Collector | None = None,
        ending: Ending | None = None,
    ) -> tuple[list[dict[str, Any]], str | None]:
        """What Rasa says, and the name of the error that ended the turn early."""
        heard = collector or Collector(self.channel)
        ENDING.set(ending)  # seen by this task and those it starts
        message = UserMessage(
            text,
            heard,
            conversation_id,
            input_channel=self.channel,
            message_id=message_id,
            parse_data=dict(parse) if parse else None,
            metadata={AGAIN: True} if again else None,
        )
        try:
            await asyncio.wait_for(self.ask(message), self.turn_seconds)
        except Exception as error:
            log_error("a turn failed", error)
            return heard.says, type(error).__name__
        return heard.says, None

    async def _rest(self, turn: Turn, says: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """What a patient still has to hear of a turn that broke off: that a visit it had stored is with the clinic,
        unless that was said before; else the apology."""
        reference = await self._asked_for(turn)
        if reference is None:
            return [await self._apologise(turn.conversation_id)]
        if any(say["metadata"].get("reference") == reference for say in says):
            return []
        text = words()["asked_for"].format(reference=reference)
        return [{"text": text, "buttons": [], "metadata": {"kind": "confirmation", "reference": reference}}]

    async def _asked_for(self, turn: Turn) -> str | None:
        with suppress(Exception):  # the store may be what is away
            return await asyncio.to_thread(self.records.asked_for, turn)
        return None

    async def _apologise(self, conversation_id: str) -> dict[str, Any]:
        say = dict(await self.apology(conversation_id))
        return {**say, "metadata": {"kind": "fallback", **(say.get("metadata") or {})}}


def log_error(what: str, error: BaseException) -> None:
    """Class and place only, of the error and of what caused it: an error's message may quote what a patient wrote."""
    log.error("%s: %s", what, " from ".join(f"{type(one).__name__} at {_place(one)}" for one in _causes(error)))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and its causes, outermost first. Rasa wraps whatever a graph component raises."""
    one: BaseException | None = error
    while one is not None:
        yield one
        one = one.__cause__


def _place(error: BaseException) -> str:
    frames: Sequence[traceback.FrameSummary] = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "?"
