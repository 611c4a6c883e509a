"""Reminders in the chat and by email, once; the calendar file behind a token that opens one visit only."""

from __future__ import annotations

import asyncio
from datetime import timedelta
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
from bot.store import conversations
from bot.store.desk_models import Errand
from bot.store.engine import Sessions, reading
from bot.store.models import Booking
from tests.handover.clinic import NOW, START, Clock, Desk, on_sqlite, words

pytestmark = on_sqlite
DAY_BEFORE = START - timedelta(days=1)
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
