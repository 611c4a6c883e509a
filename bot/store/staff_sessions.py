"""Signed-in browsers: they end by signing out, after a while without use, and at the latest after a working day."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from bot.store import audit
from bot.store.columns import new_id
from bot.store.desk_models import StaffSession
from bot.store.models import StaffUser

IDLE = timedelta(hours=2)
ABSOLUTE = timedelta(hours=12)
TOUCH_EVERY = timedelta(minutes=1)


def start(session: Session, user: StaffUser, now: datetime) -> StaffSession:
    """Sign a browser in; the count of wrong codes starts over."""
    user.failed_attempts, user.locked_until = 0, None
    row = StaffSession(id=new_id(), staff_id=user.id, created_at=now, seen_at=now)
    session.add(row)
    audit.record(session, actor=user.id, action="staff.signed_in", subject=f"staff:{user.id}", now=now)
    return row


def who(session: Session, session_id: str, now: datetime) -> tuple[StaffUser, bool] | None:
    """The user of a live session, and whether `touch` is due; None when it ended or ran out."""
    row = session.get(StaffSession, session_id)
    if row is None or row.ended_at is not None or now >= row.created_at + ABSOLUTE or now >= row.seen_at + IDLE:
        return None
    user = session.get(StaffUser, row.staff_id)
    return (user, now - row.seen_at > TOUCH_EVERY) if user is not None and user.active else None


def began(session: Session, session_id: str) -> datetime:
    """When somebody signed in."""
    return session.get_one(StaffSession, session_id).created_at


def touch(session: Session, session_id: str, now: datetime) -> None:
    """Note that the session was used."""
    session.execute(update(StaffSession).where(StaffSession.id == session_id).values(seen_at=now))


def end(session: Session, session_id: str, now: datetime) -> None:
    """Sign a browser out."""
    live = update(StaffSession).where(StaffSession.id == session_id, StaffSession.ended_at.is_(None))
    session.execute(live.values(ended_at=now))
