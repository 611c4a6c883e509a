"""The queue as the desk shows it: rows, filters, search, counts, and changes guarded by what the page showed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, literal, or_, select, tuple_, update
from sqlalchemy.orm import Session

from bot.clinic.booking.reference import normal_reference
from bot.store import audit, triage
from bot.store.crypto import blind_indexes
from bot.store.desk_models import Counter, Errand, Presence
from bot.store.desk_search import SearchIndex
from bot.store.models import Booking, Conversation, Message, TriageItem
from bot.store.terms import Owner, TriageKind
from bot.store.triage import Cursor
from bot.store.writing import insert_if_new

SEARCHED = 20_000  # most urgent open rows that a search looks at
FOUND = 900  # rows at most that a search gives, most urgent first
LATELY = timedelta(days=7)  # how long a closed row is listed and can be opened again


@dataclass(frozen=True)
class Pulse:
    """What an open page compares to know that something changed."""

    message: int
    queue: str
    danger: int
    waiting: int
    desk: int


@dataclass(frozen=True)
class Wanted:
    """Which rows to show. `mine` and `free` by the staff id assigned; `closed`: those closed lately, newest first;
    `text` is what was typed into the search."""

    kinds: tuple[TriageKind, ...] = ()
    mine: str | None = None
    free: bool = False
    snoozed: bool = False
    closed: bool = False
    channel: str | None = None
    text: str = ""


@dataclass(frozen=True)
class Row:
    """One row of the queue with what it hangs on."""

    item: TriageItem
    channel: str
    pseudonym: str
    owner: Owner
    promised_at: datetime | None
    name: str | None
    visit: Booking | None = None
    unread: bool = False  # the patient wrote after anybody last had the chat open

    @property
    def who(self) -> str:
        """The patient's name if they gave one, else the pseudonym."""
        return self.name or self.pseudonym


@dataclass(frozen=True)
class Rows:
    """A page of the queue; `next` starts the following one. `cut` says that the search stopped before the end."""

    rows: list[Row]
    next: Cursor | None
    cut: bool = False


_ORDER = (TriageItem.urgency, TriageItem.created_at, TriageItem.id)


def pulse(session: Session, now: datetime) -> Pulse:
    """A few cheap reads: newest message, last change of the queue, dangers that are awake, patients who wait."""
    free = (TriageItem.closed_at.is_(None), TriageItem.kind == "danger", TriageItem.assigned_to.is_(None))
    danger = select(func.count()).where(*free, _awake(now))
    waiting = select(func.count()).where(Conversation.owner == "waiting")
    changed = session.scalar(select(func.max(TriageItem.updated_at)))
    counter = session.get(Counter, "desk")
    return Pulse(
        message=session.scalar(select(func.max(Message.position))) or 0,
        queue=changed.isoformat() if changed else "",
        danger=session.scalar(danger) or 0,
        waiting=session.scalar(waiting) or 0,
        desk=counter.value if counter else 0,
    )


def bump(session: Session, name: str = "desk") -> None:
    """Let every process know that something changed."""
    changed = session.execute(update(Counter).where(Counter.name == name).values(value=Counter.value + 1))
    if changed.rowcount == 0 and not insert_if_new(session, Counter, ("name",), name=name, value=1):  # type: ignore[attr-defined]
        bump(session, name)


def page(  # noqa: PLR0913 - which rows, which page of them
    session: Session,
    wanted: Wanted,
    now: datetime,
    *,
    after: Cursor | None = None,
    limit: int = 50,
    index: SearchIndex | None = None,
) -> Rows:
    """One page, most urgent and then oldest first. `index` remembers what was read for earlier searches."""
    query = select(TriageItem, Conversation).join(Conversation, Conversation.id == TriageItem.conversation_id)
    query = query.where(*_conditions(wanted, now))
    cut = False
    if wanted.text:
        ids, cut = _search(session, wanted, now, index or SearchIndex())
        query = query.where(TriageItem.id.in_(ids))
    if after is not None:
        place = [literal(value, column.type) for value, column in zip(after, _ORDER, strict=True)]
        query = query.where(tuple_(*_ORDER) > tuple_(*place))
    order = (TriageItem.closed_at.desc(), TriageItem.id) if wanted.closed else _ORDER
    found = session.execute(query.order_by(*order).limit(limit + 1)).all()
    more = len(found) > limit and not wanted.closed
    last, cut = found[limit - 1][0] if more else None, cut or (wanted.closed and len(found) > limit)
    chats = {row[1].id: row[1] for row in found[:limit]}
    named, news = names(session, chats), unread(session, chats)
    visits = _visits(session, {row[0].booking_id for row in found[:limit] if row[0].booking_id})
    rows = [_row(item, chat, named, visits.get(item.booking_id), chat.id in news) for item, chat in found[:limit]]
    return Rows(rows, (last.urgency, last.created_at, last.id) if last else None, cut)


def one(session: Session, item_id: str) -> Row | None:
    """One row by its id, closed or not."""
    item = session.get(TriageItem, item_id)
    chat = session.get(Conversation, item.conversation_id) if item is not None else None
    if item is None or chat is None:
        return None
    return _row(item, chat, names(session, {chat.id}))


def of_conversation(session: Session, conversation_id: str) -> list[TriageItem]:
    """A conversation's items, open ones first and most urgent first."""
    query = select(TriageItem).where(TriageItem.conversation_id == conversation_id)
    return list(session.scalars(query.order_by(TriageItem.closed_at.is_not(None), *_ORDER).limit(50)))


def counts(session: Session, now: datetime, staff_id: str) -> dict[str, int]:
    """How many rows wait: of each kind, in `all`, in `mine`, and asleep in `snoozed`."""
    awake = _awake(now)
    query = select(TriageItem.kind, func.count()).where(TriageItem.closed_at.is_(None), awake)
    found: dict[str, int] = {kind: number for kind, number in session.execute(query.group_by(TriageItem.kind))}
    mine = select(func.count()).where(TriageItem.closed_at.is_(None), awake, TriageItem.assigned_to == staff_id)
    asleep = select(func.count()).where(TriageItem.closed_at.is_(None), TriageItem.snoozed_until > now)
    more = {"mine": session.scalar(mine) or 0, "snoozed": session.scalar(asleep) or 0}
    return {**found, "all": sum(found.values()), **more}


def change(  # noqa: PLR0913 - what changes, who did it, and what they had seen
    session: Session,
    item_id: str,
    action: str,
    *,
    seen: datetime,
    actor: str,
    now: datetime,
    forced: bool = False,
    **values: Any,
) -> bool:
    """Change an item as its page showed it at `seen`; False when somebody else changed or has it.

    `forced` takes it from a colleague, after the page has said so.
    """
    free = or_(TriageItem.assigned_to.is_(None), TriageItem.assigned_to == actor)
    conditions = [TriageItem.id == item_id, TriageItem.closed_at.is_(None), TriageItem.updated_at == seen]
    query = update(TriageItem).where(*conditions, *([] if forced else [free]))
    if session.execute(query.values(updated_at=now, **values)).rowcount == 0:  # type: ignore[attr-defined]
        return False
    details = {key: value for key, value in values.items() if isinstance(value, str)}
    audit.record(session, actor=actor, action=f"item.{action}", subject=f"item:{item_id}", now=now, details=details)
    return True


def reopen(session: Session, item_id: str, *, seen: datetime, actor: str, now: datetime) -> bool:
    """Open a closed row again, free for everybody; False when it is not as its page showed it at `seen`."""
    closed = (TriageItem.id == item_id, TriageItem.closed_at.is_not(None), TriageItem.updated_at == seen)
    values = {"status": "open", "close_reason": None, "closed_at": None, "assigned_to": None, "snoozed_until": None}
    change = update(TriageItem).where(*closed).values(**values, updated_at=now)
    if session.execute(change).rowcount == 0:  # type: ignore[attr-defined]
        return False
    audit.record(session, actor=actor, action="item.reopen", subject=f"item:{item_id}", now=now)
    return True


def assign_free(session: Session, item_id: str, staff_id: str, now: datetime) -> None:
    """Whoever takes a chat over has its row too, unless somebody has it or it is closed."""
    mine = update(TriageItem).where(
        TriageItem.id == item_id, TriageItem.closed_at.is_(None), TriageItem.assigned_to.is_(None)
    )
    values = {"status": "assigned", "assigned_to": staff_id, "snoozed_until": None, "updated_at": now}
    if session.execute(mine.values(**values)).rowcount:  # type: ignore[attr-defined]
        audit.record(session, actor=staff_id, action="item.assign", subject=f"item:{item_id}", now=now)


def close_mine(session: Session, conversation_id: str, item_id: str, *, actor: str, now: datetime) -> None:
    """Close a row as answered, unless a colleague has it, it is closed, or it ends otherwise (a visit, a review)."""
    mine = update(TriageItem).where(
        TriageItem.id == item_id,
        TriageItem.conversation_id == conversation_id,
        TriageItem.closed_at.is_(None),
        TriageItem.kind.not_in(["review", "booking"]),
        or_(TriageItem.assigned_to.is_(None), TriageItem.assigned_to == actor),
    )
    values = {"status": "closed", "close_reason": "answered", "closed_at": now, "updated_at": now}
    if session.execute(mine.values(**values)).rowcount:  # type: ignore[attr-defined]
        audit.record(session, actor=actor, action="item.close", subject=f"item:{item_id}", now=now)


def question_from_thumb(session: Session, message_id: str, reason: str | None, now: datetime) -> TriageItem | None:
    """A thumb down opens a row: the question that the disliked answer was given to, and why. Once per answer; a reason
    that comes later is added.

    None when the message answers no typed question.
    """
    said = session.scalar(select(Message).where(Message.id == message_id))
    asked = session.scalar(select(Message).where(Message.id == said.reply_to)) if said is not None else None
    if said is None or asked is None or not asked.text:
        return None
    item = triage.add(
        session,
        kind="question",
        handoff_reason="knowledge_missing",
        conversation_id=said.conversation_id,
        message_id=asked.id,
        question=asked.text,
        details={"nearest": [said.topic] if said.topic else [], "thumb": "down", "why": reason or ""},
        key=f"thumb:{message_id}",
        now=now,
    )
    if reason and item.details.get("why") != reason:
        item.details = {**item.details, "why": reason}
    return item


def forget_thumb(session: Session, message_id: str, now: datetime) -> None:
    """The patient likes the answer after all: its row closes, unless somebody works on it."""
    mine = (TriageItem.key == f"thumb:{message_id}", TriageItem.status == "open")
    values = {"status": "closed", "close_reason": "no_answer_needed", "closed_at": now, "updated_at": now}
    for item_id in session.scalars(select(TriageItem.id).where(*mine)).all():
        session.execute(update(TriageItem).where(TriageItem.id == item_id).values(**values))
        audit.record(session, actor="patient", action="item.close", subject=f"item:{item_id}", now=now)


def not_alerted(session: Session, since: datetime) -> list[tuple[str, str, str, str]]:
    """New dangers and patients who want a person, without an alert: item, conversation, kind, pseudonym."""
    alerted = select(Errand.key).where(Errand.kind == "alert")
    query = select(TriageItem.id, TriageItem.conversation_id, TriageItem.kind, Conversation.pseudonym)
    query = query.join(Conversation, Conversation.id == TriageItem.conversation_id).where(
        TriageItem.closed_at.is_(None),
        TriageItem.kind.in_(["danger", "person"]),
        TriageItem.created_at >= since,
        (literal("alert:") + TriageItem.id).not_in(alerted),
    )
    return [tuple(row) for row in session.execute(query.limit(50))]  # type: ignore[misc]


def names(session: Session, conversation_ids: Collection[str]) -> dict[str, str]:
    """Conversation id -> the name its patient gave with the newest booking."""
    query = select(Booking.conversation_id, Booking.name).where(Booking.conversation_id.in_(conversation_ids))
    return {chat: name for chat, name in session.execute(query.order_by(Booking.created_at, Booking.id))}


def _visits(session: Session, ids: Collection[str]) -> dict[str | None, Booking]:
    return {row.id: row for row in session.scalars(select(Booking).where(Booking.id.in_(ids)))}


def unread(session: Session, chats: Mapping[str, Conversation]) -> set[str]:
    """Of some chats, those whose patient wrote after one of the staff last had them open. A chat that nobody has opened
    yet counts only while a person has it, at Meta: all the others are new as a whole."""
    at = select(Presence.conversation_id, func.max(Presence.seen_at)).where(Presence.conversation_id.in_(list(chats)))
    seen = dict(session.execute(at.group_by(Presence.conversation_id)).tuples().all())
    wanted = [chat for chat, row in chats.items() if chat in seen or row.owner == "person"]
    wrote = select(Message.conversation_id, func.max(Message.created_at)).where(
        Message.conversation_id.in_(wanted), Message.sender == "patient"
    )
    latest = session.execute(wrote.group_by(Message.conversation_id)).tuples().all()
    return {chat for chat, moment in latest if chat not in seen or moment > seen[chat]}


def _row(
    item: TriageItem, chat: Conversation, named: dict[str, str], visit: Booking | None = None, is_unread: bool = False
) -> Row:
    return Row(item, chat.channel, chat.pseudonym, chat.owner, chat.promised_at, named.get(chat.id), visit, is_unread)


def _awake(now: datetime) -> ColumnElement[bool]:
    return or_(TriageItem.snoozed_until.is_(None), TriageItem.snoozed_until <= now)


def _conditions(wanted: Wanted, now: datetime) -> list[ColumnElement[bool]]:
    if wanted.closed:
        conditions: list[ColumnElement[bool]] = [
            TriageItem.updated_at >= now - LATELY,  # there is an index on this
            TriageItem.closed_at >= now - LATELY,
        ]
    else:
        conditions = [TriageItem.closed_at.is_(None)]
        conditions.append(TriageItem.snoozed_until > now if wanted.snoozed else _awake(now))
    if wanted.kinds:
        conditions.append(TriageItem.kind.in_(list(wanted.kinds)))
    if wanted.mine is not None:
        conditions.append(TriageItem.assigned_to == wanted.mine)
    if wanted.free:
        conditions.append(TriageItem.assigned_to.is_(None))
    if wanted.channel:
        conditions.append(Conversation.channel == wanted.channel)
    return conditions


def _search(session: Session, wanted: Wanted, now: datetime, index: SearchIndex) -> tuple[Sequence[str], bool]:
    """Ids of the items whose patient, reference, contact or question has the words, most urgent first; whether some are
    missing, not read yet or too many."""
    words = wanted.text.casefold()
    by_patient = func.lower(Conversation.pseudonym).contains(words, autoescape=True)
    bookings = select(Booking.conversation_id).where(
        or_(Booking.reference == normal_reference(wanted.text), Booking.contact_index.in_(blind_indexes(wanted.text)))
    )
    direct = select(TriageItem.id).join(Conversation, Conversation.id == TriageItem.conversation_id)
    direct = direct.where(*_conditions(wanted, now), or_(by_patient, Conversation.id.in_(bookings)))
    ids = list(session.scalars(direct.order_by(*_ORDER).limit(FOUND + 1)))
    read = select(TriageItem.id, TriageItem.conversation_id)
    read = read.join(Conversation, Conversation.id == TriageItem.conversation_id).where(*_conditions(wanted, now))
    rows = [(item, chat) for item, chat in session.execute(read.order_by(*_ORDER).limit(SEARCHED))]
    found, cut = index.find(session, rows, words)
    found |= set(ids)
    hits = [item for item, _ in rows if item in found]  # in the order of the queue
    beyond = set(ids).difference(hits)
    hits += [item for item in ids if item in beyond]
    return hits[:FOUND], cut or len(hits) > FOUND or len(rows) == SEARCHED


def chats_without_rows(session: Session, text: str, limit: int = 10) -> list[Conversation]:
    """Chats found by pseudonym, booking reference or contact that have no open row, the newest first."""
    by_patient = func.lower(Conversation.pseudonym).contains(text.casefold(), autoescape=True)
    bookings = select(Booking.conversation_id).where(
        or_(Booking.reference == normal_reference(text), Booking.contact_index.in_(blind_indexes(text)))
    )
    return _rowless(session, or_(by_patient, Conversation.id.in_(bookings)), limit)


def held_without_rows(session: Session, staff_id: str, limit: int = 50) -> list[Conversation]:
    """Chats that somebody has and that no open row shows, the newest first."""
    return _rowless(session, and_(Conversation.owner == "person", Conversation.assigned_to == staff_id), limit)


def _rowless(session: Session, which: ColumnElement[bool], limit: int) -> list[Conversation]:
    rows = select(TriageItem.id).where(TriageItem.conversation_id == Conversation.id, TriageItem.closed_at.is_(None))
    query = select(Conversation).where(which, ~rows.exists())
    return list(session.scalars(query.order_by(Conversation.last_message_at.desc()).limit(limit)))


def close_kind(  # noqa: PLR0913 - which rows, why, and who did it
    session: Session,
    conversation_id: str,
    kind: TriageKind,
    reason: str,
    *,
    actor: str,
    now: datetime,
    besides: Collection[str] = (),
) -> None:
    """Close a conversation's open items of one kind, apart from those with the keys `besides`."""
    other = or_(TriageItem.key.is_(None), TriageItem.key.not_in(besides))
    is_open = TriageItem.closed_at.is_(None)
    mine = (TriageItem.conversation_id == conversation_id, TriageItem.kind == kind, is_open, other)
    for item_id in session.scalars(select(TriageItem.id).where(*mine)).all():
        audit.record(session, actor=actor, action="item.close", subject=f"item:{item_id}", now=now)
    values = {"status": "closed", "close_reason": reason, "closed_at": now, "updated_at": now}
    session.execute(update(TriageItem).where(*mine).values(**values))
