"""Bookings as calendar invitations by email: one UID per booking, SEQUENCE raised by each change, CANCEL at the end."""

from __future__ import annotations

import asyncio
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime

from bot.clinic.booking.calendar_file import CalendarEntry, Method, calendar_file
from bot.clinic.booking.contact import is_one_address
from bot.handover.adapters import Item, Say
from bot.handover.smtp import send
from bot.handover.words import Words

INVITED = ("proposed", "pending", "booked")  # of these states the clinic's calendar is told


class CalendarMail:
    """Invites the clinic's mailbox to every visit, or (`to_patient`) the patient to a confirmed one, and tells them of
    what becomes of it: a time that is not fixed yet is tentative in their calendar too."""

    wants_latest_only = True

    def __init__(self, smtp_url: str, words: Words, mailbox: str = "", *, to_patient: bool = False) -> None:
        self.name = "patient_calendar" if to_patient else "clinic_calendar"
        self._smtp_url, self._words, self._mailbox = smtp_url, words, mailbox
        self._part = "patient" if to_patient else "invitation"

    async def deliver(self, item: Item, now: datetime) -> Say | None:
        method = self.method(item)
        if method is not None:
            await asyncio.to_thread(send, self._smtp_url, self.message(item, method, now))
        return None

    def method(self, item: Item) -> Method | None:
        """REQUEST, CANCEL, or None where nobody is to be written to."""
        if item.starts_at is None or not self._recipient(item):
            return None
        status = item.booking["status"]
        if self._part == "patient" and status != "booked" and not item.was_booked:
            return None  # not in their calendar
        return "CANCEL" if status == "cancelled" else "REQUEST" if status in INVITED else None

    def message(self, item: Item, method: Method, now: datetime) -> EmailMessage:
        """The email with the invitation in it. Its Message-ID is the same at every attempt."""
        clinic, booking = self._words.clinic, item.booking
        message = EmailMessage()
        message["From"], message["To"] = clinic.email, self._recipient(item)
        subject, text = self._keys(item, method)
        message["Subject"] = self._say(subject, item)
        message["Date"] = format_datetime(now)
        message["Message-ID"] = f"<{item.id}.{self.name}@{clinic.email.rpartition('@')[2]}>"
        message.set_content(self._say(text, item))
        file = calendar_file(self._entry(item), clinic, int(booking["version"]), method, now)
        message.add_alternative(file.decode(), subtype="calendar", params={"method": method})
        return message

    def _keys(self, item: Item, method: Method) -> tuple[str, str]:
        """Which words are the subject and the text."""
        if method == "CANCEL":
            return "cancelled", "cancelled"
        is_open = self._part == "patient" and item.booking["status"] != "booked"
        return ("open_subject", "open_text") if is_open else ("subject", "text")

    def _entry(self, item: Item) -> CalendarEntry:
        booking, start = item.booking, item.starts_at
        assert start is not None
        return CalendarEntry(
            reference=str(booking["reference"]),
            start=start,
            minutes=self._words.clinic.minutes(booking.get("treatment")),
            status=str(booking["status"]),
            summary=self._say("summary", item),
            description=self._say("description", item),
            email=self._recipient(item),
        )

    def _recipient(self, item: Item) -> str:
        if self._part == "invitation":
            return self._mailbox
        contact = str(item.booking["contact"])
        return contact if item.booking["contact_kind"] == "email" and is_one_address(contact) else ""

    def _say(self, key: str, item: Item) -> str:
        return " ".join(self._words.say(self._part, key, item.booking).split())
