"""Reminders in the chat and by email, once; the calendar file behind a token that opens one visit only."""

from __future__ import annotations

import asyncio
import threading
from datetime import datetime, timedelta
from typing import Any

import httpx
import icalendar
import pytest
from fastapi import FastAPI
from sqlalchemy import select

from bot.clinic.booking.card import calendar_path
from bot.handover.calendar_route import create_router
from bot.handover.reminders import send_due
from bot.handover.settings import HandoverSettings
from bot.handover.worker import run
from bot.settings import BOT, Settings
from bot.store import conversations, desk_ownership, messenger, triage
from bot.store.desk_models import Errand
from bot.store.engine import Sessions, reading, unit_of_work
from bot.store.models import Booking, TriageItem
from tests.handover.clinic import NOW, START, Clock, Desk, on_sqlite, words

pytestmark = on_sqlite
DAY_BEFORE = START - timedelta(days=1)
HERE = {"text": "Maria is here.", "metadata": {"kind": "handoff"}}
SETTINGS = Settings(content=BOT / "content", secret="a secret for tests")  # noqa: S106


def said(sessions: Sessions, chat: str) -> list[dict[str, Any]]:
    with reading(sessions) as session:
        return [{"buttons": row.buttons, **row.meta} for row in conversations.transcript(session, chat)]


def emails(sessions: Sessions) -> list[dict[str, Any]]:
    with reading(sessions) as session:
        return [row.payload for row in session.scalars(select(Errand).where(Errand.kind == "email"))]


def test_a_confirmed_visit_is_reminded_of_once_in_the_chat_and_by_email_with_change_and_cancel(
    sessions: Sessions, desk: Desk, chat: str
) -> None:
    row = desk.ask()
    desk.set(row, "booked")
    assert send_due(sessions, words(), DAY_BEFORE - timedelta(minutes=1), by_email=True, secret=SETTINGS.secret) == 0
    assert send_due(sessions, words(), DAY_BEFORE, by_email=True, secret=SETTINGS.secret) == 1
    assert send_due(sessions, words(), DAY_BEFORE + timedelta(hours=1), by_email=True, secret=SETTINGS.secret) == 0
    (message,) = said(sessions, chat)
    assert message["reference"] == row.reference
    assert (message["status"], message["starts_at"]) == ("booked", START.isoformat())
    assert message["calendar"] == calendar_path(SETTINGS.secret, row.id)
    assert [button["payload"] for button in message["buttons"]] == [
        f'/change_booking{{"question": "visit", "answer": "{row.reference}"}}',
        f'/cancel_booking{{"question": "visit", "answer": "{row.reference}"}}',
    ]
    (mail,) = emails(sessions)
    assert mail["to"] == "kim@example.org"
    assert row.reference in mail["text"]


def test_a_visit_moved_to_another_day_gets_its_own_reminder(sessions: Sessions, desk: Desk, clock: Clock) -> None:
    row = desk.ask()
    desk.set(row, "booked")
    assert send_due(sessions, words(), DAY_BEFORE, by_email=False, secret=SETTINGS.secret) == 1
    clock.now = DAY_BEFORE + timedelta(hours=1)
    desk.move(row, START + timedelta(days=7))
    desk.set(row, "booked")
    assert send_due(sessions, words(), DAY_BEFORE + timedelta(days=7), by_email=False, secret=SETTINGS.secret) == 1
    assert emails(sessions) == []


def on_messenger(sessions: Sessions, chat: str, wrote_at: datetime) -> None:
    """The patient moves to Messenger and writes there."""
    with unit_of_work(sessions) as session:
        link = messenger.find_or_open(session, "page", "psid", NOW)
        assert messenger.move_to(session, link.person_index, chat)
        messenger.wrote(session, link.person_index, wrote_at)
        session.commit()


def unreached(sessions: Sessions) -> list[str | None]:
    """The visits whose patients the desk is to call."""
    with reading(sessions) as session:
        rows = session.scalars(select(TriageItem).where(TriageItem.closed_at.is_(None)))
        return [row.booking_id for row in rows if row.details.get("note")]


HOUR = timedelta(hours=1)
PHONE = {"contact": "+49 151 23456789", "contact_kind": "phone"}


@pytest.mark.parametrize(
    ("hours_ago", "contact", "route", "fate"),
    [
        (2, {}, "chat", None),
        (2, PHONE, "chat", None),
        (48, {}, "email", ("sent", "by_email")),
        (48, PHONE, "wait", ("waiting", "outside_24_hours")),
    ],
    ids=["inside", "inside-phone", "outside", "outside-phone"],
)
def test_on_messenger_a_reminder_goes_in_the_window_or_by_email_or_waits_and_the_desk_is_told(  # noqa: PLR0913, PLR0917
    sessions: Sessions, desk: Desk, chat: str, hours_ago: int, contact: dict[str, str], route: str, fate: Any
) -> None:
    row = desk.ask(**contact)
    desk.set(row, "booked")
    on_messenger(sessions, chat, DAY_BEFORE - hours_ago * HOUR)
    assert send_due(sessions, words(), DAY_BEFORE, by_email=True) == 1
    assert said(sessions, chat)[-1]["route"] == route
    assert len(emails(sessions)) == (route == "email")
    assert unreached(sessions) == ([row.id] if route == "wait" else [])
    with reading(sessions) as session:
        assert next(iter(messenger.deliveries(session, chat).values()), None) == fate


@pytest.mark.parametrize(("contact", "by_email"), [(PHONE, True), ({}, False)], ids=["phone", "no-mail-server"])
def test_who_left_the_page_and_cannot_be_written_to_is_called_by_the_desk(
    sessions: Sessions, desk: Desk, contact: dict[str, str], by_email: bool
) -> None:
    row = desk.ask(**contact)
    desk.set(row, "booked")
    assert send_due(sessions, words(), DAY_BEFORE, by_email=by_email) == 1
    assert unreached(sessions) == [row.id]


@pytest.mark.parametrize("status", ["proposed", "pending", "cancelled", "arrived"])
def test_only_confirmed_visits_are_reminded_of(sessions: Sessions, desk: Desk, status: Any) -> None:
    desk.set(desk.ask(), status)
    assert send_due(sessions, words(), DAY_BEFORE, by_email=True, secret=SETTINGS.secret) == 0


async def test_the_worker_reminds_and_stops_when_told(sessions: Sessions, desk: Desk, chat: str) -> None:
    desk.set(desk.ask(), "booked")
    stop = asyncio.Event()
    work = asyncio.create_task(
        run(SETTINGS, stop, handover=HandoverSettings(), sessions=sessions, clock=lambda: DAY_BEFORE)
    )
    while not said(sessions, chat) and not work.done():
        await asyncio.sleep(0.05)
    stop.set()
    await asyncio.wait_for(work, 20)
    assert len(said(sessions, chat)) == 1


@pytest.fixture
def page(sessions: Sessions) -> httpx.AsyncClient:
    app = FastAPI()
    app.include_router(create_router(SETTINGS, sessions, clock=lambda: NOW))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://clinic")


async def test_the_file_shows_the_visit_as_it_stands_under_one_uid(page: httpx.AsyncClient, desk: Desk) -> None:
    row = desk.ask()
    path = calendar_path(SETTINGS.secret, row.id)
    first = await page.get(path)
    desk.set(row, "booked")
    second = await page.get(path)
    events = [icalendar.Calendar.from_ical(one.content).walk("VEVENT")[0] for one in (first, second)]
    assert [str(event["status"]) for event in events] == ["TENTATIVE", "CONFIRMED"]
    assert [int(event["sequence"]) for event in events] == [0, 1]
    assert len({str(event["uid"]) for event in events}) == 1
    assert first.headers["content-type"].startswith("text/calendar")
    assert row.name not in first.text


def token_of(row: Booking, secret: str = SETTINGS.secret) -> str:
    return calendar_path(secret, row.id).removeprefix("/calendar/").removesuffix(".ics")


async def test_a_wrong_token_opens_nothing(page: httpx.AsyncClient, desk: Desk) -> None:
    one, other = desk.ask(), desk.ask("Lee", starts_at=None)
    token = token_of(one)
    wrong = [
        f"{one.id}.{'0' * 32}",
        f"{other.id}.{token.rpartition('.')[2]}",
        one.id,
        token_of(one, "another secret"),
        token_of(other),
    ]
    assert [(await page.get(f"/calendar/{each}.ics")).status_code for each in wrong] == [404] * 5


@pytest.mark.parametrize("email", [True, False])
def test_while_a_person_has_the_chat_the_reminder_is_theirs_to_give(
    sessions: Sessions, desk: Desk, chat: str, email: bool
) -> None:
    row = desk.ask()
    desk.set(row, "booked")
    take(sessions, chat)
    assert send_due(sessions, words(), DAY_BEFORE, by_email=email, secret=SETTINGS.secret) == 1
    assert send_due(sessions, words(), DAY_BEFORE, by_email=email, secret=SETTINGS.secret) == 0
    assert [one.get("reminder") for one in said(sessions, chat)] == [None]
    assert len(emails(sessions)) == int(email)
    with reading(sessions) as session:
        found = [(one.details.get("wants"), one.assigned_to) for one in triage.queue(session, DAY_BEFORE).items]
    assert ("reminder", "maria") in found


def take(sessions: Sessions, chat: str) -> None:
    with unit_of_work(sessions) as session:
        desk_ownership.take_over(session, chat, "maria", HERE, DAY_BEFORE)
        session.commit()


def test_a_reminder_that_races_a_person_comes_before_them_or_not_at_all(
    sessions: Sessions, desk: Desk, chat: str
) -> None:
    for number in range(8):
        desk.set(desk.ask(starts_at=START + timedelta(minutes=number)), "booked")
        start = threading.Barrier(2)

        def remind(start: threading.Barrier = start) -> None:
            start.wait()
            send_due(sessions, words(), DAY_BEFORE + timedelta(minutes=20), by_email=False)

        def come(start: threading.Barrier = start) -> None:
            start.wait()
            take(sessions, chat)

        threads = [threading.Thread(target=one) for one in (remind, come)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with reading(sessions) as session:
            last = [row for row in conversations.transcript(session, chat) if row.sender == "bot"][-1]
            assert last.text == HERE["text"]
        with unit_of_work(sessions) as session:
            desk_ownership.hand_back(session, chat, "maria", {"text": "Back."}, DAY_BEFORE)
            session.commit()
