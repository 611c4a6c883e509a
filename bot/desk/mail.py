"""Answers by email to patients who left an address and went away; without a mail server in the settings, none.

The message waits as an errand and is sent by a task, so that a mail server that is down
keeps nobody waiting and loses nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from email.message import EmailMessage

from bot.clinic.booking.contact import is_one_address
from bot.desk.context import Desk, View
from bot.handover import smtp
from bot.store import bookings, errands
from bot.store.engine import Session
from bot.store.models import Booking, Message


def address(desk: Desk, visits: Sequence[Booking]) -> str | None:
    """Where the patient can be written to; None without an address or a mail server."""
    if not smtp_url(desk):
        return None
    return next((visit.contact for visit in visits if visit.contact_kind == "email"), None)


def smtp_url(desk: Desk) -> str:
    """The mail server: `smtp://user:password@host:587?starttls=1` or `smtps://…`; empty when there is none."""
    return getattr(desk.settings, "smtp_url", "") or ""


def queue_reply(session: Session, view: View, conversation_id: str, message: Message) -> bool:
    """Queue a reply as an email; False when the patient left no address."""
    to = address(view.desk, bookings.of_conversation(session, conversation_id))
    if to is None:
        return False
    words, content = view.desk.words, view.desk.content
    payload = {
        "to": to,
        "subject": words.say(content, "email_subject"),
        "text": f"{message.text}\n\n{view.staff.name}\n{words.say(content, 'email_footer')}",
    }
    return errands.put(session, "email", conversation_id, payload, view.now, key=f"email:{message.id}")


def send(url: str, sender: str, to: str, subject: str, text: str) -> None:
    """Send one email to one address; raises OSError or smtplib.SMTPException, ValueError for what is no address."""
    if not is_one_address(to):
        raise ValueError("the recipient is not one email address")
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, to, subject
    message.set_content(text)
    smtp.send(url, message)
