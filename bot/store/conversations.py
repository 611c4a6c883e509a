"""Conversations and their transcript. Every function works inside the caller's session and never commits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Connection, Integer, String, bindparam, insert, inspect, select, update
from sqlalchemy.orm import Session

from bot.store.columns import UtcDateTime, new_id
from bot.store.crypto import sealed
from bot.store.models import Conversation, Message
from bot.store.plain import Plain, Where, connection_of
from bot.store.pseudonyms import new_pseudonym
from bot.store.terms import Owner, Sender
from bot.store.writing import insert_once

# The statements of every turn.
_CHAT = Conversation.__table__.c
_LINE = Message.__table__.c
_FIND = select(Message).where(
    Message.conversation_id == bindparam("chat"), Message.client_id == bindparam("client", type_=String)
)
_KNOWN = Plain(
    select(_LINE.id).where(
        _LINE.conversation_id == bindparam("chat"), _LINE.client_id == bindparam("client", type_=String)
    )
)
_THERE = Plain(select(_CHAT.id).where(_CHAT.id == bindparam("chat")))
_TOUCH = Plain(
    update(Conversation.__table__)
    .where(_CHAT.id == bindparam("chat"))
    .values(last_message_at=bindparam("now", type_=UtcDateTime))
    .returning(_CHAT.owner, _CHAT.pseudonym)
)
_LOCK = Plain(select(_CHAT.owner, _CHAT.pseudonym).where(_CHAT.id == bindparam("chat")).with_for_update())
_MINE = update(Message.__table__).where(_LINE.id == bindparam("line"), _LINE.answered_at.is_(None))
_ANSWERED = Plain(_MINE.values(answered_at=bindparam("now", type_=UtcDateTime)))
_UNDERSTOOD = Plain(
    _MINE.values(
        answered_at=bindparam("now", type_=UtcDateTime),
        understood=bindparam("parse", type_=_LINE.understood.type),
        intent=bindparam("name", type_=String),
    )
)
_NAMES = [(one.key, one.columns[0].name) for one in inspect(Message).column_attrs if one.key != "position"]
_ADD = Plain(insert(Message.__table__).returning(_LINE.position), columns=[name for _, name in _NAMES])
_SHOWN = Plain(
    select(_LINE.buttons, _LINE.metadata)
    .where(_LINE.conversation_id == bindparam("chat"))
    .order_by(_LINE.position.desc())
    .limit(bindparam("limit", type_=Integer))
)

Say = Mapping[str, Any]
"""One thing to say: `text`, and if wanted `buttons` ([{title, payload}]) and `metadata` ({kind, topic, …})."""


class PatientLine(Protocol):
    """A patient's message, as far as an answer needs it."""

    @property
    def id(self) -> str: ...

    @property
    def conversation_id(self) -> str: ...


class UnknownConversation(LookupError):
    """There is no conversation with this id; the message names it."""


@dataclass(slots=True)
class Line:
    """A line of the transcript that has just been written: what `Message` has, without a session."""

    id: str
    conversation_id: str
    sender: Sender
    text: str
    created_at: datetime
    client_id: str | None = None
    buttons: list[dict[str, Any]] = field(default_factory=list)
    meta: dict[str, Any] = field(default_factory=dict)
    kind: str | None = None
    topic: str | None = None
    intent: str | None = None
    understood: dict[str, Any] | None = None
    answered_at: datetime | None = None
    reply_to: str | None = None
    author: str | None = None
    position: int = 0


@dataclass(frozen=True)
class Accepted:
    """A patient's message as stored. `repeated` says that this client id came before: answer again, do not act."""

    row: Message | Line
    repeated: bool
    pseudonym: str


class Locked(NamedTuple):
    """A conversation that is being written to: who owns it, and what staff call the patient."""

    owner: Owner
    pseudonym: str


def open_conversation(
    session: Session, *, channel: str, now: datetime, conversation_id: str | None = None, language: str = "en"
) -> Conversation:
    """A new conversation; with an id that exists already, that conversation, unchanged."""
    known = session.get(Conversation, conversation_id) if conversation_id else None
    if known is not None:
        return known
    wanted = conversation_id or new_id()
    row = insert_once(
        session,
        Conversation,
        ("id",),
        id=wanted,
        channel=channel,
        pseudonym=new_pseudonym(),
        language=language,
        created_at=now,
        last_message_at=now,
    )
    return row or get_conversation(session, wanted)


def ensure_conversation(session: Session, conversation_id: str, *, channel: str, now: datetime) -> None:
    """Open the conversation with this id unless it is there, as it nearly always is."""
    if _THERE.first(session.connection(), {"chat": conversation_id}) is None:
        open_conversation(session, channel=channel, now=now, conversation_id=conversation_id)


def get_conversation(session: Session, conversation_id: str) -> Conversation:
    """The conversation; raises UnknownConversation."""
    row = session.get(Conversation, conversation_id)
    if row is None:
        raise UnknownConversation(f"no conversation {conversation_id}")
    return row


def accept_message(  # noqa: PLR0913, PLR0917 - a message and what belongs to it
    where: Where, conversation_id: str, client_id: str | None, text: str, now: datetime, payload: str = ""
) -> Accepted:
    """Write a patient's message down once per client id, before anybody acts on it. Raises UnknownConversation.

    `payload` is that of the pressed button.
    """
    connection = connection_of(where)
    touched = touch(connection, conversation_id, now)  # nobody else writes into this conversation until the commit
    if client_id and _KNOWN.first(connection, {"chat": conversation_id, "client": client_id}) is not None:
        session = where if isinstance(where, Session) else Session(connection)
        return Accepted(find_message(session, conversation_id, client_id), True, touched.pseudonym)
    meta = {"payload": payload} if payload else {}
    line = Line(new_id(), conversation_id, "patient", text, now, client_id, meta=meta)
    return Accepted(_add(connection, line), False, touched.pseudonym)


def find_message(session: Session, conversation_id: str, client_id: str) -> Message:
    """The patient's message with this client id; raises LookupError."""
    row = _find_message(session, conversation_id, client_id)
    if row is None:
        raise LookupError(f"no message with this client id in conversation {conversation_id}")
    return row


def find_answer(session: Session, conversation_id: str, client_id: str) -> list[Message] | None:
    """What was said to a patient's message, in order; None while it is unknown or not answered yet."""
    row = _find_message(session, conversation_id, client_id)
    return None if row is None or row.answered_at is None else replies(session, row)


def replies(session: Session, patient_row: PatientLine) -> list[Message]:
    """The rows that answer a patient's message, in order."""
    return list(session.scalars(select(Message).where(Message.reply_to == patient_row.id).order_by(Message.position)))


def record_reply(
    where: Where,
    patient_row: PatientLine,
    says: Sequence[Say | Line],
    now: datetime,
    understood: Mapping[str, Any] | None = None,
) -> Sequence[Message | Line]:
    """Store what the bot said to a message and mark it answered; an answer that exists already stands and is returned.

    `says`, as words or as lines (`line_of`), may be empty (a person owns the chat). `understood` is the parse, for the
    desk; its intent stays plain.
    """
    locked(where, patient_row.conversation_id)
    return record_reply_under_lock(where, patient_row, says, now, understood)


def record_reply_under_lock(
    where: Where,
    patient_row: PatientLine,
    says: Sequence[Say | Line],
    now: datetime,
    understood: Mapping[str, Any] | None = None,
) -> Sequence[Message | Line]:
    """What `record_reply` does, for a caller that has locked the conversation in this transaction."""
    connection = connection_of(where)
    line: dict[str, Any] = {"line": patient_row.id, "now": now}
    mark = _ANSWERED
    if understood is not None:
        mark = _UNDERSTOOD
        line |= {"parse": understood, "name": (understood.get("intent") or {}).get("name")}
    if mark.run(connection, line) == 0:
        return replies(where if isinstance(where, Session) else Session(connection), patient_row)
    chat = patient_row.conversation_id
    lines = [say if isinstance(say, Line) else line_of(chat, "bot", say, now) for say in says]
    for one in lines:
        one.reply_to = patient_row.id
        _add(connection, one)
    return lines


def line_of(conversation_id: str, sender: Sender, say: Say, now: datetime) -> Line:
    """What is to be said as a line that can be written: enciphered already."""
    metadata = dict(say.get("metadata") or {})
    return Line(
        new_id(),
        conversation_id,
        sender,
        sealed(say.get("text") or ""),
        now,
        buttons=sealed(list(say.get("buttons") or [])),
        meta=sealed(metadata),
        kind=metadata.get("kind"),
        topic=metadata.get("topic"),
    )


def touch(where: Where, conversation_id: str, now: datetime) -> Locked:
    """Move the conversation's clock. Raises UnknownConversation.

    The row lock this takes lets messages of one conversation commit in order, and keeps the owner until the commit.
    """
    row = _TOUCH.first(connection_of(where), {"chat": conversation_id, "now": now})
    if row is None:
        raise UnknownConversation(f"no conversation {conversation_id}")
    return Locked(*row)


def locked(where: Where, conversation_id: str) -> Locked:
    """What `touch` does, with the clock left at the patient's message: an answer comes with it. On SQLite whoever
    writes has locked everything already."""
    row = _LOCK.first(connection_of(where), {"chat": conversation_id})
    if row is None:
        raise UnknownConversation(f"no conversation {conversation_id}")
    return Locked(*row)


def add_bot_message(session: Session, conversation_id: str, say: Say, now: datetime) -> Message:
    """Something the bot says unasked: a reminder, a confirmation, that it is back. Raises UnknownConversation."""
    touch(session, conversation_id, now)
    return _append(session, line_of(conversation_id, "bot", say, now))


def add_staff_message(  # noqa: PLR0913, PLR0917 - a row has this many fields
    session: Session,
    conversation_id: str,
    author: str,
    text: str,
    now: datetime,
    metadata: Mapping[str, Any] | None = None,
) -> Message:
    """A person's message to the patient; `author` is the staff user's id. Raises UnknownConversation."""
    touch(session, conversation_id, now)
    line = line_of(conversation_id, "staff", {"text": text, "metadata": dict(metadata or {})}, now)
    line.author = author
    return _append(session, line)


def transcript(session: Session, conversation_id: str, after: int = 0, limit: int = 200) -> list[Message]:
    """The messages after a position, oldest first, at most `limit`. Ask again with the last row's `position`."""
    wanted = select(Message).where(Message.conversation_id == conversation_id, Message.position > after)
    return list(session.scalars(wanted.order_by(Message.position).limit(limit)))


def last_messages(session: Session, conversation_id: str, limit: int = 200) -> list[Message]:
    """The newest messages of a conversation, oldest of them first."""
    wanted = select(Message).where(Message.conversation_id == conversation_id)
    return list(session.scalars(wanted.order_by(Message.position.desc()).limit(limit)))[::-1]


def last_shown(where: Where, conversation_id: str, limit: int) -> list[tuple[list[dict[str, str]], dict[str, Any]]]:
    """Buttons and metadata of the newest messages, oldest of them first."""
    rows = _SHOWN.all(connection_of(where), {"chat": conversation_id, "limit": limit})
    return [(list(buttons or ()), dict(meta or {})) for buttons, meta in reversed(rows)]


def offered_payloads(session: Session, conversation_id: str, last: int = 50) -> set[str]:
    """The payloads of the buttons in the conversation's last messages."""
    rows = last_messages(session, conversation_id, last)
    return {str(button.get("payload")) for row in rows for button in row.buttons if button.get("payload")}


def unanswered(
    session: Session, before: datetime, limit: int = 100, *, since: datetime | None = None, channel: str | None = None
) -> list[Message]:
    """Patients' messages accepted before a moment and not answered yet, oldest first: what a crash left behind."""
    wanted = select(Message).where(
        Message.sender == "patient", Message.answered_at.is_(None), Message.created_at < before
    )
    if since is not None:
        wanted = wanted.where(Message.created_at >= since)
    if channel is not None:
        wanted = wanted.join(Conversation).where(Conversation.channel == channel)
    return list(session.scalars(wanted.order_by(Message.created_at).limit(limit)))


def set_owner(
    session: Session, conversation_id: str, owner: Owner, *, expected: Iterable[Owner], assigned_to: str | None = None
) -> bool:
    """Hand a conversation over, if its owner still is one of `expected`; False when somebody was faster."""
    change = update(Conversation).where(Conversation.id == conversation_id, Conversation.owner.in_(list(expected)))
    done = session.execute(change.values(owner=owner, assigned_to=assigned_to))
    return bool(done.rowcount)  # type: ignore[attr-defined]


def _find_message(session: Session, conversation_id: str, client_id: str) -> Message | None:
    return session.scalar(_FIND, {"chat": conversation_id, "client": client_id})


def _add(connection: Connection, line: Line) -> Line:
    """Insert one line. One at a time, so that positions follow the order in which the lines were said."""
    row = _ADD.first(connection, {name: getattr(line, key) for key, name in _NAMES})
    assert row is not None
    line.position = row[0]
    return line


def _append(session: Session, line: Line) -> Message:
    """Insert a row that the session goes on with."""
    row = Message(**{key: getattr(line, key) for key, _ in _NAMES})
    session.add(row)
    session.flush()
    return row
