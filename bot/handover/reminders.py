"""Reminders, each once per visit and time: in the patient's own chat or by email, as bot/clinic/window.py says.

Which it was stands with the line; the desk gets a row when neither reaches the patient in time.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from bot.clinic.booking import visit
from bot.clinic.booking.card import calendar_path, visit_card
from bot.clinic.booking.reminders import AHEAD, QuietHours, is_due
from bot.handover.words import Words
from bot.store import bookings, conversations, desk_ownership, errands, reach, slots_reminders, triage
from bot.store.engine import Sessions, reading, unit_of_work
from bot.store.models import Booking

LOOK_AHEAD = AHEAD + timedelta(hours=24)  # quiet hours move a reminder forward by less than a day


def quiet_hours(words: Words) -> QuietHours:
    """The clinic's quiet hours, from clinic.yml."""
    given = words.content.clinic.booking.quiet_hours
    return QuietHours(given.start, given.end)


def send_due(sessions: Sessions, words: Words, now: datetime, *, by_email: bool, secret: str = "") -> int:
    """Remind whom it is time to remind; returns how many. `by_email` says that the installation can send emails,
    `secret` signs the paths of calendar files.

    The chat message, the queued email or the desk's row, and the note that this was done are one transaction.
    """
    quiet, zone = quiet_hours(words), words.clinic.time_zone
    with reading(sessions) as session:
        near = slots_reminders.near(session, now, now + LOOK_AHEAD)
        due = [row.id for row in near if row.starts_at and is_due(row.starts_at, row.updated_at, now, quiet, zone)]
    return sum(_remind(sessions, words, booking_id, now, by_email, secret) for booking_id in due)


def _remind(  # noqa: PLR0913, PLR0917 - one visit, and what its reminder is made with
    sessions: Sessions, words: Words, booking_id: str, now: datetime, by_email: bool, secret: str
) -> bool:
    with unit_of_work(sessions) as session:
        row = session.get(Booking, booking_id)
        if row is None or row.status != "booked" or not slots_reminders.note(session, row, now):
            return False
        payload = bookings.as_payload(row)
        buttons = [
            {"title": words.say("reminder", "change", payload), "payload": visit.payload("change", row.reference)},
            {"title": words.say("reminder", "cancel", payload), "payload": visit.payload("cancel", row.reference)},
        ]
        calendar = calendar_path(secret, row.id)
        card = visit_card(words.clinic, row.reference, row.status, row.starts_at, row.treatment, calendar)
        has_email = by_email and row.contact_kind == "email"
        way = reach.route(session, row.conversation_id, now, has_email=has_email)
        metadata = {**card, "reminder": True, "route": way}
        say = {"text": words.say("reminder", "text", payload), "buttons": buttons, "metadata": metadata}
        line = desk_ownership.say_if_free(session, row.conversation_id, say, now)
        if line is None:
            _ask_the_desk(session, row, now)
        else:
            reach.note(session, row, line, way, now)
        if has_email if line is None else way == "email":
            _email(session, words, row, now)
        session.commit()
        return True


def _ask_the_desk(session: Session, row: Booking, now: datetime) -> None:
    """A person has the chat, where the bot is silent: that person reminds the patient."""
    item = triage.add_for_visit(
        session,
        row,
        details={"wants": "reminder"},
        key=f"remind:{row.id}:{row.version}",
        now=now,
    )
    holder = conversations.get_conversation(session, row.conversation_id).assigned_to
    if holder is not None:
        triage.assign(session, item.id, holder, now)


def _email(session: Session, words: Words, row: Booking, now: datetime) -> None:
    payload = bookings.as_payload(row)
    mail = {
        "to": row.contact,
        "subject": words.say("reminder", "subject", payload),
        "text": words.say("reminder", "email", payload),
        **{"visit": row.id, "version": row.version},  # it leaves only while the visit is still so, and to come
    }
    key = f"reminder:{row.id}:{row.version}"
    errands.put(session, "email", row.conversation_id, mail, now, key=key)
