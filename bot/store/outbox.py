"""What other systems must be told, written in the transaction of the change and delivered later, at least once.

Items of one subject leave in the order they were written. The worker of the hand-over makes one delivery per target of
each (bot/store/deliveries.py); attempts, errors and what was given up stand there.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session, aliased

from bot.store.columns import new_id
from bot.store.models import OutboxItem
from bot.store.writing import insert_if_new


def put(  # noqa: PLR0913 - a row has this many fields, all named at the call
    session: Session,
    *,
    kind: str,
    key: str,
    payload: Mapping[str, Any],
    now: datetime,
    subject: str | None = None,
    conversation_id: str | None = None,
    available_at: datetime | None = None,
) -> bool:
    """Queue an item once per key (made from the fact, as in "booking:<id>:2"); False when the key was queued before."""
    return insert_if_new(
        session,
        OutboxItem,
        ("key",),
        id=new_id(),
        kind=kind,
        key=key,
        subject=subject,
        conversation_id=conversation_id,
        payload=dict(payload),
        created_at=now,
        available_at=available_at or now,
    )


def due(session: Session, now: datetime, limit: int = 20) -> list[OutboxItem]:
    """The items that may leave now, oldest first, at most one per subject; locked on PostgreSQL until the commit."""
    earlier = aliased(OutboxItem)
    blocked = select(earlier.position).where(
        earlier.subject == OutboxItem.subject,
        earlier.position < OutboxItem.position,
        earlier.delivered_at.is_(None),
        earlier.dead_at.is_(None),
    )
    wanted = select(OutboxItem).where(
        OutboxItem.delivered_at.is_(None),
        OutboxItem.dead_at.is_(None),
        OutboxItem.available_at <= now,
        ~blocked.exists(),
    )
    wanted = wanted.order_by(OutboxItem.available_at, OutboxItem.position).limit(limit)
    return list(session.scalars(wanted.with_for_update(skip_locked=True)))


def mark_delivered(session: Session, position: int, now: datetime) -> None:
    """The item at this position has left the outbox: there is a delivery for each target."""
    session.execute(update(OutboxItem).where(OutboxItem.position == position).values(delivered_at=now, last_error=None))
