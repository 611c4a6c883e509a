"""What a patient is told when the desk, or the clinic's own system, changes a visit."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bot.clinic.booking import visit
from bot.clinic.booking.card import calendar_path, visit_card
from bot.clinic.booking.plan import clinic_from
from bot.clinic.desk.visits import Move, leads_to
from bot.desk import mail
from bot.desk.context import Desk
from bot.desk.jobs.promises import spoken
from bot.store import desk_ownership, errands, reach
from bot.store.engine import Session
from bot.store.models import Booking

SAID = {
    "confirm": "booking_confirmed",
    "propose": "booking_proposed",
    "decline": "booking_declined",
    "arrived": "booking_arrived",
    "noshow": "booking_noshow",
}
BY_EMAIL = ("confirm", "propose", "decline")


def tell(  # noqa: PLR0913, PLR0917 - a change, who made it and when
    desk: Desk, session: Session, row: Booking, move: Move, reason: str, author: str | None, now: datetime
) -> None:
    """Tell the patient of a move, if there is something to tell: in the chat, and by email to who left an address. Whom
    neither reaches now, the desk is to call. `author` is the member of staff, None when no person did it."""
    say = news(desk, row, move, reason)
    if say is None:
        return
    to = mail.address(desk, [row])
    is_invited = move == "confirm" and desk.invites_patients  # the invitation says the same
    way = reach.route(session, row.conversation_id, now, has_email=to is not None) if move in BY_EMAIL else "chat"
    say["metadata"]["route"] = way
    line = desk_ownership.tell_patient(session, row.conversation_id, author, say, now)
    reach.note(session, row, line, way, now)
    if to and move in BY_EMAIL and not is_invited:
        subject = desk.words.say(desk.content, "visit_subject", reference=row.reference)
        letter = {"to": to, "subject": subject, "text": f"{say['text']}\n\n{_footer(desk)}"}
        errands.put(session, "email", row.conversation_id, letter, now, key=f"visit:{row.id}:{row.version}")


def _footer(desk: Desk) -> str:
    return desk.words.say(desk.content, "visit_footer")


def news(desk: Desk, row: Booking, move: Move, reason: str) -> dict[str, Any] | None:
    """The message about a move that was made; None for one that is nothing to tell."""
    if move not in SAID:
        return None
    when, why = spoken(row.starts_at, desk.zone) if row.starts_at else "", reason.strip()[:300].rstrip(".")
    text = desk.words.say(desk.content, SAID[move], when=when, reference=row.reference, reason=why)
    clinic, calendar = clinic_from(desk.content.clinic), calendar_path(desk.settings.secret, row.id)
    card = visit_card(clinic, row.reference, leads_to(move), row.starts_at, row.treatment, calendar)
    return {"text": text, "buttons": _buttons(desk, row, move), "metadata": card}


def _buttons(desk: Desk, row: Booking, move: Move) -> list[dict[str, str]]:
    words = desk.words.buttons
    if move != "propose":
        return []
    return [
        {"title": words["suits"], "payload": visit.payload("accept", row.reference)},
        {"title": words["other_time"], "payload": visit.payload("change", row.reference)},
    ]
