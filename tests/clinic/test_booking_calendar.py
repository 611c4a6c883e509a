"""The calendar file holds the appointment on the clinic's clock and stays one entry through all its changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timezone

import pytest
from icalendar import Calendar, Event

from bot.clinic.booking.calendar_file import CalendarEntry, Method, calendar_file

from .diary import CLINIC, NOW, at

ENTRY = CalendarEntry("MG-234567", at("2026-12-01 10:00"), 40, "proposed", "Facial mesotherapy", "Reference MG-234567")


def written(entry: CalendarEntry = ENTRY, sequence: int = 0, method: Method = "PUBLISH") -> tuple[Calendar, Event]:
    calendar = Calendar.from_ical(calendar_file(entry, CLINIC, sequence, method, NOW))
    (event,) = calendar.walk("VEVENT")
    return calendar, event


def test_the_appointment_is_written_on_the_clinics_clock_with_its_zone() -> None:
    calendar, event = written()
    assert (event["DTSTART"].dt, event["DTEND"].dt) == (at("2026-12-01 10:00"), at("2026-12-01 10:40"))
    assert event["DTSTART"].params["TZID"] == "Europe/Berlin"
    assert [str(zone["TZID"]) for zone in calendar.walk("VTIMEZONE")] == ["Europe/Berlin"]
    assert event["DTSTAMP"].dt == NOW.astimezone(timezone.utc)
    assert str(event["LOCATION"]) == "1 Example Square"


def test_a_change_keeps_the_uid_and_raises_the_sequence() -> None:
    _, first = written()
    _, second = written(replace(ENTRY, start=at("2026-12-02 11:00")), sequence=1)
    assert first["UID"] == second["UID"] == "mg-234567@clinic.example.org"
    assert (first["SEQUENCE"], second["SEQUENCE"]) == (0, 1)


@pytest.mark.parametrize(
    ("status", "method", "shown"),
    [
        ("proposed", "PUBLISH", "TENTATIVE"),
        ("pending", "PUBLISH", "TENTATIVE"),
        ("booked", "REQUEST", "CONFIRMED"),
        ("booked", "CANCEL", "CANCELLED"),
        ("cancelled", "PUBLISH", "CANCELLED"),
    ],
)
def test_only_a_booked_appointment_is_confirmed(status: str, method: Method, shown: str) -> None:
    calendar, event = written(replace(ENTRY, status=status), method=method)
    assert (str(event["STATUS"]), str(calendar["METHOD"])) == (shown, method)


def test_an_invitation_names_the_clinic_and_the_patient_and_a_download_nobody() -> None:
    _, invited = written(replace(ENTRY, email="ana@example.org"), method="REQUEST")
    assert (str(invited["ORGANIZER"]), str(invited["ATTENDEE"])) == (
        "MAILTO:hello@clinic.example.org",
        "MAILTO:ana@example.org",
    )
    _, download = written(replace(ENTRY, email="ana@example.org"))
    assert "ATTENDEE" not in download


def test_text_cannot_add_lines_to_the_file() -> None:
    _, event = written(replace(ENTRY, summary="Facial\r\nATTENDEE:MAILTO:x@example.org", description="a;b,c\\n\nd"))
    assert "ATTENDEE" not in event
    assert str(event["DESCRIPTION"]) == "a;b,c\\n\nd"


def test_an_appointment_across_the_change_of_clocks_keeps_its_length() -> None:
    _, event = written(replace(ENTRY, start=at("2027-03-28 01:30"), minutes=60))
    assert event["DTEND"].dt == at("2027-03-28 03:30")
