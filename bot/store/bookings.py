"""Bookings. Every change writes the row, its audit entry and the outgoing message in one transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from bot.clinic.booking.reference import new_reference, normal_reference
from bot.store import audit, outbox, triage
from bot.store.columns import new_id
from bot.store.crypto import blind_index, blind_indexes
from bot.store.models import Booking
from bot.store.plain import Plain
from bot.store.terms import BookingStatus, ContactKind
from bot.store.writing import insert_once

_KNOWN = Plain(select(Booking.__table__.c.id).where(Booking.__table__.c.key == bindparam("key")))
TO_COME: tuple[BookingStatus, ...] = ("proposed", "pending", "booked")


class NoFreeReference(RuntimeError):
    """No unused booking reference was found; with 240 million of them, look for a broken random source."""


@dataclass(frozen=True)
class Request:
    """What a patient asks for. `contact` is an E.164 phone number or an email address, as `contact_kind` says;
    `wish` the day and time in the patient's words; `starts_at` the time understood, if any.
    `screening_status` is the outcome of the visitor's screening or "not_screened"; `person` the word for somebody else
    whom the visit is for, None where it is for the patient. `key` names the form run it comes from, so that
    a confirmation repeated after a crash finds its booking instead of making a second one."""

    name: str
    contact: str
    contact_kind: ContactKind
    treatment: str | None = None
    starts_at: datetime | None = None
    wish: str | None = None
    note: str | None = None
    screening_id: str | None = None
    screening_status: str = "not_screened"
    person: str | None = None
    key: str | None = None


def create(session: Session, conversation_id: str, request: Request, now: datetime, actor: str = "patient") -> Booking:
    """Store a request as `proposed` with a reference to quote, queue it for the desk and for hand-over."""
    row = _insert(session, conversation_id, request, now)
    if row is None:
        return session.scalars(select(Booking).where(Booking.key == request.key)).one()
    triage.add(
        session,
        kind="booking",
        handoff_reason="booking",
        conversation_id=conversation_id,
        booking_id=row.id,
        key=f"booking:{row.id}",
        details={"reference": row.reference},
        now=now,
    )
    _announce(session, row, "booking.created", actor, now)
    return row


def is_known(session: Session, key: str | None) -> bool:
    """Whether a form run has made its booking already."""
    return key is not None and _KNOWN.first(session.connection(), {"key": key}) is not None


def find(session: Session, reference: str, contact: str) -> Booking | None:
    """The booking with this reference that was made with this contact; a wrong half looks like a wrong whole."""
    wanted = select(Booking).where(
        Booking.reference == normal_reference(reference), Booking.contact_index.in_(blind_indexes(contact))
    )
    return session.scalar(wanted)


def find_by_reference(session: Session, reference: str) -> Booking | None:
    """The booking with this reference, for whoever may see every booking."""
    return session.scalar(select(Booking).where(Booking.reference == normal_reference(reference)))


def of_conversation(session: Session, conversation_id: str) -> list[Booking]:
    """A conversation's bookings, newest first."""
    wanted = select(Booking).where(Booking.conversation_id == conversation_id)
    return list(session.scalars(wanted.order_by(Booking.created_at.desc(), Booking.id)))


def of_visitor(session: Session, conversation_id: str, about: str, words: Collection[str]) -> list[Booking]:
    """A conversation's bookings for the patient (`about` self), or for somebody else by what they may be called."""
    rows = of_conversation(session, conversation_id)
    if about == "self":
        return [row for row in rows if row.person is None]
    return [row for row in rows if row.person is not None and (not row.person or not words or row.person in words)]


def rescreen(  # noqa: PLR0913 - what was decided for whom, and by whom
    session: Session, rows: Iterable[Booking], screening_id: str, outcome: str, *, actor: str, now: datetime
) -> list[Booking]:
    """Note what a later screening of the visitor decided on the visits to come among `rows`; returns those of which the
    desk and the systems behind it have to hear, because it decided otherwise than what they know."""
    changed = []
    for row in rows:
        if row.status not in TO_COME:
            continue
        row.screening_id = screening_id
        if row.screening_status == outcome:
            continue
        row.screening_status = outcome
        _changed(session, row, "booking.rescreened", actor, now)
        triage.add_for_visit(
            session,
            row,
            key=f"rescreened:{row.id}:{row.version}",
            details={"screening": outcome},
            now=now,
        )
        changed.append(row)
    session.flush()
    return changed


def set_status(session: Session, booking: Booking, status: BookingStatus, *, actor: str, now: datetime) -> Booking:
    """Move a booking to a state; which moves make sense is decided by the caller. No change, no message."""
    if booking.status != status:
        booking.status = status
        _changed(session, booking, f"booking.{status}", actor, now)
    return booking


def reschedule(  # noqa: PLR0913 - a row has this many fields, all named at the call
    session: Session, booking: Booking, starts_at: datetime | None, wish: str | None, *, actor: str, now: datetime
) -> Booking:
    """Ask for another time; the booking is `proposed` again until somebody confirms it."""
    booking.starts_at, booking.wish, booking.status = starts_at, wish, "proposed"
    _changed(session, booking, "booking.rescheduled", actor, now)
    return booking


def _insert(session: Session, conversation_id: str, request: Request, now: datetime) -> Booking | None:
    """The new row, or None when another process just stored the same key."""
    values: dict[str, Any] = {
        **vars(request),
        "conversation_id": conversation_id,
        "contact_index": blind_index(request.contact),
        "created_at": now,
        "updated_at": now,
    }
    for _ in range(5):
        row = insert_once(session, Booking, (), id=new_id(), reference=new_reference(), **values)
        if row is not None or is_known(session, request.key):
            return row
    raise NoFreeReference("five references in a row were taken")


def _changed(session: Session, booking: Booking, action: str, actor: str, now: datetime) -> None:
    booking.version += 1
    booking.updated_at = now
    session.flush()
    _announce(session, booking, action, actor, now)


def _announce(session: Session, booking: Booking, action: str, actor: str, now: datetime) -> None:
    subject = f"booking:{booking.id}"
    details = {"version": booking.version, "status": booking.status, "reference": booking.reference}
    audit.record(session, actor=actor, action=action, subject=subject, now=now, details=details)
    outbox.put(
        session,
        kind=action,
        key=f"{subject}:{booking.version}",
        subject=booking.id,
        conversation_id=booking.conversation_id,
        payload=as_payload(booking),
        now=now,
    )


def as_payload(booking: Booking) -> dict[str, Any]:
    """The booking as plain JSON for another system: everything it needs, times in ISO 8601 UTC."""
    return {
        "id": booking.id,
        "reference": booking.reference,
        "version": booking.version,
        "status": booking.status,
        "name": booking.name,
        "contact": booking.contact,
        "contact_kind": booking.contact_kind,
        "treatment": booking.treatment,
        "starts_at": booking.starts_at.astimezone(timezone.utc).isoformat() if booking.starts_at else None,
        "wish": booking.wish,
        "note": booking.note,
        "screening_id": booking.screening_id,
        "screening_status": booking.screening_status,
        "updated_at": booking.updated_at.isoformat(),
    }
