"""Conversations and their transcript. Every function works inside the caller's session and never commits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import String, bindparam, select, update
from sqlalchemy.orm import Session

from bot.store.columns import UtcDateTime, new_id
from bot.store.models import Conversation, Message
from bot.store.pseudonyms import new_pseudonym
from bot.store.terms import Owner, Sender
from bot.store.writing import insert_once

# Two statements of every turn, built once: SQLAlchemy then finds their compiled form without looking them over again.
_FIND = select(Message).where(
    Message.conversation_id == bindparam("chat"), Message.client_id == bindparam("client", type_=String)
)
_TOUCH = (
    update(Conversation.__table__)
    .where(Conversation.__table__.c.id == bindparam("chat"))
    .values(last_message_at=bindparam("now", type_=UtcDateTime))
)

Say = Mapping[str, Any]
"""One thing to say: `text`, and if wanted `buttons` ([{title, payload}]) and `metadata` ({kind, topic, …})."""


class UnknownConversation(LookupError):
    """There is no conversation with this id; the message names it."""


@dataclass(frozen=True)
class Accepted:
    """A patient's message as stored. `repeated` says that this client id came before: answer again, do not act."""

    row: Message
    repeated: bool


def open_conversation(
    session: Session, *, channel: str, now: datetime, conversation_id: str | None = None, language: str = "en"
) -> Conversation:
    """A new conversation; with an id that exists already, that conversation, unchanged."""
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


def get_conversation(session: Session, conversation_id: str) -> Conversation:
    """The conversation; raises UnknownConversation."""
    row = session.get(Conversation, conversation_id)
    if row is None:
        raise UnknownConversation(f"no conversation {conversation_id}")
    return row


def accept_message(session: Session, conversation_id: str, client_id: str | None, text: str, now: datetime) -> Accepted:
    """Write a patient's message down once per client id, before anybody acts on it. Raises UnknownConversation."""
    _touch(session, conversation_id, now)  # nobody else writes into this conversation until the commit
    found = _find_message(session, conversation_id, client_id) if client_id else None
    if found is not None:
        return Accepted(found, repeated=True)
    row = Message(
        id=new_id(),
        conversation_id=conversation_id,
        client_id=client_id,
        sender="patient",
        text=text,
        created_at=now,
    )
    return Accepted(_append(session, [row])[0], repeated=False)


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


def replies(session: Session, patient_row: Message) -> list[Message]:
    """The rows that answer a patient's message, in order."""
    return list(session.scalars(select(Message).where(Message.reply_to == patient_row.id).order_by(Message.position)))


def record_reply(
    session: Session,
    patient_row: Message,
    says: Sequence[Say],
    now: datetime,
    understood: Mapping[str, Any] | None = None,
) -> list[Message]:
    """Store what the bot said to a message and mark it answered; an answer that exists already stands and is returned.

    `says` may be empty (a person owns the chat). `understood` is the parse, for the desk; its intent stays plain.
    """
    _touch(session, patient_row.conversation_id, now)
    mine = update(Message).where(Message.id == patient_row.id, Message.answered_at.is_(None))
    values: dict[str, Any] = {"answered_at": now}
    if understood is not None:
        values |= {"understood": dict(understood), "intent": (understood.get("intent") or {}).get("name")}
    if session.execute(mine.values(**values)).rowcount == 0:  # type: ignore[attr-defined]
        return replies(session, patient_row)
    rows = [_said(patient_row.conversation_id, "bot", say, now, reply_to=patient_row.id) for say in says]
    return _append(session, rows)


def add_bot_message(session: Session, conversation_id: str, say: Say, now: datetime) -> Message:
    """Something the bot says unasked: a reminder, a confirmation, that it is back. Raises UnknownConversation."""
    _touch(session, conversation_id, now)
    return _append(session, [_said(conversation_id, "bot", say, now)])[0]


def add_staff_message(  # noqa: PLR0913, PLR0917 - a row has this many fields
    session: Session,
    conversation_id: str,
    author: str,
    text: str,
    now: datetime,
    metadata: Mapping[str, Any] | None = None,
) -> Message:
    """A person's message to the patient; `author` is the staff user's id. Raises UnknownConversation."""
    _touch(session, conversation_id, now)
    say = {"text": text, "metadata": dict(metadata or {})}
    return _append(session, [_said(conversation_id, "staff", say, now, author=author)])[0]


def transcript(session: Session, conversation_id: str, after: int = 0, limit: int = 200) -> list[Message]:
    """The messages after a position, oldest first, at most `limit`. Ask again with the last row's `position`."""
    wanted = select(Message).where(Message.conversation_id == conversation_id, Message.position > after)
    return list(session.scalars(wanted.order_by(Message.position).limit(limit)))


def last_messages(session: Session, conversation_id: str, limit: int = 200) -> list[Message]:
    """The newest messages of a conversation, oldest of them first."""
    wanted = select(Message).where(Message.conversation_id == conversation_id)
    return list(session.scalars(wanted.order_by(Message.position.desc()).limit(limit)))[::-1]


def offered_payloads(session: Session, conversation_id: str, last: int = 50) -> set[str]:
    """The payloads of the buttons in the conversation's last messages."""
    rows = last_messages(session, conversation_id, last)
    return {str(button.get("payload")) for row in rows for button in row.buttons if button.get("payload")}


def unanswered(session: Session, before: datetime, limit: int = 100) -> list[Message]:
    """Patients' messages accepted before a moment and not answered yet, oldest first: what a crash left behind."""
    wanted = select(Message).where(
        Message.sender == "patient", Message.answered_at.is_(None), Message.created_at < before
    )
    return list(session.scalars(wanted.order_by(Message.created_at).limit(limit)))


def set_owner(
    session: Session, conversation_id: str, owner: Owner, *, expected: Iterable[Owner], assigned_to: str | None = None
) -> bool:
    """Hand a conversation over, if its owner still is one of `expected`; False when somebody was faster."""
    change = update(Conversation).where(Conversation.id == conversation_id, Conversation.owner.in_(list(expected)))
    done = session.execute(change.values(owner=owner, assigned_to=assigned_to))
    return bool(done.rowcount)  # type: ignore[attr-defined]


def record_consent(session: Session, conversation_id: str, version: str, now: datetime) -> None:
    """Note which version of the privacy notice the patient agreed to. Raises UnknownConversation."""
    row = get_conversation(session, conversation_id)
    row.consent_version, row.consent_at = version, now


def _find_message(session: Session, conversation_id: str, client_id: str) -> Message | None:
    return session.scalar(_FIND, {"chat": conversation_id, "client": client_id})


def _touch(session: Session, conversation_id: str, now: datetime) -> None:
    """Move the conversation's clock. The row lock this takes lets messages of one conversation commit in order."""
    if session.connection().execute(_TOUCH, {"chat": conversation_id, "now": now}).rowcount == 0:
        raise UnknownConversation(f"no conversation {conversation_id}")


def _said(conversation_id: str, sender: Sender, say: Say, now: datetime, **more: str) -> Message:
    metadata = dict(say.get("metadata") or {})
    return Message(
        id=new_id(),
        conversation_id=conversation_id,
        sender=sender,
        text=say.get("text") or "",
        buttons=list(say.get("buttons") or []),
        meta=metadata,
        kind=metadata.get("kind"),
        topic=metadata.get("topic"),
        created_at=now,
        **more,
    )


def _append(session: Session, rows: list[Message]) -> list[Message]:
    """Insert one by one, so that positions follow the order in which the lines were said."""
    for row in rows:
        session.add(row)
        session.flush()
    return rows
