"""An appointment as an iCalendar file (RFC 5545, invitations by RFC 5546): to download, to invite, to call off.

What a reader sees in it (summary, description) is handed in; it comes from the content files.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Literal

from icalendar import Calendar, Event, vCalAddress, vText

from bot.clinic.booking.clinic import Clinic
from bot.clinic.booking.contact import is_one_address

PRODUCT = "-//Mesoguide//Booking//EN"
Method = Literal["PUBLISH", "REQUEST", "CANCEL"]
# FHIR appointment status -> VEVENT STATUS; whatever is not certain yet is tentative.
STATUS = {"booked": "CONFIRMED", "arrived": "CONFIRMED", "fulfilled": "CONFIRMED", "cancelled": "CANCELLED"}


@dataclass(frozen=True)
class CalendarEntry:
    """What a calendar needs of a booking: `status` is FHIR's appointment status, `email` the patient's when known."""

    reference: str
    start: datetime
    minutes: int
    status: str
    summary: str
    description: str = ""
    email: str | None = None


def calendar_file(entry: CalendarEntry, clinic: Clinic, sequence: int, method: Method, now: datetime) -> bytes:
    """The file's bytes (UTF-8). The UID is made from the reference and never changes; each change raises `sequence`.

    PUBLISH is for a download; REQUEST and CANCEL name the clinic as organizer and the patient as attendee.
    """
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", method)
    calendar.add_component(_event(entry, clinic, sequence, method, now))
    calendar.add_missing_timezones()
    return bytes(calendar.to_ical())


def _event(entry: CalendarEntry, clinic: Clinic, sequence: int, method: Method, now: datetime) -> Event:
    start = clinic.local(entry.start)
    end = start.astimezone(timezone.utc) + timedelta(minutes=entry.minutes)
    event = Event()
    event.add("uid", uid(entry.reference, clinic))
    event.add("dtstamp", now.astimezone(timezone.utc).replace(microsecond=0))
    event.add("sequence", sequence)
    event.add("dtstart", start)
    event.add("dtend", clinic.local(end))
    event.add("summary", _written(entry.summary))
    event.add("status", "CANCELLED" if method == "CANCEL" else STATUS.get(entry.status, "TENTATIVE"))
    for name, value in (("description", entry.description), ("location", clinic.address)):
        if value:
            event.add(name, _written(value))
    if method != "PUBLISH":
        _add_people(event, entry, clinic)
    return event


def _written(text: str) -> str:
    """Every kind of line break as the one that the format has an escape for, and no other signs of control."""
    lines = "\n".join(text.splitlines())
    return "".join(one for one in lines if one == "\n" or unicodedata.category(one) != "Cc")


def uid(reference: str, clinic: Clinic) -> str:
    """The UID that stays with a booking through all its changes."""
    return f"{reference.lower()}@{clinic.email.rpartition('@')[2] or 'mesoguide'}"


def _add_people(event: Event, entry: CalendarEntry, clinic: Clinic) -> None:
    organizer = vCalAddress(f"MAILTO:{clinic.email}")
    organizer.params["CN"] = vText(clinic.name)
    event["organizer"] = organizer
    if entry.email and is_one_address(entry.email):
        attendee = vCalAddress(f"MAILTO:{entry.email}")
        attendee.params["ROLE"] = vText("REQ-PARTICIPANT")
        event.add("attendee", attendee, encode=False)
