"""What a channel writes into the store: the patient's message, the bot's answer, and what the desk must know of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.channels.incoming import Incoming, check_payload, checklist_title, is_public
from bot.channels.shapes import Said, shown, unstored
from bot.store import bookings, conversations, desk_held, desk_ownership, privacy, triage
from bot.store.conversations import Line
from bot.store.crypto import sealed
from bot.store.engine import Sessions, part_of, reading, transaction, unit_of_work
from bot.store.turns import Ending, Write, ending_for

log = logging.getLogger(__name__)

DANGER = ("emergency", "urgent")
NEWEST = 2, 6  # messages looked through first for the button that was pressed: people press what they see
HISTORY = 500  # messages shown of a conversation; buttons older than these are no longer accepted


@dataclass(frozen=True)
class Turn:
    """A patient's message, written down: what Rasa is told, and when it was first accepted."""

    conversation_id: str
    client_id: str
    message_id: str
    rasa_text: str
    accepted_at: datetime
    repeated: bool
    pseudonym: str = ""

    @property
    def id(self) -> str:
        """The message's id in the transcript."""
        return self.message_id


@dataclass(frozen=True)
class Records:
    """The transcript of one channel. `title` puts a bare intent into words for the transcript; `visit_record_days` is
    how long the law keeps a visit that took place when its patient is erased."""

    sessions: Sessions
    channel: str
    title: Callable[[str], str]
    visit_record_days: int = 0

    def open(self, now: datetime) -> str:
        """Start a conversation; returns its id."""
        with unit_of_work(self.sessions) as session:
            conversation_id = conversations.open_conversation(session, channel=self.channel, now=now).id
            session.commit()
        return conversation_id

    def opening(self, conversation_id: str, says: Sequence[Mapping[str, Any]], now: datetime) -> None:
        """Write down what the bot said before the patient said anything."""
        with unit_of_work(self.sessions) as session:
            for say in says:
                conversations.add_bot_message(session, conversation_id, say, now)
            session.commit()

    def history(self, conversation_id: str) -> list[Said]:
        """The conversation so far, oldest first; raises UnknownConversation."""
        with reading(self.sessions) as session:
            conversations.get_conversation(session, conversation_id)
            return [shown(row) for row in conversations.last_messages(session, conversation_id, HISTORY)]

    def accept(self, conversation_id: str, message: Incoming, now: datetime) -> Turn:
        """Write a message down once per client id. Raises UnknownConversation; Problem for a payload nobody offered."""
        text = sealed(message.text) if message.text else ""
        with transaction(self.sessions) as connection:
            text = text or self._title(connection, conversation_id, message.payload)
            accepted = conversations.accept_message(connection, conversation_id, message.id, text, now, message.payload)
        row = accepted.row
        rasa_text = str((row.meta or {}).get("payload") or row.text)
        return Turn(
            conversation_id, message.id, row.id, rasa_text, row.created_at, accepted.repeated, accepted.pseudonym
        )

    def answer_to(self, turn: Turn) -> list[Said] | None:
        """What was said to this message before; None while it has no answer."""
        with reading(self.sessions) as session:
            rows = conversations.find_answer(session, turn.conversation_id, turn.client_id)
            return None if rows is None else [shown(row) for row in rows]

    def left_over(self, before: datetime, since: datetime, limit: int) -> list[tuple[str, str]]:
        """(conversation, client id) of this channel's messages accepted between the two moments and not answered."""
        with reading(self.sessions) as session:
            rows = conversations.unanswered(session, before, limit, since=since, channel=self.channel)
            return [(row.conversation_id, row.client_id) for row in rows if row.client_id]

    def asked_for(self, turn: Turn) -> str | None:
        """The reference of the visit that this turn stored, whatever became of the turn afterwards."""
        with reading(self.sessions) as session:
            visits = bookings.of_conversation(session, turn.conversation_id)[:1]
            return next((one.reference for one in visits if one.created_at >= turn.accepted_at), None)

    def belongs_to_person(self, conversation_id: str) -> bool:
        """Whether a person answers this patient now, and the bot stays silent."""
        with reading(self.sessions) as session:
            return conversations.get_conversation(session, conversation_id).owner == "person"

    def answered(
        self,
        turn: Turn,
        says: Sequence[Mapping[str, Any]],
        now: datetime,
        failed: str,
        understood: Mapping[str, Any] | None = None,
    ) -> list[Said]:
        """Store a turn's answer in one transaction, then what the desk must know; that may fail without harm.

        Nothing is said when a person took the chat meanwhile; a danger told in that silence alerts the desk.
        A confirmation with `metadata.erase` ends the conversation: everything of it is removed instead.
        """
        if _erases(says):
            return self._erased(turn, says, now)
        lines = _lines(turn, says, now)
        with transaction(self.sessions) as connection:
            rows = self._record(connection, turn, lines, now, understood)
        self.tell_desk(turn, says, now, failed)
        return rows

    def with_the_save(
        self,
        turn: Turn,
        says: Sequence[Mapping[str, Any]],
        clock: Callable[[], datetime],
        understood: Mapping[str, Any] | None,
    ) -> tuple[Ending, list[Said]]:
        """What `answered` does, but in the transaction in which Rasa saves the turn; what was told is in the list then.

        `says` is filled until the save. An answer that ends the conversation, or says nothing, is not for it.
        """
        told: list[Said] = []

        def ready() -> Write | None:
            if not says or _erases(says):
                return None
            now = clock()
            lines = _lines(turn, says, now)
            parse = None if understood is None else sealed(dict(understood))

            def write(connection: Any) -> bool:
                told[:] = self._record(connection, turn, lines, now, parse)
                return True

            return write

        return ending_for(self.sessions, ready), told

    @staticmethod
    def _record(
        connection: Any,
        turn: Turn,
        lines: Sequence[Line],
        now: datetime,
        understood: Mapping[str, Any] | None,
    ) -> list[Said]:
        danger = [line for line in lines if line.kind in DANGER]
        rows = desk_ownership.record_reply_if_free(connection, turn, lines, now, understood, regardless=danger)
        if not rows:
            with part_of(connection) as session:
                row = conversations.find_message(session, turn.conversation_id, turn.client_id)
                desk_ownership.note_heard_in_silence(session, row, understood, now)
                desk_held.keep_in_sight(session, row, now)
        return [shown(row) for row in rows]

    def _erased(self, turn: Turn, says: Sequence[Mapping[str, Any]], now: datetime) -> list[Said]:
        with unit_of_work(self.sessions) as session:
            days = self.visit_record_days
            privacy.erase_conversation(session, turn.conversation_id, actor="patient", now=now, visit_record_days=days)
            session.commit()
        return unstored(says)

    def tell_desk(self, turn: Turn, says: Sequence[Mapping[str, Any]], now: datetime, failed: str) -> None:
        """Queue what the desk must know of an answer; that may fail without harm."""
        levels = [say["metadata"]["kind"] for say in says if say["metadata"].get("kind") in DANGER]
        try:
            if levels:
                self._queue(turn, now, "danger", "danger", {"level": levels[0]})
            if failed:
                self._queue(turn, now, "question", "part_failed", {"error": failed})
        except Exception as error:  # the patient has the answer; a desk that cannot be told must not take it back
            log.error("the desk could not be told: %s", type(error).__name__)

    def _queue(self, turn: Turn, now: datetime, kind: Any, reason: Any, details: Mapping[str, Any]) -> None:
        """Queue the message for a person, once; an action that queued the same danger already has used the same key."""
        with unit_of_work(self.sessions) as session:
            row = conversations.find_message(session, turn.conversation_id, turn.client_id)
            triage.add(
                session,
                kind=kind,
                handoff_reason=reason,
                conversation_id=turn.conversation_id,
                message_id=turn.message_id,
                question=row.text,
                details=details,
                key=f"{reason}:{turn.conversation_id}:{turn.message_id}",
                now=now,
            )
            session.commit()

    def _title(self, connection: Any, conversation_id: str, payload: str) -> str:
        """What the button said. It is looked for in the newest messages first."""
        for newest in (*NEWEST, HISTORY):
            rows = conversations.last_shown(connection, conversation_id, newest)
            offered = {str(b.get("payload")): str(b.get("title")) for buttons, _ in rows for b in buttons}
            if title := checklist_title(payload, [meta.get("checklist", ()) for _, meta in rows]):
                return title
            if payload in offered or is_public(payload):
                break
        check_payload(payload, offered)
        return offered.get(payload) or self.title(payload.removeprefix("/"))


def _lines(turn: Turn, says: Sequence[Mapping[str, Any]], now: datetime) -> list[Line]:
    return [conversations.line_of(turn.conversation_id, "bot", say, now) for say in says]


def _erases(says: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the answer ends the conversation and removes everything of it."""
    return any(say["metadata"].get("erase") for say in says)
