"""What the desk does after a change and apart from it: written with the change, done by a task, at least once.

Errands of one kind and conversation are done in the order they were written.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, aliased

from bot.store.desk_models import Errand, ErrandKind
from bot.store.writing import insert_if_new

LEAVING: tuple[ErrandKind, ...] = ("email", "alert")  # what goes to others; the tracker is a part of this system
FIRST_PAUSE = timedelta(seconds=2)  # each pause is twice as long as the one before
LONGEST_PAUSE: Mapping[str, timedelta] = {
    "tracker": timedelta(minutes=10),
    "email": timedelta(hours=1),
    "alert": timedelta(minutes=10),
}
# About three days; an alert, six hours: who stands at the desk by then sees the queue.
ATTEMPTS: Mapping[str, int] = {"tracker": 440, "email": 82, "alert": 44}


def put(  # noqa: PLR0913 - a row has this many fields
    session: Session,
    kind: ErrandKind,
    conversation_id: str,
    payload: Mapping[str, Any],
    now: datetime,
    *,
    key: str | None = None,
) -> bool:
    """Queue an errand; False when one with this key was queued before."""
    values: dict[str, Any] = {
        "kind": kind,
        "key": key,
        "conversation_id": conversation_id,
        "payload": dict(payload),
        "created_at": now,
        "available_at": now,
    }
    return insert_if_new(session, Errand, ("key",), **values)


def claim(session: Session, kind: ErrandKind, now: datetime, until: datetime, limit: int = 20) -> list[Errand]:
    """Take what is due, at most one per conversation; nobody else gets it before `until`."""
    earlier = aliased(Errand)
    blocked = select(earlier.position).where(
        earlier.kind == Errand.kind,
        earlier.conversation_id == Errand.conversation_id,
        earlier.position < Errand.position,
        earlier.done_at.is_(None),
    )
    query = select(Errand).where(
        Errand.kind == kind, Errand.done_at.is_(None), Errand.available_at <= now, ~blocked.exists()
    )
    rows = list(session.scalars(query.order_by(Errand.position).limit(limit).with_for_update(skip_locked=True)))
    for row in rows:
        row.available_at = until
        row.attempts += 1
    session.flush()
    return rows


def done(session: Session, position: int, now: datetime) -> None:
    """It is done."""
    session.execute(update(Errand).where(Errand.position == position).values(done_at=now))


def failed(session: Session, row: Errand, now: datetime) -> None:
    """Try again later, each time after a longer pause; after the last attempt it is given up."""
    if row.attempts >= ATTEMPTS[row.kind]:
        give_up(session, row.position, now)
        return
    pause = min(FIRST_PAUSE * 2 ** min(row.attempts - 1, 20), LONGEST_PAUSE[row.kind])
    session.execute(update(Errand).where(Errand.position == row.position).values(available_at=now + pause))


def give_up(session: Session, position: int, now: datetime) -> None:
    """It is tried no more; it stays on record as failed."""
    session.execute(update(Errand).where(Errand.position == position).values(done_at=now, failed=True))


def given_up(session: Session, limit: int = 50) -> list[Errand]:
    """The emails and alerts that failed for good, newest first."""
    query = select(Errand).where(Errand.kind.in_(LEAVING), Errand.failed.is_(True))
    return list(session.scalars(query.order_by(Errand.done_at.desc(), Errand.position.desc()).limit(limit)))


def revive(session: Session, position: int, now: datetime) -> bool:
    """Give what was given up another round of attempts from now; False when it was not."""
    change = update(Errand).where(Errand.position == position, Errand.kind.in_(LEAVING), Errand.failed.is_(True))
    done = session.execute(change.values(done_at=None, failed=False, attempts=0, available_at=now))
    return bool(done.rowcount)  # type: ignore[attr-defined]


def count_given_up(session: Session) -> int:
    """How many emails and alerts failed for good."""
    query = select(func.count()).where(Errand.kind.in_(LEAVING), Errand.failed.is_(True))
    return session.scalar(query) or 0


def failing(session: Session, kind: ErrandKind) -> bool:
    """Whether something of a kind waits that an attempt has failed to do."""
    query = select(Errand.position).where(Errand.kind == kind, Errand.done_at.is_(None), Errand.attempts > 1)
    return session.scalar(query.limit(1)) is not None


def waiting(session: Session, kind: ErrandKind, now: datetime) -> bool:
    """Whether anything of a kind is due."""
    query = select(Errand.position).where(Errand.kind == kind, Errand.done_at.is_(None), Errand.available_at <= now)
    return session.scalar(query.limit(1)) is not None
