"""Answers by email to patients who left an address and went away; without a mail server in the settings, none.

The message waits as an errand and is sent by a task, so that a mail server that is down
keeps nobody waiting and loses nothing.
"""

from __future__ import annotations

import smtplib
from collections.abc import Sequence
from email.message import EmailMessage
from urllib.parse import parse_qs, unquote, urlsplit

from bot.clinic.booking.contact import is_one_address
from bot.desk.context import Desk, View
from bot.store import bookings, errands
from bot.store.engine import Session
from bot.store.models import Booking, Message

TIMEOUT_SECONDS = 15


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
    parts = urlsplit(url)
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, to, subject
    message.set_content(text)
    make = smtplib.SMTP_SSL if parts.scheme == "smtps" else smtplib.SMTP
    with make(parts.hostname or "localhost", parts.port or 0, timeout=TIMEOUT_SECONDS) as server:
        if parse_qs(parts.query).get("starttls") == ["1"]:
            server.starttls()
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        server.send_message(message)
