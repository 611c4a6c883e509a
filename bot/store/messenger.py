"""Messenger's people and deliveries: whose conversation it is, and which lines of the transcript are still to be sent.

The transcript is the outbox: every line of bot or staff that belongs to Messenger and has no final delivery is due.
Nothing here commits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Select, and_, delete, exists, or_, select, update
from sqlalchemy.orm import Session, aliased

from bot.store.columns import new_id
from bot.store.conversations import get_conversation, last_messages, open_conversation
from bot.store.crypto import blind_index, blind_indexes
from bot.store.messenger_models import (
    DeliveryState,
    MessengerDelivery,
    MessengerEvent,
    MessengerLane,
    MessengerPerson,
    MoveGuess,
)
from bot.store.models import Conversation, Message, TriageItem
from bot.store.writing import insert_if_new, insert_once

CHANNEL = "messenger"
CLIENT_ID = "mid:"  # how a patient's message that came by Messenger starts its client id
PAGE_INBOX = "page_inbox"  # the author of what staff typed in Meta's own inbox
RECENT = timedelta(days=8)  # nobody may answer after seven days, so older chats need no look
FINAL = ("sent", "refused")
TO_COME = ("proposed", "pending", "booked")  # what a visit is called before it begins


@dataclass(frozen=True)
class Link:
    """A person of Messenger and their conversation. Times are None before the first."""

    person_index: str
    psid: str
    conversation_id: str
    last_wrote_at: datetime | None
    disclosed_at: datetime | None
    is_new: bool = False


@dataclass(frozen=True)
class Due:
    """A line to be sent: `parts` of it have gone out already; `author` is staff for what a person typed. `calendar`:
    the path of the calendar file of the visit it is about, if there is one. `taught`: who wrote an answer of the desk,
    and its day. After `good_until` it would only mislead.
    """

    message_id: str
    author: Literal["bot", "staff"]
    text: str
    buttons: list[dict[str, str]]
    kind: str | None
    parts: int
    calendar: str = ""
    taught: tuple[str, date] | None = None
    good_until: datetime | None = None


def person_key(page_id: str, psid: str) -> str:
    """What a person is found by: a keyed hash of the page and the person's id on it."""
    return blind_index(f"{page_id}:{psid}")


def find_or_open(session: Session, page_id: str, psid: str, now: datetime) -> Link:
    """The person's link, with a new conversation when there is none. An index of an older key is renewed."""
    keys = blind_indexes(f"{page_id}:{psid}")
    row = session.scalar(select(MessengerPerson).where(MessengerPerson.person_index.in_(keys)))
    if row is not None:
        _renew(session, row, keys[0])
        return _link(row)
    chat = open_conversation(session, channel=CHANNEL, now=now)
    made = insert_once(
        session,
        MessengerPerson,
        ("person_index",),
        person_index=keys[0],
        psid=psid,
        conversation_id=chat.id,
        from_position=0,
        with_person=False,
        created_at=now,
    )
    if made is not None:
        return _link(made, is_new=True)
    return _link(session.scalars(select(MessengerPerson).where(MessengerPerson.person_index == keys[0])).one())


def find(session: Session, person_index: str) -> Link | None:
    """The person's link, if there is one."""
    row = session.get(MessengerPerson, person_index)
    return None if row is None else _link(row)


def link_of(session: Session, conversation_id: str) -> Link | None:
    """The link of a conversation, if Messenger has a part in it: for the desk, reminders and `can still be reached`."""
    row = session.scalar(select(MessengerPerson).where(MessengerPerson.conversation_id == conversation_id))
    return None if row is None else _link(row)


def is_for(session: Session, conversation_id: str) -> bool:
    """Whether a conversation goes on at Messenger now."""
    here = get_conversation(session, conversation_id).channel == CHANNEL
    return here and link_of(session, conversation_id) is not None


def wrote(session: Session, person_index: str, at: datetime) -> None:
    """Note when the person wrote; an event that comes late does not turn the clock back. The chat is here now."""
    row = session.get_one(MessengerPerson, person_index)
    row.last_wrote_at = max(at, row.last_wrote_at or at)
    get_conversation(session, row.conversation_id).channel = CHANNEL


def disclosed(session: Session, person_index: str, now: datetime) -> None:
    """Note that the person was told that a machine answers."""
    session.get_one(MessengerPerson, person_index).disclosed_at = now


def move_to(session: Session, person_index: str, conversation_id: str) -> bool:
    """Put a person into a conversation begun elsewhere; False when another person of Messenger has it.

    Lines told so far are not sent again.
    """
    other = select(MessengerPerson).where(
        MessengerPerson.conversation_id == conversation_id, MessengerPerson.person_index != person_index
    )
    if session.scalar(other) is not None:
        return False
    row = session.get_one(MessengerPerson, person_index)
    newest = last_messages(session, conversation_id, 1)
    row.conversation_id, row.from_position = conversation_id, newest[0].position if newest else 0
    get_conversation(session, conversation_id).channel = CHANNEL
    return True


def due(session: Session, conversation_id: str) -> list[Due]:
    """The lines of a conversation to be sent now, oldest first."""
    wanted = _undelivered().where(Message.conversation_id == conversation_id).order_by(Message.position)
    return [_due(row, delivery) for row, delivery in session.execute(wanted).tuples()]


def people_with_news(session: Session, now: datetime, limit: int = 500) -> list[str]:
    """People to whom something unasked is to be sent: a person's answer, a confirmation, a reminder."""
    wanted = _undelivered().where(Conversation.last_message_at >= now - RECENT)
    wanted = wanted.where(or_(MessengerDelivery.state.is_(None), MessengerDelivery.state == "sending"))
    return list(session.scalars(wanted.with_only_columns(MessengerPerson.person_index).distinct().limit(limit)))


def changed_hands(session: Session, limit: int = 500) -> list[tuple[str, bool]]:
    """(person, whether a human has the chat now) for every chat here that changed hands since it was last noted."""
    human = Conversation.owner == "person"
    wanted = select(MessengerPerson.person_index, human).join(
        Conversation, Conversation.id == MessengerPerson.conversation_id
    )
    here = Conversation.channel == CHANNEL
    taken = and_(human, MessengerPerson.with_person.is_(False))
    returned = and_(~human, MessengerPerson.with_person.is_(True))
    return [(who, bool(now)) for who, now in session.execute(wanted.where(here, or_(taken, returned)).limit(limit))]


def note_hands(session: Session, person_index: str, with_person: bool) -> bool:
    """Note who has the chat; False when that was known, so that it is announced once."""
    change = update(MessengerPerson).where(
        MessengerPerson.person_index == person_index, MessengerPerson.with_person.is_(not with_person)
    )
    return bool(session.execute(change.values(with_person=with_person)).rowcount)  # type: ignore[attr-defined]


def note_delivery(  # noqa: PLR0913 - a row has this many fields, all named at the call
    session: Session,
    conversation_id: str,
    message_id: str,
    *,
    state: DeliveryState,
    now: datetime,
    parts: int = 0,
    reason: str | None = None,
    mid_hash: str | None = None,
) -> None:
    """What became of a line: its parts sent so far, or that it waits or was refused, and why (a short code)."""
    row = session.get(MessengerDelivery, message_id)
    if row is None:
        row = MessengerDelivery(message_id=message_id, conversation_id=conversation_id, parts=0)
        session.add(row)
    row.state, row.reason, row.updated_at = state, reason, now
    row.parts, row.mid_hash = max(parts, row.parts), mid_hash or row.mid_hash
    session.flush()


def deliveries(session: Session, conversation_id: str) -> dict[str, tuple[DeliveryState, str | None]]:
    """Message id -> (state, reason), for whoever shows the transcript to staff."""
    rows = session.scalars(select(MessengerDelivery).where(MessengerDelivery.conversation_id == conversation_id))
    return {row.message_id: (row.state, row.reason) for row in rows}


def message_sent_as(session: Session, conversation_id: str, mid_hash: str) -> str | None:
    """The id of our line that Meta knows by this mid."""
    wanted = select(MessengerDelivery.message_id).where(
        MessengerDelivery.mid_hash == mid_hash, MessengerDelivery.conversation_id == conversation_id
    )
    return session.scalar(wanted)


def take_back(session: Session, conversation_id: str, client_id: str, instead: str) -> bool:
    """The patient withdrew a message: its words, and those of its edits, go from the transcript and the desk's queue.
    False when there is nothing to withdraw (any more)."""
    wanted = select(Message).where(
        Message.conversation_id == conversation_id, Message.client_id.startswith(client_id, autoescape=True)
    )
    rows = [row for row in session.scalars(wanted) if row.text != instead]
    for row in rows:
        row.text, row.understood, row.meta = instead, None, {}
        session.execute(update(TriageItem).where(TriageItem.message_id == row.id).values(question=instead))
    return bool(rows)


def withdrawn_before_read(session: Session, conversation_id: str, client_id: str, instead: str, now: datetime) -> None:
    """Keep the place of a message withdrawn before it was worked on, so that it never will be."""
    insert_if_new(
        session,
        Message,
        ("conversation_id", "client_id"),
        id=new_id(),
        conversation_id=conversation_id,
        client_id=client_id,
        sender="patient",
        text=instead,
        created_at=now,
        answered_at=now,
    )


def stored(session: Session, message_ids: list[str]) -> set[str]:
    """Which of these ids are lines of a transcript."""
    return set(session.scalars(select(Message.id).where(Message.id.in_(message_ids))))


def reindex(session: Session, page_id: str) -> int:
    """Renew every person's index after the first key changed; returns how many were renewed."""
    people = list(session.scalars(select(MessengerPerson)))
    return sum(_renew(session, row, person_key(page_id, row.psid)) for row in people)


def _renew(session: Session, row: MessengerPerson, index: str) -> bool:
    """Give a person another index, in the queue and the guesses too, so that all of theirs is found by it."""
    former = row.person_index
    if former == index:
        return False
    events = update(MessengerEvent).where(MessengerEvent.person_index == former)
    session.execute(events.values(person_index=index))
    session.execute(update(MoveGuess).where(MoveGuess.who == former).values(who=index))
    session.execute(delete(MessengerLane).where(MessengerLane.person_index == former))
    row.person_index = index
    session.flush()
    return True


def _undelivered() -> Select[tuple[Message, MessengerDelivery]]:
    """Lines that belong to Messenger: replies to what came by it, and everything unasked while the chat is there."""
    asked = aliased(Message)
    by_messenger = exists().where(asked.id == Message.reply_to, asked.client_id.startswith(CLIENT_ID))
    unasked = and_(Message.reply_to.is_(None), Conversation.channel == CHANNEL)
    return (
        select(Message, MessengerDelivery)
        .join(MessengerPerson, MessengerPerson.conversation_id == Message.conversation_id)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .outerjoin(MessengerDelivery, MessengerDelivery.message_id == Message.id)
        .where(
            Message.sender != "patient",
            Message.position > MessengerPerson.from_position,
            or_(Message.author.is_(None), Message.author != PAGE_INBOX),
            or_(MessengerDelivery.state.is_(None), MessengerDelivery.state.not_in(FINAL)),
            or_(by_messenger, unasked),
        )
    )


def _due(row: Message, delivery: MessengerDelivery | None) -> Due:
    by_hand = row.sender == "staff" and not row.meta  # what a template says carries metadata, whoever set it off
    author: Literal["bot", "staff"] = "staff" if by_hand else "bot"
    meta, parts = row.meta or {}, delivery.parts if delivery else 0
    calendar, buttons = str(meta.get("calendar") or ""), list(row.buttons or [])
    return Due(row.id, author, row.text, buttons, row.kind, parts, calendar, taught_by(meta), _good_until(row))


def _good_until(row: Message) -> datetime | None:
    """What was said unasked of a visit to come is good until it begins; an answer always is."""
    meta = row.meta or {}
    if row.reply_to is not None or meta.get("status") not in TO_COME or not meta.get("starts_at"):
        return None
    return datetime.fromisoformat(str(meta["starts_at"]))


def taught_by(metadata: Mapping[str, Any]) -> tuple[str, date] | None:
    """Whose answer a message is, where the clinic's people wrote it, and the day it was approved."""
    author, day = metadata.get("author"), metadata.get("date")
    return (str(author), date.fromisoformat(day)) if author and day else None


def _link(row: MessengerPerson, is_new: bool = False) -> Link:
    return Link(row.person_index, row.psid, row.conversation_id, row.last_wrote_at, row.disclosed_at, is_new)
