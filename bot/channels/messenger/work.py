"""What each event of the queue asks for: a turn with Rasa, a reply to what is no text, silence while a person answers.

Each handler may run again for the same event (a crash, a retry): it finds its own traces and does nothing twice.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from bot.channels.incoming import Incoming, clean
from bot.channels.messenger.delivery import Delivery
from bot.channels.messenger.disclosure import Reason, due_disclosure
from bot.channels.messenger.edits import is_open_to_edit
from bot.channels.messenger.graph import GraphError
from bot.channels.messenger.moves import Moves
from bot.channels.messenger.render import asked_page, next_page
from bot.channels.messenger.routing import Routing
from bot.channels.messenger.words import MOVE, OPENING, Button, Words
from bot.channels.records import Records
from bot.problems import Problem
from bot.store import conversations, desk_ownership, desk_queue, feedback, messenger
from bot.store.engine import Sessions, reading, unit_of_work
from bot.store.messenger import CLIENT_ID, Link

log = logging.getLogger(__name__)

JUST_NOW = 3  # lines of the transcript
SINCE_EDITED = 40  # lines looked through for a message that was changed
LONGEST = 4000  # characters of a message that are read
TOLD_WITH_TEXT = ("voice", "image", "video", "file", "location")  # attachments worth a word beside an answered text

Body = Mapping[str, Any]
Said = dict[str, Any]
HearsDanger = Callable[[str], Awaitable[bool]]


class Answers(Protocol):
    """How a turn is run: bot.channels.turns.Turns."""

    async def answer(self, conversation_id: str, message: Incoming) -> list[Said]: ...

    async def greet(self, conversation_id: str, opening: str) -> None: ...


@dataclass
class Work:
    """Works off events of one page. `hears_danger` says of a text whether it names a danger sign."""

    sessions: Sessions
    records: Records
    turns: Answers
    delivery: Delivery
    routing: Routing
    moves: Moves
    words: Words
    page_id: str
    hears_danger: HearsDanger
    clock: Callable[[], datetime]
    _shows: set[asyncio.Task[None]] = field(default_factory=set)

    async def run(self, kind: str, sent_at: datetime, body: Body) -> None:
        """Do what one event asks for. What is to be sent stands in the transcript afterwards, due for delivery."""
        if kind in ("message", "postback", "edit"):
            body = {**body, "sent_at": sent_at}
            link, with_person = await asyncio.to_thread(self._arrived, str(body["psid"]), sent_at, body)
            await self._message(link, kind, body, with_person)
            return
        link = await asyncio.to_thread(self._link, str(body["psid"]))
        if kind == "unsend":
            await asyncio.to_thread(self._unsend, link, body)
        elif kind == "reaction":
            await asyncio.to_thread(self._reaction, link, body)
        elif kind == "inbox_echo":
            await asyncio.to_thread(self.routing.person_answers, link, self._line(body))
        else:
            await self.routing.control_changed(link, kind, body)

    async def _message(self, link: Link, kind: str, body: Body, with_person: bool) -> None:
        message = self._incoming(kind, body)
        if with_person:
            if not await self._is_danger(message):
                await asyncio.to_thread(self._keep, link, message, self._line(body), [])
                return
            await self._turned(link, message, body)  # of what it says, only the advice is kept
            return
        self._show(link.psid)
        if message.payload == OPENING:
            await self.turns.greet(link.conversation_id, OPENING)
            await asyncio.to_thread(self._disclosed, link)
            return
        if self._why_disclose(link) is not None and await self._is_danger(message):
            await self._answer(link, message, body)  # advice comes first
        await asyncio.to_thread(self._disclose, link)
        if kind == "edit":
            if not await asyncio.to_thread(self._is_open_to_edit, link, body):
                await self._late_edit(link, message, body)
                return
            await asyncio.to_thread(self._preface, link, self.words.replies["edited"].say)
        if not await self._own_business(link, message, body):
            await self._answer(link, message, body)

    async def _late_edit(self, link: Link, message: Incoming, body: Body) -> None:
        """A changed message that is no answer to what was asked since: only danger in it is heard."""
        if await self._is_danger(message):
            await self._answer(link, message, body)
            return
        says = [_say(self.words.replies["edited_late"].say, kind="smalltalk")]
        await asyncio.to_thread(self._keep, link, message, self.words.replies["edited_late"].row, says)

    async def _own_business(self, link: Link, message: Incoming, body: Body) -> bool:
        """What the channel answers itself: further pages of a list, codes for another channel."""
        page = asked_page(message.payload)
        if page is not None:
            await self._page(link, body, *page)
            return True
        if message.payload == MOVE or self.moves.concerns(message.text):
            return await asyncio.to_thread(self.moves.reply, link, message)
        return False

    async def _answer(self, link: Link, message: Incoming, body: Body) -> None:
        media = [str(one) for one in body.get("media") or []]
        if not message.text and not message.payload:
            reply = self.words.replies[media[0] if media else "other"]
            says = [_say(reply.say, reply.buttons)]
            await asyncio.to_thread(self._keep, link, message, reply.row, says)
            return
        await self._turned(link, message, body)
        beside = next((one for one in media if one in TOLD_WITH_TEXT), None)
        if beside is not None:
            await asyncio.to_thread(self._preface, link, self.words.replies[beside].say)

    async def _turned(self, link: Link, message: Incoming, body: Body) -> None:
        said = await self._turn(link, message, str(body.get("text") or ""))
        await self._send_unstored(link, body, said)

    async def _turn(self, link: Link, message: Incoming, title: str) -> list[Said]:
        """The turn. A button so old that the bot no longer knows it counts as the words on it."""
        try:
            return await self.turns.answer(link.conversation_id, message)
        except Problem:
            text = clean(title)[:LONGEST] or self.words.replies["other"].row
            return await self.turns.answer(link.conversation_id, Incoming(message.id, text=text))

    async def _send_unstored(self, link: Link, body: Body, said: list[Said]) -> None:
        """Lines that are in no transcript cannot be due: they go now, as well as they can."""
        known = await asyncio.to_thread(self._stored, said)
        try:
            await self.delivery.send_unstored(
                link.psid, body["sent_at"], [one for one in said if one["id"] not in known]
            )
        except GraphError as error:
            log.error("an unstored line could not be sent: %s", error)

    async def _page(self, link: Link, body: Body, message_id: str, page: int) -> None:
        buttons = await asyncio.to_thread(self._buttons, link, message_id)
        payload = next_page(message_id, buttons, page, self.words.paging)
        if payload is not None:
            await self.delivery.send_payload(link.psid, body["sent_at"], payload)

    async def _is_danger(self, message: Incoming) -> bool:
        if message.payload:
            return message.payload.startswith(("/report_emergency", "/report_urgent"))
        return bool(message.text) and await self.hears_danger(message.text)

    def _is_open_to_edit(self, link: Link, body: Body) -> bool:
        with reading(self.sessions) as session:
            rows = conversations.last_messages(session, link.conversation_id, SINCE_EDITED)
            return is_open_to_edit(rows, _client_id(body), _edit_id(body))

    def _incoming(self, kind: str, body: Body) -> Incoming:
        identity = _edit_id(body) if kind == "edit" else _client_id(body)
        payload = str(body.get("payload") or "")
        if payload:
            return Incoming(identity, payload=payload)
        return Incoming(identity, text=clean(str(body.get("text") or ""))[:LONGEST])

    def _show(self, psid: str) -> None:
        """That the message was seen and an answer is coming, while the turn runs; nobody waits for it."""
        task = asyncio.create_task(self._typing(psid))
        self._shows.add(task)
        task.add_done_callback(self._shows.discard)

    async def _typing(self, psid: str) -> None:
        try:
            await self.delivery.graph.act(psid, "mark_seen")
            await self.delivery.graph.act(psid, "typing_on")
        except GraphError as error:
            log.debug("no typing indicator: %s", error)

    def _link(self, psid: str) -> Link:
        with unit_of_work(self.sessions) as session:
            link = messenger.find_or_open(session, self.page_id, psid, self.clock())
            session.commit()
        return link

    def _arrived(self, psid: str, at: datetime, body: Body) -> tuple[Link, bool]:
        """Note that somebody wrote; returns their link as it was before, and whether a person answers them."""
        with unit_of_work(self.sessions) as session:
            link = messenger.find_or_open(session, self.page_id, psid, self.clock())
            messenger.wrote(session, link.person_index, at)
            owner = conversations.get_conversation(session, link.conversation_id).owner
            session.commit()
        if body.get("standby"):
            self.routing.person_answers(link)
        return link, owner == "person" or bool(body.get("standby"))

    def _why_disclose(self, link: Link) -> Reason | None:
        gap = timedelta(hours=self.words.disclosure.gap_hours)
        return due_disclosure(link.disclosed_at, link.last_wrote_at, self.clock(), gap)

    def _disclose(self, link: Link) -> None:
        """Say that a machine answers, when that is due."""
        now, reason = self.clock(), self._why_disclose(link)
        if reason is None:
            return
        text = self.words.disclosure.start if reason == "start" else self.words.disclosure.gap
        with unit_of_work(self.sessions) as session:
            if desk_ownership.say_if_free(session, link.conversation_id, _say(text, kind="smalltalk"), now):
                messenger.disclosed(session, link.person_index, now)
            session.commit()

    def _disclosed(self, link: Link) -> None:
        with unit_of_work(self.sessions) as session:
            messenger.disclosed(session, link.person_index, self.clock())
            session.commit()

    def _keep(self, link: Link, message: Incoming, row: str, says: Sequence[Said]) -> None:
        """Write a message down with an answer that needs no Rasa; none when a person answers. `row` stands for what has
        no words of its own."""
        named = message if message.text or message.payload else Incoming(message.id, text=row)
        try:
            turn = self.records.accept(link.conversation_id, named, self.clock())
        except Problem:
            turn = self.records.accept(link.conversation_id, Incoming(message.id, text=row), self.clock())
        self.records.answered(turn, says, self.clock(), "")

    def _preface(self, link: Link, text: str) -> None:
        """Say something beside an answer."""
        with unit_of_work(self.sessions) as session:
            self._say_once(session, link, _say(text, kind="smalltalk"))
            session.commit()

    def _say_once(self, session: Any, link: Link, say: Said) -> None:
        """Say something, unless a person has the chat or it was said just now: by an attempt that broke off, or about
        the picture before."""
        rows = conversations.last_messages(session, link.conversation_id, JUST_NOW)
        if not any(row.sender == "bot" and row.text == say["text"] for row in rows):
            desk_ownership.say_if_free(session, link.conversation_id, say, self.clock())

    def _unsend(self, link: Link, body: Body) -> None:
        client_id, reply, now = _client_id(body), self.words.replies["withdrawn"], self.clock()
        with unit_of_work(self.sessions) as session:
            known = messenger.take_back(session, link.conversation_id, client_id, reply.row)
            if not known:
                messenger.withdrawn_before_read(session, link.conversation_id, client_id, reply.row, now)
            else:
                self._say_once(session, link, _say(reply.say))
            session.commit()

    def _reaction(self, link: Link, body: Body) -> None:
        """A thumb under one of our lines is feedback; a bad one is answered with an offer."""
        now, mood = self.clock(), body["mood"]
        with unit_of_work(self.sessions) as session:
            line = messenger.message_sent_as(session, link.conversation_id, body["mid"])
            if line is None:
                return
            feedback.give(session, link.conversation_id, line, thumb=mood, now=now)
            if mood == "down":
                desk_queue.question_from_thumb(session, line, None, now)
                self._say_once(session, link, _say(self.words.thumb_down, self.words.thumb_down_buttons))
            session.commit()

    def _line(self, body: Body) -> str:
        media = [str(one) for one in body.get("media") or []]
        return clean(str(body.get("text") or ""))[:LONGEST] or self.words.replies[media[0] if media else "other"].row

    def _stored(self, said: list[Said]) -> set[str]:
        with reading(self.sessions) as session:
            return messenger.stored(session, [str(one["id"]) for one in said])

    def _buttons(self, link: Link, message_id: str) -> list[dict[str, str]]:
        with reading(self.sessions) as session:
            rows = conversations.last_messages(session, link.conversation_id)
            return next((list(row.buttons) for row in rows if row.id == message_id), [])


def _client_id(body: Body) -> str:
    """What a message is called in the transcript."""
    return f"{CLIENT_ID}{body['mid'][:52]}"


def _edit_id(body: Body) -> str:
    """What an edit of it is called there."""
    return f"{_client_id(body)}e{body['number']}"


def _say(text: str, buttons: Sequence[Button] = (), kind: str = "fallback") -> Said:
    return {"text": text, "buttons": [one.model_dump() for one in buttons], "metadata": {"kind": kind}}
