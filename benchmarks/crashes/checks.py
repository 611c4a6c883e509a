"""What must be true of the database afterwards, whatever was killed when."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from benchmarks.crashes.people import Patient
from bot.clinic.booking.clinic import Clinic
from bot.store import bookings, conversations
from bot.store.diary import HOLDING
from bot.store.models import AuditEntry, Booking, OutboxItem, TriageItem
from bot.store.slots_models import SlotHold

EARLIER = {"confirm": 7, "note": 6, "when": 5, "contact": 4, "name": 3, "treatment": 2, "check_first": 1}


def problems_of(session: Session, patient: Patient, status: str) -> list[str]:
    """What is wrong with a patient's booking and chat; empty when nothing is lost, doubled or begun anew."""
    rows = bookings.of_conversation(session, patient.conversation_id)
    if len(rows) != 1:
        return ["lost" if not rows else f"doubled: {len(rows)} bookings"]
    return [*_booking(rows[0], patient, status), *_told(session, rows[0]), *_chat(session, patient), *_anew(patient)]


def _booking(row: Booking, patient: Patient, status: str) -> list[str]:
    found = []
    if set(patient.references) != {row.reference}:
        found.append("another reference was said")
    if (row.name, row.contact) != (patient.name, patient.contact):
        found.append("name or contact differ")
    if row.starts_at != datetime.fromisoformat(patient.wanted):
        found.append("another time than the one read back")
    if row.status != status:
        found.append(f"{row.status} instead of {status}")
    return found


def _told(session: Session, row: Booking) -> list[str]:
    """Each change once in the outbox and once on record, one row in the queue, nothing held any more."""
    versions = list(range(row.version + 1))
    items = session.scalars(select(OutboxItem).where(OutboxItem.subject == row.id).order_by(OutboxItem.position))
    audits = select(func.count()).where(
        AuditEntry.subject == f"booking:{row.id}", AuditEntry.action.in_(["booking.created", "booking.rescheduled"])
    )
    queued = select(func.count()).where(TriageItem.booking_id == row.id, TriageItem.key == f"booking:{row.id}")
    found = []
    if [item.payload["version"] for item in items] != versions:
        found.append("the outbox misses a change or has one twice")
    if session.scalar(audits) != (2 if row.version > 1 else 1):
        found.append("the record misses a change or has one twice")
    if session.scalar(queued) != 1:
        found.append("not once in the desk's queue")
    if session.get(SlotHold, row.conversation_id) is not None:
        found.append("a time is still held")
    return found


def _chat(session: Session, patient: Patient) -> list[str]:
    """Each message of the patient once, and what was answered is what stands in the chat."""
    lines = conversations.transcript(session, patient.conversation_id, limit=1000)
    mine = [line.client_id for line in lines if line.sender == "patient"]
    found = [] if sorted(map(str, mine)) == sorted(patient.sent) else ["a message is missing or stands twice"]
    answered = sorted(line.id for line in lines if line.reply_to is not None)
    if answered != sorted(id for ids in patient.sent.values() for id in ids):
        found.append("what stands in the chat is not what was answered")
    return found


def _anew(patient: Patient) -> list[str]:
    """Whether what was answered before was asked again: the booking was not picked up where it stood."""
    ranks = [EARLIER[step] for step in patient.asked if step in EARLIER]
    return ["begun anew"] if any(later < earlier for earlier, later in pairwise(ranks)) else []


def crowded(session: Session, clinic: Clinic) -> list[str]:
    """The references of visits for which there is no room."""
    rows = session.scalars(select(Booking).where(Booking.status.in_(HOLDING)))
    spans = [
        (row.reference, row.starts_at, row.starts_at + timedelta(minutes=clinic.minutes(row.treatment)))
        for row in rows
        if row.starts_at is not None
    ]
    return [one for one, start, _ in spans if sum(low <= start < high for _, low, high in spans) > clinic.rooms]
