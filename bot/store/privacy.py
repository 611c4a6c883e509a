"""A person's rights over their data: all of a conversation removed everywhere, handed out, or found by a contact.

`bot/store/personal.py` says which rows are about a person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import Session

from bot.clinic.booking.reference import normal_reference
from bot.store import audit, outbox
from bot.store.bookings import as_payload
from bot.store.crypto import blind_indexes
from bot.store.desk_models import GroupedQuestion, QuestionGroup
from bot.store.desk_queue import bump
from bot.store.erasures import note_when_committed
from bot.store.forgetting import ERASED
from bot.store.messenger_models import MessengerEvent
from bot.store.models import Booking, KeptVisit, OutboxItem, TriageItem
from bot.store.personal import person_of, rows_about

TOOK_PLACE = ("arrived", "fulfilled")
TO_COME = ("proposed", "pending", "booked")
NO_CENTRE = ""  # the encoder of a group whose centre is to be made anew
_HIDDEN = {"contact_index", "person_index"}


def erase_conversation(
    session: Session, conversation_id: str, *, actor: str, now: datetime, visit_record_days: int = 0
) -> dict[str, int]:
    """Delete everything about a conversation; returns the rows removed per table.

    Of visits that took place a record stays for `visit_record_days` from the visit: the law makes a clinic keep it;
    visits to come are called off where they were handed over. The audit log keeps who did what to which id, and no word
    of the patient. The id is gone for good: what a turn under way writes again is refused by the tracker store
    or removed by the next run of the retention.
    """
    session.flush()
    kept = _keep(session, visits_that_stay(session, conversation_id, now), visit_record_days, now)
    _call_off(session, conversation_id, now)
    forget_in_groups(session, conversation_id)
    removed: dict[str, int] = {}
    person = person_of(session, conversation_id)
    for table, condition in reversed(rows_about(person)):
        statement: Any = delete(table).where(condition)
        if table.name == MessengerEvent.__tablename__:
            statement = _nobodys(condition, now, asked_by_patient=actor == "patient")
        removed[table.name] = int(session.execute(statement).rowcount)  # type: ignore[attr-defined]
    session.expire_all()
    bump(session, ERASED)
    subject, details = f"conversation:{conversation_id}", {**removed, "visits_kept": kept}
    audit.record(session, actor=actor, action="conversation.erased", subject=subject, now=now, details=details)
    note_when_committed(session, conversation_id)
    return removed


def visits_that_stay(session: Session, conversation_id: str, now: datetime) -> list[Booking]:
    """The visits that took place: of these the clinic has to keep a record."""
    wanted = select(Booking).where(Booking.conversation_id == conversation_id)
    return [row for row in session.scalars(wanted) if _took_place(row, now)]


def export_conversation(session: Session, conversation_id: str) -> dict[str, list[dict[str, Any]]]:
    """Everything stored about a conversation, decrypted, as JSON-ready rows per table; empty lists when nothing is."""
    return {
        table.name: [
            _plain(row._mapping)
            for row in session.execute(select(table).where(condition).order_by(*table.primary_key.columns))
        ]
        for table, condition in rows_about(person_of(session, conversation_id))
    }


def note_export(
    session: Session, conversation_id: str, rows: Mapping[str, Sequence[Any]], *, actor: str, now: datetime
) -> None:
    """Write into the audit log that somebody handed a conversation's data out, and how much."""
    subject, counts = f"conversation:{conversation_id}", {name: len(some) for name, some in rows.items() if some}
    audit.record(session, actor=actor, action="privacy.exported", subject=subject, now=now, details=counts)


def find_conversations(session: Session, known: str) -> list[str]:
    """The conversations in which somebody booked with this contact or got this reference, newest first."""
    reference, contacts = normal_reference(known), blind_indexes(known)
    wanted = select(Booking).where((Booking.reference == reference) | Booking.contact_index.in_(contacts))
    rows = session.scalars(wanted.order_by(Booking.created_at.desc()))
    return list(dict.fromkeys(row.conversation_id for row in rows))


def forget_in_groups(session: Session, conversation_id: str) -> None:
    """Groups of questions lose the share of the erased ones: the desk's job makes their centre anew from the others."""
    mine = (
        select(GroupedQuestion.group_id)
        .join(TriageItem, TriageItem.id == GroupedQuestion.item_id)
        .where(TriageItem.conversation_id == conversation_id)
    )
    session.execute(
        update(QuestionGroup).where(QuestionGroup.id.in_(mine)).values(encoder=NO_CENTRE, centre=""),
        execution_options={"synchronize_session": False},
    )


def remove_visit(session: Session, row: Booking, now: datetime, visit_record_days: int) -> None:
    """Delete one visit with what was handed over and queued about it; the record the law asks for stays."""
    _keep(session, [row] if _took_place(row, now) else [], visit_record_days, now)
    for table in (OutboxItem, TriageItem):
        which = OutboxItem.subject if table is OutboxItem else TriageItem.booking_id
        session.execute(delete(table).where(which == row.id))
    session.delete(row)
    session.flush()


def _took_place(row: Booking, now: datetime) -> bool:
    """A fixed visit whose hour is past counts, also when nobody has ticked it off."""
    return row.starts_at is not None and row.starts_at <= now and row.status in (*TOOK_PLACE, "booked")


def _keep(session: Session, visits: list[Booking], days: int, now: datetime) -> int:
    kept = 0
    for row in visits:
        assert row.starts_at is not None
        until = row.starts_at + timedelta(days=days)
        if until > now:
            values = {"reference": row.reference, "name": row.name, "treatment": row.treatment, "status": row.status}
            session.merge(KeptVisit(id=row.id, **values, starts_at=row.starts_at, erased_at=now, keep_until=until))
            kept += 1
    return kept


def _nobodys(condition: ColumnElement[bool], now: datetime, *, asked_by_patient: bool) -> Any:
    """Queued events lose their words and their person; the key stays, so that one sent again is known as done.

    What a patient wrote after "yes, delete it" and nobody has begun to work on is a new chat's first message.
    """
    if asked_by_patient:
        condition = condition & (MessengerEvent.done_at.is_not(None) | (MessengerEvent.attempts > 0))
    stripped = {"person_index": "", "body": None, "done_at": func.coalesce(MessengerEvent.done_at, now)}
    return update(MessengerEvent).where(condition).values(stripped).execution_options(synchronize_session=False)


def _call_off(session: Session, conversation_id: str, now: datetime) -> None:
    """Tell the systems that know of a visit to come that it is called off: id and reference, nothing personal."""
    told = select(OutboxItem.subject).where(OutboxItem.conversation_id == conversation_id)
    told = told.where(OutboxItem.delivered_at.is_not(None))
    wanted = select(Booking).where(Booking.conversation_id == conversation_id, Booking.status.in_(TO_COME))
    for row in session.scalars(wanted.where(Booking.id.in_(told))):
        nobody = {"name": "", "contact": "", "contact_kind": "phone", "wish": None, "note": None, "screening_id": None}
        payload = {**as_payload(row), **nobody, "status": "cancelled", "version": row.version + 1}
        key = f"booking:{row.id}:{row.version + 1}"
        outbox.put(session, kind="booking.cancelled", key=key, subject=row.id, payload=payload, now=now)


def _plain(row: Any) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in row.items()
        if name not in _HIDDEN
    }
