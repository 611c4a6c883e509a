"""The audit log: written in the transaction of the change it records, read by admins, never changed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.store.models import AuditEntry
from bot.store.writing import insert


def record(  # noqa: PLR0913 - a row has this many fields, all named at the call
    session: Session,
    *,
    actor: str,
    action: str,
    subject: str,
    now: datetime,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Note that `actor` (a staff id, "bot", "patient", "system") did `action` ("booking.created") to `subject`
    ("booking:<id>"). `details` are ids, states and counts; a patient's words, name or contact never belong here."""
    insert(session, AuditEntry, actor=actor, action=action, subject=subject, at=now, details=dict(details or {}))


def history(
    session: Session, subject: str | None = None, before: int | None = None, limit: int = 100
) -> list[AuditEntry]:
    """The newest entries first, of one subject or of all; `before` is the id of the last entry of the former page."""
    wanted = select(AuditEntry)
    if subject is not None:
        wanted = wanted.where(AuditEntry.subject == subject)
    if before is not None:
        wanted = wanted.where(AuditEntry.id < before)
    return list(session.scalars(wanted.order_by(AuditEntry.id.desc()).limit(limit)))


def has(session: Session, actor: str, action: str, subject: str, since: datetime) -> bool:
    """Whether somebody has done something to a thing since a moment."""
    wanted = select(AuditEntry.id).where(
        AuditEntry.subject == subject, AuditEntry.actor == actor, AuditEntry.action == action, AuditEntry.at >= since
    )
    return session.scalar(wanted.limit(1)) is not None
