"""Who agreed to which version of the privacy notice, and who did not; each reply is a row, the last one counts."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.store import audit
from bot.store.models import Consent
from bot.store.writing import insert


def record(session: Session, conversation_id: str, version: str, *, given: bool, now: datetime) -> None:
    """Write a reply to the notice down, and that it was made into the audit log, which outlives the conversation."""
    insert(session, Consent, conversation_id=conversation_id, version=version, given=given, at=now)
    action, subject = "consent.given" if given else "consent.refused", f"conversation:{conversation_id}"
    audit.record(session, actor="patient", action=action, subject=subject, now=now, details={"version": version})


def latest(session: Session, conversation_id: str) -> Consent | None:
    """The last reply of a conversation; None when it was never asked."""
    wanted = select(Consent).where(Consent.conversation_id == conversation_id)
    return session.scalars(wanted.order_by(Consent.at.desc(), Consent.id.desc()).limit(1)).first()
