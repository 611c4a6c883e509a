"""A patient's words in calendar files, emails, alerts, FHIR, log lines: no line, header or person is added by them."""

from __future__ import annotations

import json
import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from http.server import HTTPServer
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from fhir.resources.R4B.bundle import Bundle
from icalendar import Calendar

from bot import logs
from bot.clinic.booking.calendar_file import CalendarEntry, Method, calendar_file
from bot.clinic.booking.contact import Contact, understand_contact
from bot.clinic.booking.fhir import appointment_bundle
from bot.clinic.booking.names import understand_name
from bot.desk import mail
from bot.desk.jobs import errands as jobs
from bot.handover.adapters import Item
from bot.handover.calendar_mail import CalendarMail
from bot.handover.webhook import WebhookTarget
from bot.store import bookings, errands
from bot.store.engine import reading, unit_of_work
from bot.store.models import Booking
from tests.channels.website_server import free_port
from tests.desk.conftest import NOW as AT_THE_DESK
from tests.desk.conftest import Front, front  # noqa: F401 - fixtures
from tests.desk.test_errands import Hook, Mailbox, configure, run
from tests.handover.clinic import NOW, SECRET, START, words


@contextmanager
def serving(box: Mailbox) -> Iterator[str]:
    """A mail server on this machine; its address."""
    port = free_port()
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    try:
        yield f"smtp://127.0.0.1:{port}"
    finally:
        server.stop()


@contextmanager
def hooked(front: Front) -> Iterator[None]:  # noqa: F811
    """The team's web hook, which the desk alerts."""
    Hook.heard = []
    server = HTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    configure(front, alert_url=f"json://127.0.0.1:{server.server_port}")
    try:
        yield
    finally:
        server.shutdown()


BREAKS = ("\r\n", "\n", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\0")
LINE = "ATTENDEE:mailto:evil@evil.example"
NASTY = "Kim" + "".join(f"{one}{LINE}" for one in BREAKS) + "; , : \\ \" ' {clinic_phone} {name} <b>" + "ä👩‍⚕️" * 60
MORE_THAN_ONE = (
    "a@b.example\r\nBcc: evil@evil.example",
    "a@b.example, evil@evil.example",
    "a@b.example;evil@evil.example",
    '"x" <evil@evil.example>',
    "a@b.example\0",
    "a@b.example evil@evil.example",
)


def booking(**changes: Any) -> dict[str, Any]:
    """A booking as it is handed over, with the words in every field that a patient fills."""
    return {
        "id": "1", "reference": "MG-7K4P2Q", "version": 1, "status": "booked", "name": NASTY,
        "contact": "kim@example.org", "contact_kind": "email", "treatment": "body", "starts_at": START.isoformat(),
        "wish": NASTY, "note": NASTY, "screening_id": None, "screening_status": "not_screened",
        "updated_at": NOW.isoformat(), **changes,
    }  # fmt: skip


def item(**changes: Any) -> Item:
    return Item("msg-1", "booking.created", NOW, booking(**changes))


# --- calendar files


@pytest.mark.parametrize("method", ["PUBLISH", "REQUEST", "CANCEL"])
def test_no_words_add_a_property_or_a_person_to_a_calendar_file(method: Method) -> None:
    entry = CalendarEntry("MG-7K4P2Q", START, 40, "booked", NASTY, NASTY, "kim@example.org")
    raw = calendar_file(entry, replace(words().clinic, address=NASTY), 1, method, NOW)
    plain = calendar_file(replace(entry, summary="x", description="x"), words().clinic, 1, method, NOW)
    (event,) = Calendar.from_ical(raw).walk("VEVENT")
    (usual,) = Calendar.from_ical(plain).walk("VEVENT")
    assert sorted(event) == sorted(usual)
    assert "evil" not in str(event.get("attendee", ""))
    lines = re.split(rb"\r\n(?![ \t])", raw)
    assert not any(line.startswith(b"ATTENDEE") and b"evil" in line for line in lines)
    assert not set(b"\r\n\x0b\x0c\x1c\0") & set(raw.replace(b"\r\n", b"")), "every reader sees the same lines"
    assert all(len(line) <= 75 for line in raw.split(b"\r\n")), "RFC 5545 folds at 75 bytes"
    assert str(event["description"]).count("👩‍⚕️") == 60, "no sign is torn where a line is folded"


@pytest.mark.parametrize("address", MORE_THAN_ONE)
def test_an_address_that_names_more_than_one_is_invited_by_no_calendar_file(address: str) -> None:
    entry = CalendarEntry("MG-7K4P2Q", START, 40, "booked", "Visit", "", address)
    (event,) = Calendar.from_ical(calendar_file(entry, words().clinic, 1, "REQUEST", NOW)).walk("VEVENT")
    assert "attendee" not in event


# --- emails


def headers(message: EmailMessage) -> list[str]:
    return [name.lower() for name in message.keys()]  # noqa: SIM118 - a message is no mapping: names come more than once


@pytest.mark.parametrize("to_patient", [False, True])
def test_no_words_of_a_booking_add_a_header_to_an_invitation(to_patient: bool) -> None:
    target = CalendarMail("smtp://x", words(), "diary@clinic.example", to_patient=to_patient)
    sent, usual = (target.message(one, "REQUEST", NOW) for one in (item(), item(name="Kim", note="", wish="")))
    assert headers(sent) == headers(usual)
    head = sent.as_bytes().partition(b"\n\n")[0]
    assert b"evil" not in head
    assert sent["To"] == ("kim@example.org" if to_patient else "diary@clinic.example")


@pytest.mark.parametrize("address", MORE_THAN_ONE)
def test_a_contact_that_names_more_than_one_is_taken_for_none(address: str) -> None:
    found = understand_contact(address, "US")
    if isinstance(found, Contact):  # the one address in it, and nothing beside it
        assert re.fullmatch(r"[a-z@.]+", found.value), found


@pytest.mark.parametrize("text", [f"Kim{one}{LINE}" for one in BREAKS] + ["Kim <evil@evil.example>", "Kim\r\nBcc: x"])
def test_a_name_has_one_line_and_no_address(text: str) -> None:
    name = understand_name(text)
    assert name is None or re.fullmatch(r"[\w ]+", name), name


def test_an_email_that_cannot_be_sent_holds_up_no_other_and_is_given_up(front: Front) -> None:  # noqa: F811
    box = Mailbox()
    with serving(box) as url, unit_of_work(front.sessions) as session:
        configure(front, smtp_url=url)
        for to in (*MORE_THAN_ONE, "rosa@patients.example"):
            letter = {"to": to, "subject": "Your visit", "text": NASTY}
            errands.put(session, "email", front.chat(), letter, AT_THE_DESK)
            session.commit()
        for _ in range(errands.ATTEMPTS["email"] + 1):
            run(front, jobs.send_emails)
            front.clock.move(minutes=61)
    reached = {to for everybody, _ in box.mails for to in everybody}
    assert "rosa@patients.example" in reached
    assert not any("evil" in to for to in reached)
    with reading(front.sessions) as session:
        assert not errands.waiting(session, "email", front.clock() + timedelta(days=1))


@pytest.mark.parametrize("address", MORE_THAN_ONE)
def test_an_invitation_goes_to_one_address_or_to_nobody(address: str) -> None:
    assert CalendarMail("smtp://x", words(), to_patient=True).method(item(contact=address)) is None


def test_a_subject_has_one_line(front: Front) -> None:  # noqa: F811
    box = Mailbox()
    with serving(box) as url, pytest.raises(ValueError, match="linefeed"):
        mail.send(url, "desk@clinic.example", "a@b.example", "Your visit\r\nBcc: evil@evil.example", "words")
    assert box.mails == []


# --- alerts


def test_an_alert_says_nothing_that_a_patient_typed_and_links_to_us(front: Front) -> None:  # noqa: F811
    configure(front, public_url="https://chat.clinic.example")
    with hooked(front):
        chat = front.chat(NASTY)
        with unit_of_work(front.sessions) as session:
            bookings.create(session, chat, bookings.Request(NASTY, "a@b.example", "email", note=NASTY), AT_THE_DESK)
            session.commit()
        front.item(chat, "danger", NASTY)
        run(front, jobs.alert_staff)
    assert len(Hook.heard) == 1
    said = Hook.heard[0]["message"]
    assert re.fullmatch(r"[\w ]+: [\w ]+\. https://chat\.clinic\.example/desk\?kind=danger", said), said
    assert "evil" not in json.dumps(Hook.heard)


# --- other systems


def test_no_words_of_a_booking_reach_an_address_or_a_header_of_another_system() -> None:
    bundle = appointment_bundle(booking(), words().clinic, "https://clinic.example/booking")
    Bundle.model_validate(bundle)
    addresses = [entry["request"]["url"] + entry["fullUrl"] for entry in bundle["entry"]]
    assert "evil" not in json.dumps(addresses)
    assert json.loads(json.dumps(bundle)) == bundle
    signed = WebhookTarget("https://clinic.example", (SECRET,)).headers("msg-1", json.dumps(booking()), NOW)
    assert "evil" not in json.dumps(signed)
    assert not any(set("\r\n") & set(value) for value in signed.values())


# --- log lines


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_word_in_a_log_line_begins_no_other_line_and_commands_no_terminal(form: str) -> None:
    quoted = "x" + "".join(f"{one}ERROR forged: all is well" for one in BREAKS) + "\x1b[2J\u202e"
    record = logging.LogRecord("bot.part", logging.ERROR, "", 0, "a file is named %s", (quoted,), None)
    shown = (logs.JsonLines("web") if form == "json" else logs.Lines("%(levelname)s %(message)s")).format(record)
    assert len(shown.splitlines()) == 1
    assert "\x1b" not in shown
    assert "\u202e" not in shown


def test_a_stored_name_is_read_as_it_was_typed(front: Front) -> None:  # noqa: F811
    """Nothing is taken out of what is stored: each page and file writes it as it must."""
    chat = front.chat()
    with unit_of_work(front.sessions) as session:
        row = bookings.create(session, chat, bookings.Request(NASTY, "a@b.example", "email"), AT_THE_DESK)
        session.commit()
        identity = row.id
    with reading(front.sessions) as session:
        assert session.get_one(Booking, identity).name == NASTY
