"""Who has the conversation: thread control at Meta follows the desk, and the desk follows Meta's inbox.

Conversation routing, the successor of the handover protocol, keeps its calls and events:
https://developers.facebook.com/docs/messenger-platform/conversation-routing
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.channels.messenger.graph import Graph, GraphError
from bot.channels.messenger.settings import INBOX_APP_ID
from bot.channels.messenger.words import Words
from bot.store import conversations, desk_held, desk_ownership, messenger
from bot.store.engine import Sessions, unit_of_work
from bot.store.messenger import Link
from bot.store.terms import Owner

log = logging.getLogger(__name__)

BOTS: tuple[Owner, ...] = ("bot", "waiting", "returned")


@dataclass
class Routing:
    """Moves conversations between bot, desk and Meta's inbox. `graph.settings.handover` says where people answer."""

    sessions: Sessions
    graph: Graph
    words: Words
    clock: Callable[[], datetime]

    async def follow_desk(self, person_index: str, with_person: bool) -> None:
        """The desk took a conversation over or gave it back: thread control follows."""
        link = await asyncio.to_thread(self._noted, person_index, with_person)
        if link is None:
            return
        if with_person and self.graph.settings.handover == "inbox":
            await self._try("pass", self.graph.pass_thread(link.psid, INBOX_APP_ID))
        elif with_person or self.graph.settings.handover == "inbox":
            await self._try("take", self.graph.take_thread(link.psid))

    async def control_changed(self, link: Link, kind: str, data: Mapping[str, Any]) -> None:
        """Meta says that thread control moved, or that somebody asks for it."""
        if kind == "request_thread_control":
            if data.get("app") == INBOX_APP_ID:
                await asyncio.to_thread(self.person_answers, link)
                await self._try("pass", self.graph.pass_thread(link.psid, INBOX_APP_ID))
        elif data.get("ours"):
            if kind == "pass_thread_control":  # what our own app takes, it takes for the desk or for advice in danger
                await asyncio.to_thread(self._bot_again, link)
        elif kind == "take_thread_control" or data.get("app"):
            await asyncio.to_thread(self.person_answers, link)

    def person_answers(self, link: Link, line: str | None = None) -> None:
        """A person answers outside our desk: the bot falls silent. `line` is what they wrote in Meta's inbox."""
        with unit_of_work(self.sessions) as session:
            conversations.set_owner(session, link.conversation_id, "person", expected=BOTS)
            messenger.note_hands(session, link.person_index, True)
            if line is not None:
                conversations.add_staff_message(session, link.conversation_id, messenger.PAGE_INBOX, line, self.clock())
                desk_held.answered_elsewhere(session, link.conversation_id, self.clock())
            session.commit()

    def _bot_again(self, link: Link) -> None:
        """Meta's inbox was left ("Done"): the next round sees the change and announces it. Whoever has taken the chat
        over at our desk keeps it."""
        with unit_of_work(self.sessions) as session:
            desk_ownership.left_elsewhere(session, link.conversation_id, self.clock())
            session.commit()

    def _noted(self, person_index: str, with_person: bool) -> Link | None:
        now = self.clock()
        with unit_of_work(self.sessions) as session:
            link = messenger.find(session, person_index)
            if link is None or not messenger.note_hands(session, person_index, with_person):
                return None
            if not with_person and not desk_ownership.was_announced(session, link.conversation_id):
                say = {"text": self.words.disclosure.returned, "metadata": {"kind": "smalltalk"}}
                desk_ownership.say_if_free(session, link.conversation_id, say, now)
            if not with_person:
                messenger.disclosed(session, person_index, now)
            session.commit()
        return link

    async def _try(self, what: str, call: Any) -> None:
        """Control is a courtesy to other apps: when Meta refuses it (nobody else is connected), all goes on."""
        try:
            await call
        except GraphError as error:
            log.warning("thread control (%s): %s", what, error)
