"""Bookings to a FHIR server, to calendars by email and as deep links: once in effect, however often sent."""

from __future__ import annotations

import email
import email.policy
import socket
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import icalendar
import pytest
from aiosmtpd.controller import Controller
from fhir.resources.R4B.bundle import Bundle

from bot.clinic.booking.fhir import SLOT, appointment_bundle
from bot.desk.context import keeping
from bot.handover.calendar_mail import CalendarMail
from bot.handover.fhir import FhirTarget
from bot.handover.scheduling_links import EXTENSION, SchedulingLinks, deep_link
from bot.handover.settings import HandoverSettings
from bot.handover.worker import adapters
from bot.settings import SettingError
from bot.store import bookings, conversations, deliveries, desk_ownership
from bot.store.engine import Sessions, reading, unit_of_work
from tests.handover.clinic import NOW, SECRET, START, Clock, Desk, deliver, on_sqlite, words
from tests.handover.receivers import FhirServer, Receiver, manifest

pytestmark = on_sqlite
SYSTEM = "https://lindenhof.example.org/booking"


# --- FHIR


@pytest.fixture
def server(receiver: Receiver) -> FhirServer:
    behind = FhirServer()
    receiver.on_take = behind.take
    return behind


def fhir(receiver: Receiver) -> FhirTarget:
    return FhirTarget(receiver.url + "/fhir", "a-token", words().clinic, SYSTEM)


async def test_a_booking_is_one_appointment_however_often_it_is_sent(
    sessions: Sessions, desk: Desk, clock: Clock, receiver: Receiver, server: FhirServer
) -> None:
    row = desk.ask(note="afraid of needles")
    receiver.script = ["lost", "hang", 500, "twice", "lost"]
    desk.set(row, "booked")
    desk.move(row, START + timedelta(days=1))
    await deliver(sessions, clock, [fhir(receiver)])
    (appointment,) = server.latest("Appointment")
    (slot,) = server.latest("Slot")
    assert [len(server.latest(kind)) for kind in ("Patient", "Schedule")] == [1, 1]
    assert (appointment["status"], slot["status"]) == ("proposed", "busy-tentative")
    assert appointment["start"] == slot["start"] == "2026-12-02T10:00:00+01:00"
    assert receiver.taken[0][1]["authorization"] == "Bearer a-token"


@pytest.mark.parametrize("status", sorted(SLOT))
@pytest.mark.parametrize("changes", [{}, {"starts_at": None}, {"contact_kind": "phone", "contact": "+12025550177"}])
def test_every_state_is_a_valid_transaction_of_r4_resources(desk: Desk, status: Any, changes: dict[str, Any]) -> None:
    row = desk.ask(**changes)
    payload = {**bookings.as_payload(row), "status": status}
    bundle = appointment_bundle(payload, words().clinic, SYSTEM)
    Bundle.model_validate(bundle)
    appointment = bundle["entry"][-1]["resource"]
    assert appointment["status"] == status or (changes and "start" not in appointment)


async def test_a_dead_letter_sent_again_does_not_overwrite_a_later_state(
    sessions: Sessions, desk: Desk, clock: Clock, receiver: Receiver, server: FhirServer
) -> None:
    row = desk.ask()
    receiver.script = [500] * 10
    await deliver(sessions, clock, [fhir(receiver)])
    desk.set(row, "booked")
    await deliver(sessions, clock, [fhir(receiver)])
    with unit_of_work(sessions) as session:
        deliveries.revive(session, deliveries.dead(session)[0].position, clock.now)
        session.commit()
    await deliver(sessions, clock, [fhir(receiver)])
    assert [one["status"] for one in server.latest("Appointment")] == ["booked"]


# --- calendars


class Mailbox:
    """Keeps what it gets; answers `script` first."""

    def __init__(self) -> None:
        self.mails: list[email.message.EmailMessage] = []
        self.script: list[str] = []
        self.url = ""

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        answer = self.script.pop(0) if self.script else "250 OK"
        if answer.startswith("250"):
            self.mails.append(email.message_from_bytes(envelope.content, policy=email.policy.default))  # type: ignore[arg-type]
        return answer

    def events(self) -> list[tuple[str, Any]]:
        """(method, event) of each mail."""
        found = []
        for mail in self.mails:
            part = mail.get_body(("calendar",))
            assert part is not None
            calendar = icalendar.Calendar.from_ical(part.get_content())
            assert str(calendar["method"]) == part["content-type"].params["method"]
            found.append((str(calendar["method"]), calendar.walk("VEVENT")[0]))
        return found


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    box = Mailbox()
    with socket.socket() as free_one:
        free_one.bind(("127.0.0.1", 0))
        port = free_one.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    box.url = f"smtp://127.0.0.1:{port}"
    yield box
    controller.stop()


async def test_the_clinics_calendar_follows_a_booking_under_one_uid(
    sessions: Sessions, desk: Desk, clock: Clock, mailbox: Mailbox
) -> None:
    mail = CalendarMail(mailbox.url, words(), "diary@example.org")
    mailbox.script = ["451 later", "421 later still"]
    row = desk.ask()
    desk.set(row, "booked")
    desk.move(row, START + timedelta(days=1))
    desk.set(row, "cancelled")
    await deliver(sessions, clock, [mail])
    events = mailbox.events()
    assert [method for method, _ in events] == ["REQUEST", "REQUEST", "REQUEST", "CANCEL"]
    assert [str(event["status"]) for _, event in events] == ["TENTATIVE", "CONFIRMED", "TENTATIVE", "CANCELLED"]
    assert [int(event["sequence"]) for _, event in events] == [0, 1, 2, 3]
    assert len({str(event["uid"]) for _, event in events}) == 1
    assert {mail["to"] for mail in mailbox.mails} == {"diary@example.org"}


async def test_the_patient_is_invited_once_the_visit_is_confirmed_and_not_before(
    sessions: Sessions, desk: Desk, clock: Clock, mailbox: Mailbox
) -> None:
    mail = CalendarMail(mailbox.url, words(), to_patient=True)
    row = desk.ask()
    desk.ask("Lee", contact="+12025550177", contact_kind="phone")
    await deliver(sessions, clock, [mail])
    assert mailbox.mails == []
    desk.set(row, "booked", "arrived")
    await deliver(sessions, clock, [mail])
    assert [method for method, _ in mailbox.events()] == ["REQUEST"]
    assert mailbox.mails[0]["to"] == "kim@example.org"


async def test_a_patient_who_was_never_invited_is_sent_no_cancellation(
    sessions: Sessions, desk: Desk, clock: Clock, mailbox: Mailbox
) -> None:
    desk.set(desk.ask(), "cancelled")
    declined = desk.ask("Lee")
    desk.set(declined, "pending", "cancelled")
    moved = desk.ask("Ash")
    desk.move(moved, START + timedelta(days=1))
    desk.set(moved, "cancelled")
    await deliver(sessions, clock, [CalendarMail(mailbox.url, words(), to_patient=True)])
    assert mailbox.mails == []


async def test_the_patients_calendar_follows_a_confirmed_visit_that_they_move_and_call_off(
    sessions: Sessions, desk: Desk, clock: Clock, mailbox: Mailbox
) -> None:
    mail = CalendarMail(mailbox.url, words(), to_patient=True)
    row = desk.ask()
    desk.set(row, "booked")
    desk.move(row, START + timedelta(days=1))
    await deliver(sessions, clock, [mail])
    assert "not fixed yet" in mailbox.mails[1]["subject"]
    desk.set(row, "booked")
    desk.move(row, START + timedelta(days=2))
    desk.set(row, "cancelled")
    await deliver(sessions, clock, [mail])
    events = mailbox.events()
    assert [method for method, _ in events] == ["REQUEST"] * 4 + ["CANCEL"]
    states = [str(event["status"]) for _, event in events]
    assert states == ["CONFIRMED", "TENTATIVE", "CONFIRMED", "TENTATIVE", "CANCELLED"]
    assert [event["dtstart"].dt.day for _, event in events] == [1, 2, 2, 3, 3]
    assert [int(event["sequence"]) for _, event in events] == [1, 2, 3, 4, 5]
    assert len({str(event["uid"]) for _, event in events}) == 1


# --- deep links


def free(start: str, link: str = "https://book.example.org/go?slot=7", status: str = "free") -> dict[str, Any]:
    extension = [{"url": EXTENSION, "valueUrl": link}]
    return {"resourceType": "Slot", "status": status, "start": start, "extension": extension}


async def test_the_patient_gets_a_link_to_the_wanted_time_with_the_referral_once(
    sessions: Sessions, desk: Desk, clock: Clock, receiver: Receiver, chat: str
) -> None:
    receiver.files = manifest([free("2026-12-01T08:00:00Z"), free(START.isoformat())])
    row = desk.ask()
    await deliver(sessions, clock, [SchedulingLinks(receiver.url + "/$bulk-publish", words())])
    with keeping(sessions) as session:
        (said,) = conversations.transcript(session, chat)
    assert said.meta["link"] == f"https://book.example.org/go?slot=7&source=mesoguide&booking-referral={row.reference}"
    assert said.meta["link"] in said.text


async def test_while_a_person_has_the_chat_the_link_comes_in_that_persons_name(
    sessions: Sessions, desk: Desk, clock: Clock, receiver: Receiver, chat: str
) -> None:
    receiver.files = manifest([free(START.isoformat())])
    desk.ask()
    with unit_of_work(sessions) as session:
        desk_ownership.take_over(session, chat, "maria", {"text": "Maria is here."}, NOW)
        session.commit()
    await deliver(sessions, clock, [SchedulingLinks(receiver.url + "/$bulk-publish", words())])
    with reading(sessions) as session:
        last = conversations.transcript(session, chat)[-1]
        assert (last.sender, last.author, "link" in last.meta) == ("staff", "maria", True)


@pytest.mark.parametrize(
    "slots",
    [
        [],
        [free("2026-12-01T08:00:00Z")],
        [free(START.isoformat(), status="busy")],
        [free(START.isoformat(), "javascript:1")],
    ],
    ids=["none", "another time", "taken", "no web address"],
)
async def test_the_patient_hears_of_no_link_when_the_system_does_not_offer_the_time(  # noqa: PLR0913, PLR0917
    sessions: Sessions, desk: Desk, clock: Clock, receiver: Receiver, chat: str, slots: list[dict[str, Any]]
) -> None:
    receiver.files = manifest(slots)
    desk.ask()
    await deliver(sessions, clock, [SchedulingLinks(receiver.url + "/$bulk-publish", words())])
    with reading(sessions) as session:
        assert conversations.transcript(session, chat) == []


def test_a_deep_link_keeps_its_own_parameters(engine: object) -> None:
    assert deep_link("https://b.example/x?a=1&b=", "MG-222222") == (
        "https://b.example/x?a=1&b=&source=mesoguide&booking-referral=MG-222222"
    )


# --- settings


def test_settings_switch_targets_on_and_nothing_is_on_without_them(engine: object) -> None:
    assert adapters(HandoverSettings.from_env({}), words()) == []
    env = {
        "HANDOVER_WEBHOOK_URL": "https://clinic.example/hook",
        "HANDOVER_WEBHOOK_SECRETS": SECRET,
        "HANDOVER_FHIR_URL": "https://clinic.example/fhir/",
        "SMTP_URL": "smtp://localhost:25",
        "HANDOVER_CALENDAR_EMAIL": "diary@example.org",
        "HANDOVER_INVITE_PATIENTS": "1",
        "HANDOVER_SCHEDULING_LINKS": "https://clinic.example/$bulk-publish",
    }
    on = [one.name for one in adapters(HandoverSettings.from_env(env), words())]
    assert on == ["webhook", "fhir", "clinic_calendar", "patient_calendar", "scheduling_links"]


@pytest.mark.parametrize(
    ("env", "named"),
    [
        ({"HANDOVER_WEBHOOK_URL": "http://clinic.example/hook"}, "HANDOVER_WEBHOOK_URL"),
        ({"HANDOVER_WEBHOOK_URL": "https://clinic.example/hook"}, "HANDOVER_WEBHOOK_SECRETS"),
        ({"HANDOVER_WEBHOOK_SECRETS": "whsec_c2hvcnQ="}, "HANDOVER_WEBHOOK_SECRETS"),
        ({"HANDOVER_CALENDAR_EMAIL": "diary@example.org"}, "SMTP_URL"),
        ({"SMTP_URL": "mail.example.org"}, "SMTP_URL"),
    ],
)
def test_a_wrong_setting_is_named(engine: object, env: dict[str, str], named: str) -> None:
    with pytest.raises(SettingError, match=named):
        HandoverSettings.from_env(env)
