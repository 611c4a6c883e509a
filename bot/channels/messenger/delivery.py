"""Sends what is due: every line of bot and staff, in order, inside Meta's window, each part once if one can know.

What Meta cannot take now stays due; what it never will is marked, and the desk is told. So it is of an expired token or
a lost permission.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from bot.channels.messenger.events import hashed
from bot.channels.messenger.graph import Graph, GraphError
from bot.channels.messenger.render import Payload, render
from bot.channels.messenger.settings import INBOX_APP_ID
from bot.channels.messenger.words import Words
from bot.channels.records import DANGER
from bot.clinic.window import Author, Verdict, may_write
from bot.store import triage
from bot.store.engine import Sessions, reading, unit_of_work
from bot.store.messenger import Due, Link, due, find, note_delivery, taught_by
from bot.store.messenger_models import DeliveryState

log = logging.getLogger(__name__)

TOKEN_PAUSE = 300.0  # seconds until a call with a refused token, or without a permission, is tried again
PASSING_PAUSE = 30.0
OF_THE_PAGE = ("token", "permission")  # troubles of every patient's, which somebody has to mend
ALERTED = {
    "token": "Messenger refuses the page's token: nothing reaches patients. Make a new one and restart.",
    "permission": "Messenger says that the app lacks a permission (pages_messaging; after 24 hours Human Agent). "
    "What it refuses waits until the permission is back.",
    "refused": "Messenger refused this message.",
    "gone": "Messenger cannot reach this patient any more.",
    "control": "Another app has this conversation on Messenger; nothing can be sent from here.",
    "outside_7_days": "More than seven days after the patient's last message nothing can be sent on Messenger.",
}


class Later(RuntimeError):
    """Nothing more can be sent to this person for so many seconds; what is due stays due."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"again in {seconds:.0f} s")
        self.seconds = seconds


@dataclass
class Delivery:
    """Sends lines of the transcript to people of one page."""

    sessions: Sessions
    graph: Graph
    words: Words
    clock: Callable[[], datetime]
    public_url: str = ""
    _rests: dict[str, datetime] = field(default_factory=dict)

    def resting(self) -> set[str]:
        """The people to whom nothing but advice in danger is sent for now, because Meta took nothing just before."""
        now = self.clock()
        self._rests = {person: until for person, until in self._rests.items() if until > now}
        return set(self._rests)

    async def send_due(self, person_index: str) -> None:
        """Send what is due to one person, advice in danger first, then the oldest. What Meta cannot take stays due."""
        link, lines = await asyncio.to_thread(self._due, person_index)
        if link is None:
            return
        rests = person_index in self.resting()
        for line in sorted(lines, key=lambda one: one.kind not in DANGER):
            if rests and line.kind not in DANGER:
                return
            try:
                await self._line(link, line)
            except Later as later:
                self._rests[person_index] = self.clock() + timedelta(seconds=later.seconds)
                return

    async def send_unstored(self, psid: str, wrote_at: datetime, says: list[dict[str, Any]]) -> None:
        """Send lines that are in no transcript (it was just erased, or the store is away) to who wrote at this moment;
        raises GraphError."""
        for say in says:
            danger = (say.get("metadata") or {}).get("kind") in DANGER
            text = self._marked(say["text"], taught_by(say.get("metadata") or {}))
            for payload in render(str(say.get("id", "")), text, say.get("buttons") or [], self.words.paging):
                await self.send_payload(psid, wrote_at, payload, danger)

    async def send_payload(self, psid: str, wrote_at: datetime, payload: Payload, danger: bool = False) -> None:
        """Send one message that is no line of its own, such as a further page of a list; raises GraphError. Outside the
        window it is dropped: who asked for it did so more than a day ago."""
        verdict = may_write("bot", wrote_at, self.clock())
        if verdict.allowed:
            await self._hand(psid, payload, "bot", verdict, danger)
        else:
            log.warning("an unstored line came too late for Messenger's window")

    async def _line(self, link: Link, line: Due) -> None:
        if line.good_until is not None and self.clock() >= line.good_until:
            await asyncio.to_thread(self._note, link, line, "refused", "too_late")
            return
        verdict = may_write(line.author, link.last_wrote_at, self.clock())
        if verdict.allowed:
            await self._send(link, line, verdict)
        else:
            await self._not_now(link, line, verdict)

    async def _send(self, link: Link, line: Due, verdict: Verdict) -> None:
        payloads = render(line.message_id, self._text(line), line.buttons, self.words.paging)
        for number, payload in enumerate(payloads[line.parts :], start=line.parts + 1):
            try:
                mid = await self._hand(link.psid, payload, line.author, verdict, line.kind in DANGER)
            except GraphError as error:
                await self._failed(link, line, error)
                return
            state: DeliveryState = "sent" if number == len(payloads) else "sending"
            mid_hash = hashed(mid) if mid else None
            await asyncio.to_thread(self._note, link, line, state, None, parts=number, mid_hash=mid_hash)

    async def _hand(self, psid: str, payload: Payload, author: Author, verdict: Verdict, danger: bool) -> str:
        """Send one part. Advice in danger does not wait for whichever app has the thread: it takes the thread."""
        send = partial(self.graph.send, psid, payload, author, verdict.messaging_type, verdict.tag, urgent=danger)
        try:
            return await send()
        except GraphError as error:
            if error.trouble != "control" or not danger:
                raise
        await self.graph.take_thread(psid, urgent=True)
        mid = await send()
        if self.graph.settings.handover == "inbox":
            await self._give_back(psid)
        return mid

    async def _give_back(self, psid: str) -> None:
        """Who answered in Meta's inbox goes on there; the advice is out, whether or not Meta does this."""
        try:
            await self.graph.pass_thread(psid, INBOX_APP_ID)
        except GraphError as error:
            log.warning("thread control (pass): %s", error)

    def _text(self, line: Due) -> str:
        """The line, whose answer it is, and the link to a visit's calendar file where that can be reached."""
        text = self._marked(line.text, line.taught)
        if not (line.calendar and self.public_url):
            return text
        return f"{text}\n{self.words.calendar.replace('{link}', self.public_url + line.calendar)}"

    def _marked(self, text: str, taught: tuple[str, date] | None) -> str:
        """An answer that the clinic's people wrote, with the line that says so."""
        if taught is None:
            return text
        author, day = taught
        said = self.words.clinic_answer.replace("{date}", f"{day.day} {day:%b %Y}").replace("{author}", author)
        return f"{text}\n{said}"

    async def _not_now(self, link: Link, line: Due, verdict: Verdict) -> None:
        state: DeliveryState = "waiting" if verdict.may_wait else "refused"
        await asyncio.to_thread(self._note, link, line, state, verdict.why)
        if state == "refused":
            await asyncio.to_thread(self._alert, link, line, verdict.why)

    async def _failed(self, link: Link, line: Due, error: GraphError) -> None:
        log.warning("a line could not be sent: %s", error)
        if error.passes:
            raise Later(error.retry_after or PASSING_PAUSE)
        if error.trouble in OF_THE_PAGE:
            await asyncio.to_thread(self._alert, link, line, error.trouble)
            raise Later(TOKEN_PAUSE)
        if error.trouble == "window":
            await asyncio.to_thread(self._note, link, line, "waiting", "outside_window")
            return
        await asyncio.to_thread(self._note, link, line, "refused", error.trouble)
        await asyncio.to_thread(self._alert, link, line, error.trouble)

    def _due(self, person_index: str) -> tuple[Link | None, list[Due]]:
        with reading(self.sessions) as session:
            link = find(session, person_index)
            return link, due(session, link.conversation_id) if link else []

    def _note(self, link: Link, line: Due, state: DeliveryState, reason: str | None, **more: Any) -> None:
        with unit_of_work(self.sessions) as session:
            note_delivery(
                session, link.conversation_id, line.message_id, state=state, reason=reason, now=self.clock(), **more
            )
            session.commit()

    def _alert(self, link: Link, line: Due, trouble: str) -> None:
        """Tell the desk in words. What concerns every patient is told once a day, not once a line."""
        now = self.clock()
        about = f"{now:%Y-%m-%d}" if trouble in OF_THE_PAGE else line.message_id
        with unit_of_work(self.sessions) as session:
            triage.add(
                session,
                kind="person",
                handoff_reason="part_failed",
                conversation_id=link.conversation_id,
                message_id=line.message_id,
                details={"part": "messenger", "trouble": trouble, "note": ALERTED.get(trouble, "")},
                key=f"messenger:{trouble}:{about}",
                now=now,
            )
            session.commit()
        log.error("Messenger: %s; the desk was told", trouble)
