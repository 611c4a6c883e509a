"""Deliveries: each outgoing message once per target, retried apart from the other targets, in order per booking.

A delivery is claimed for a while; a process that dies loses the claim, and the message leaves again (at least once).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from bot.store import outbox
from bot.store.models import AuditEntry, OutboxItem
from bot.store.slots_models import Delivery, DeliveryTarget
from bot.store.writing import insert_if_new

DISABLED = "disabled"


@dataclass(frozen=True)
class Claimed:
    """A delivery to make. `number` counts the attempts, this one included; `is_superseded` says that the target has a
    later state of the same subject already, `was_booked` that an earlier change had confirmed the booking."""

    position: int
    target: str
    number: int
    item: OutboxItem
    is_superseded: bool
    was_booked: bool


@dataclass(frozen=True)
class DeadLetter:
    """A delivery that was given up: `error` is a class name or status, never content."""

    position: int
    target: str
    kind: str
    subject: str | None
    attempts: int
    dead_at: datetime
    error: str


def spread(session: Session, targets: Collection[str], now: datetime, limit: int = 100) -> int:
    """Turn waiting outbox items into one delivery per target; with no targets they count as told. Returns how many.

    What a disabled target misses is kept as a dead letter.
    """
    closed = disabled(session)
    items = outbox.due(session, now, limit)
    for item in items:
        for target in targets:
            gone = {"dead_at": now, "last_error": DISABLED} if target in closed else {}
            values: dict[str, Any] = {
                "item_position": item.position,
                "target": target,
                "subject": item.subject,
                "available_at": now,
            }
            insert_if_new(session, Delivery, ("item_position", "target"), **values, **gone)
        outbox.mark_delivered(session, item.position, now)
    return len(items)


def anything(session: Session, targets: Collection[str], now: datetime) -> bool:
    """Whether something waits to be spread, or delivered to one of the targets, now; only reads."""
    item = select(OutboxItem.position).where(
        OutboxItem.delivered_at.is_(None), OutboxItem.dead_at.is_(None), OutboxItem.available_at <= now
    )
    wanted = select(Delivery.position).where(*_due(targets, now))
    return session.scalar(item.limit(1)) is not None or session.scalar(wanted.limit(1)) is not None


def claim(session: Session, targets: Collection[str], now: datetime, until: datetime, limit: int = 20) -> list[Claimed]:
    """Take due deliveries, at most one per target and subject; nobody else gets them before `until`."""
    later = aliased(Delivery)
    wanted = select(Delivery).where(*_due(targets, now))
    wanted = wanted.order_by(Delivery.available_at, Delivery.position).limit(limit)
    rows = list(session.scalars(wanted.with_for_update(skip_locked=True)))
    found = []
    for row in rows:
        row.available_at = until
        row.attempts += 1
        row.last_error = None  # with an error stands what waits for its next attempt
        newer = select(
            exists().where(
                later.target == row.target,
                later.subject == row.subject,
                later.position > row.position,
                later.delivered_at.is_not(None),
            )
        )
        item = session.get_one(OutboxItem, row.item_position)
        is_old, was_booked = bool(session.scalar(newer)), _was_booked(session, item)
        found.append(Claimed(row.position, row.target, row.attempts, item, is_old, was_booked))
    session.flush()
    return found


def delivered(session: Session, position: int, now: datetime) -> bool:
    """The target has it; False when that was noted before."""
    return _set(session, position, delivered_at=now, dead_at=None, last_error=None)


def failed(session: Session, position: int, error: str, retry_at: datetime | None, now: datetime) -> None:
    """The attempt failed: try again at `retry_at`, or with None keep it as a dead letter."""
    end: dict[str, Any] = {"dead_at": now} if retry_at is None else {"available_at": retry_at}
    _set(session, position, last_error=error[:128], **end)


def hurry(session: Session, target: str, errors: Collection[str], now: datetime) -> int:
    """A target works again: what waits for its next attempt there because of one of these errors is due at once.
    Returns how many."""
    late = update(Delivery).where(Delivery.target == target, _waits(Delivery), Delivery.last_error.in_(list(errors)))
    done = session.execute(late.where(Delivery.available_at > now).values(available_at=now))
    return int(done.rowcount)  # type: ignore[attr-defined]


def failing(session: Session) -> set[str]:
    """The targets for which something waits that an attempt has failed to deliver."""
    tried = or_(Delivery.last_error.is_not(None), Delivery.attempts > 1)
    return set(session.scalars(select(Delivery.target).where(_waits(Delivery), tried).distinct()))


def disable(session: Session, target: str, now: datetime) -> None:
    """Send a target nothing more; what waits for it becomes dead letters."""
    insert_if_new(session, DeliveryTarget, ("name",), name=target, disabled_at=now)
    waiting = update(Delivery).where(Delivery.target == target, _waits(Delivery))
    session.execute(waiting.values(dead_at=now, last_error=DISABLED))


def enable(session: Session, target: str, now: datetime) -> int:
    """Use a target again and send what it missed meanwhile, in order; returns how many."""
    session.execute(delete(DeliveryTarget).where(DeliveryTarget.name == target))
    missed = update(Delivery).where(
        Delivery.target == target, Delivery.dead_at.is_not(None), Delivery.last_error == DISABLED
    )
    done = session.execute(missed.values(dead_at=None, attempts=0, available_at=now, last_error=None))
    return int(done.rowcount)  # type: ignore[attr-defined]


def disabled(session: Session) -> set[str]:
    """The targets that are not in use."""
    return set(session.scalars(select(DeliveryTarget.name)))


def dead(session: Session, limit: int = 100) -> list[DeadLetter]:
    """The dead letters, newest first."""
    wanted = select(Delivery, OutboxItem.kind).join(OutboxItem, OutboxItem.position == Delivery.item_position)
    wanted = wanted.where(Delivery.dead_at.is_not(None)).order_by(Delivery.dead_at.desc(), Delivery.position.desc())
    return [
        DeadLetter(row.position, row.target, kind, row.subject, row.attempts, row.dead_at, row.last_error or "")
        for row, kind in session.execute(wanted.limit(limit))
    ]


def revive(session: Session, position: int, now: datetime) -> bool:
    """Give a dead letter another round of attempts from now; False when it is none."""
    change = update(Delivery).where(Delivery.position == position, Delivery.dead_at.is_not(None))
    done = session.execute(change.values(dead_at=None, attempts=0, available_at=now, last_error=None))
    return bool(done.rowcount)  # type: ignore[attr-defined]


def revive_all(session: Session, target: str, now: datetime) -> int:
    """The same for every dead letter of a target; returns how many."""
    change = update(Delivery).where(Delivery.target == target, Delivery.dead_at.is_not(None))
    done = session.execute(change.values(dead_at=None, attempts=0, available_at=now, last_error=None))
    return int(done.rowcount)  # type: ignore[attr-defined]


def count_dead(session: Session) -> int:
    """How many dead letters there are."""
    return session.scalar(select(func.count()).where(Delivery.dead_at.is_not(None))) or 0


def figures(session: Session) -> dict[str, dict[str, int]]:
    """Per target: how many deliveries wait, are done, are dead."""
    counts = select(
        Delivery.target,
        func.count().filter(_waits(Delivery)),
        func.count(Delivery.delivered_at),
        func.count(Delivery.dead_at),
    ).group_by(Delivery.target)
    return {
        target: {"waiting": waiting, "delivered": done, "dead": gone}
        for target, waiting, done, gone in session.execute(counts)
    }


def _was_booked(session: Session, item: OutboxItem) -> bool:
    """Whether the booking was confirmed before this change; the audit log keeps that for longer than the outbox."""
    wanted = select(AuditEntry.details).where(
        AuditEntry.subject == f"booking:{item.subject}", AuditEntry.action == "booking.booked"
    )
    return any((one or {}).get("version", 0) < item.payload.get("version", 0) for one in session.scalars(wanted))


def _due(targets: Collection[str], now: datetime) -> tuple[ColumnElement[bool], ...]:
    """What may leave now: the first that waits of each subject and target."""
    earlier = aliased(Delivery)
    blocked = select(earlier.position).where(
        earlier.target == Delivery.target,
        earlier.subject == Delivery.subject,
        earlier.position < Delivery.position,
        _waits(earlier),
    )
    return (
        _waits(Delivery),
        Delivery.target.in_(list(targets)),
        Delivery.available_at <= now,
        ~blocked.exists(),
    )


def _waits(row: Any) -> ColumnElement[bool]:
    return and_(row.delivered_at.is_(None), row.dead_at.is_(None))


def _set(session: Session, position: int, **values: Any) -> bool:
    change = update(Delivery).where(Delivery.position == position, Delivery.delivered_at.is_(None))
    return bool(session.execute(change.values(**values)).rowcount)  # type: ignore[attr-defined]
