"""How news reaches a patient who did not just ask for it, and the desk's row when it does not. Nothing here commits."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.clinic.window import Route, news_route
from bot.store import messenger, triage
from bot.store.models import Booking, Message

UNREACHED = "The patient could not be told in the chat or by email. Please call them."


def route(session: Session, conversation_id: str, now: datetime, *, has_email: bool) -> Route:
    """The way of something unasked to the patient of a conversation, as things are now."""
    link = messenger.link_of(session, conversation_id)
    if link is not None and messenger.is_for(session, conversation_id):
        return news_route(True, link.last_wrote_at, now, has_email)
    newest = select(func.max(Message.created_at)).where(
        Message.conversation_id == conversation_id, Message.sender == "patient"
    )
    return news_route(False, session.scalar(newest), now, has_email)


def note(session: Session, row: Booking, line: Message, way: Route, now: datetime) -> None:
    """Write down what became of a line about a visit: Messenger does not repeat what an email says, and the desk calls
    whom nothing reaches."""
    if way != "chat" and messenger.is_for(session, row.conversation_id):
        state, reason = ("sent", "by_email") if way == "email" else ("waiting", "outside_24_hours")
        messenger.note_delivery(session, row.conversation_id, line.id, state=state, reason=reason, now=now)
    if way == "wait":
        triage.add_for_visit(
            session,
            row,
            message_id=line.id,
            key=f"unreached:{line.id}",
            details={"note": UNREACHED},
            now=now,
        )
