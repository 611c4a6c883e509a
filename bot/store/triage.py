"""The front desk's queue: what needs a person, most urgent first, each thing once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, literal, or_, select, tuple_, update
from sqlalchemy.orm import Session

from bot.store.columns import new_id
from bot.store.models import Booking, TriageItem
from bot.store.terms import URGENCY, HandoffReason, TriageKind
from bot.store.writing import insert_once

Cursor = tuple[int, datetime, str]


@dataclass(frozen=True)
class Page:
    """Some rows of the queue, and where the next page starts; None on the last one."""

    items: list[TriageItem]
    next: Cursor | None


def add(  # noqa: PLR0913 - a row has this many fields, all named at the call
    session: Session,
    *,
    kind: TriageKind,
    handoff_reason: HandoffReason,
    conversation_id: str,
    now: datetime,
    key: str | None = None,
    question: str | None = None,
    message_id: str | None = None,
    booking_id: str | None = None,
    details: Mapping[str, Any] | None = None,
    urgency: int | None = None,
) -> TriageItem:
    """Queue something for a person. The same `key` again gives the row that is there already, unchanged."""
    row = insert_once(
        session,
        TriageItem,
        ("key",),
        id=new_id(),
        kind=kind,
        urgency=URGENCY[kind] if urgency is None else urgency,
        key=key,
        conversation_id=conversation_id,
        message_id=message_id,
        booking_id=booking_id,
        question=question,
        details=dict(details or {}),
        handoff_reason=handoff_reason,
        created_at=now,
        updated_at=now,
    )
    return row or session.scalars(select(TriageItem).where(TriageItem.key == key)).one()


def add_for_visit(  # noqa: PLR0913 - as above
    session: Session,
    visit: Booking,
    *,
    key: str,
    now: datetime,
    details: Mapping[str, Any],
    message_id: str | None = None,
) -> TriageItem:
    """Queue a visit for a person, its reference among the details; see `add`."""
    return add(
        session,
        kind="booking",
        handoff_reason="booking",
        conversation_id=visit.conversation_id,
        booking_id=visit.id,
        message_id=message_id,
        key=key,
        details={"reference": visit.reference, **details},
        now=now,
    )


def queue(  # noqa: PLR0913 - a row has this many fields, all named at the call
    session: Session,
    now: datetime,
    *,
    kinds: Collection[TriageKind] = (),
    assigned_to: str | None = None,
    after: Cursor | None = None,
    limit: int = 50,
) -> Page:
    """One page of what waits, most urgent and then oldest first; snoozed rows come back when their time is up."""
    wanted = select(TriageItem).where(_waits(now))
    if kinds:
        wanted = wanted.where(TriageItem.kind.in_(list(kinds)))
    if assigned_to is not None:
        wanted = wanted.where(TriageItem.assigned_to == assigned_to)
    order = (TriageItem.urgency, TriageItem.created_at, TriageItem.id)
    if after is not None:
        place = [literal(value, column.type) for value, column in zip(after, order, strict=True)]
        wanted = wanted.where(tuple_(*order) > tuple_(*place))
    rows = list(session.scalars(wanted.order_by(*order).limit(limit + 1)))
    items = rows[:limit]
    more = len(rows) > limit
    return Page(items, (items[-1].urgency, items[-1].created_at, items[-1].id) if more else None)


def is_open(session: Session, conversation_id: str, kind: TriageKind) -> bool:
    """Whether a conversation has a row of this kind that is not closed."""
    query = select(TriageItem.id).where(
        TriageItem.conversation_id == conversation_id, TriageItem.kind == kind, TriageItem.closed_at.is_(None)
    )
    return session.scalar(query.limit(1)) is not None


def counts(session: Session, now: datetime) -> dict[str, int]:
    """How many rows of each kind wait; kinds with none are left out."""
    wanted = select(TriageItem.kind, func.count()).where(_waits(now)).group_by(TriageItem.kind)
    return {kind: number for kind, number in session.execute(wanted)}


def assign(session: Session, item_id: str, staff_id: str, now: datetime) -> bool:
    """Take an item; False when somebody else has it or it is closed."""
    free = or_(TriageItem.assigned_to.is_(None), TriageItem.assigned_to == staff_id)
    return _change(session, item_id, free, status="assigned", assigned_to=staff_id, snoozed_until=None, updated_at=now)


def release(session: Session, item_id: str, now: datetime) -> bool:
    """Put an item back for anybody; False when it is closed."""
    return _change(session, item_id, status="open", assigned_to=None, snoozed_until=None, updated_at=now)


def snooze(session: Session, item_id: str, until: datetime, now: datetime) -> bool:
    """Hide an item until a moment; False when it is closed."""
    return _change(session, item_id, status="snoozed", snoozed_until=until, updated_at=now)


def close(session: Session, item_id: str, reason: str, now: datetime) -> bool:
    """Settle an item with a short reason code; False when it was closed before."""
    return _change(session, item_id, status="closed", close_reason=reason, closed_at=now, updated_at=now)


def close_key(session: Session, key: str, reason: str, now: datetime) -> bool:
    """Settle the item of a key, for example because another takes its place; False when there is none that is open."""
    item_id = session.scalar(select(TriageItem.id).where(TriageItem.key == key))
    return item_id is not None and close(session, item_id, reason, now)


def _waits(now: datetime) -> ColumnElement[bool]:
    awake = or_(TriageItem.snoozed_until.is_(None), TriageItem.snoozed_until <= now)
    return and_(TriageItem.closed_at.is_(None), awake)


def _change(session: Session, item_id: str, *conditions: ColumnElement[bool], **values: Any) -> bool:
    change = update(TriageItem).where(TriageItem.id == item_id, TriageItem.closed_at.is_(None), *conditions)
    return bool(session.execute(change.values(**values)).rowcount)  # type: ignore[attr-defined]
