"""The versions of the content: what went live when, who approved it, and which one a past answer came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.clinic.content import Content, ContentError, load_kept
from bot.store import audit
from bot.store.models import AuditEntry, ContentVersion, Message, Screening
from bot.store.writing import insert_once


@dataclass(frozen=True)
class Origin:
    """Where something the bot said came from: its metadata, and the content of that time, if it is on record."""

    meta: Mapping[str, Any]
    text: str
    said_at: datetime
    version: str
    content: ContentVersion | None


def note_live(session: Session, version: str, files: Mapping[str, str], now: datetime) -> bool:
    """The installation now speaks from this version; False when it did so before. The audit log has when, and after
    which version."""
    former = live(session)
    if former is not None and former.version == version:
        return False
    row = _kept(session, version, files)
    row.live_at = now
    details = {"former": former.version if former else None, "approved_by": row.approved_by}
    subject = f"content:{version}"
    audit.record(session, actor="system", action="content.live", subject=subject, now=now, details=details)
    return True


def approve(  # noqa: PLR0913 - what is approved, by whom
    session: Session, version: str, files: Mapping[str, str], by: str, *, changes: int, now: datetime
) -> None:
    """A clinician stands behind this version; `changes` is how many things patients will read differently."""
    row = _kept(session, version, files)
    row.approved_by, row.approved_at = by[:128], now
    details = {"by": by[:128], "changes": changes}
    subject = f"content:{version}"
    audit.record(session, actor="system", action="content.approved", subject=subject, now=now, details=details)


def live(session: Session) -> ContentVersion | None:
    """The version that went live last."""
    wanted = select(ContentVersion).where(ContentVersion.live_at.is_not(None))
    return session.scalars(wanted.order_by(ContentVersion.live_at.desc()).limit(1)).first()


def find(session: Session, version: str) -> ContentVersion | None:
    """A version on record."""
    return session.get(ContentVersion, version)


def is_approved(session: Session, version: str) -> bool:
    """Whether somebody stands behind this version."""
    row = find(session, version)
    return row is not None and row.approved_at is not None


def by_which(session: Session, row: Screening, at_hand: Content) -> Content | None:
    """The content a screening was decided by; None when it is not on record or this program no longer reads it."""
    if row.content_version == at_hand.version:
        return at_hand
    kept = find(session, row.content_version)
    try:
        return load_kept(kept.files) if kept else None
    except ContentError:
        return None


def origin(session: Session, message_id: str) -> Origin | None:
    """Where something the bot once said came from; None for what it did not say. What names no version came from the
    one that was live at that moment."""
    row = session.scalar(select(Message).where(Message.id == message_id, Message.sender == "bot"))
    if row is None:
        return None
    version = str(row.meta.get("content") or _live_at(session, row.created_at))
    return Origin(row.meta, row.text, row.created_at, version, find(session, version))


def _live_at(session: Session, moment: datetime) -> str:
    wanted = select(AuditEntry.subject).where(AuditEntry.action == "content.live", AuditEntry.at <= moment)
    return (session.scalars(wanted.order_by(AuditEntry.id.desc()).limit(1)).first() or "").removeprefix("content:")


def _kept(session: Session, version: str, files: Mapping[str, str]) -> ContentVersion:
    made = insert_once(session, ContentVersion, ("version",), version=version, files=dict(files))
    return made or session.get_one(ContentVersion, version)
