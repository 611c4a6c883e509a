"""What leaves the desk: emails to patients who went away, alerts to the team. Real SMTP and HTTP servers on this
machine.
"""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx
import pytest
from aiosmtpd.controller import Controller

from bot.desk.jobs import errands as jobs
from bot.store import bookings, errands
from bot.store.engine import reading, unit_of_work
from tests.channels.website_server import free_port

from .conftest import NOW, Front, Person


class Mailbox:
    """Takes emails; refuses the first `broken` of them."""

    def __init__(self, broken: int = 0) -> None:
        self.broken, self.mails = broken, []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.broken:
            self.broken -= 1
            return "451 try later"
        self.mails.append((envelope.rcpt_tos, envelope.content.decode()))
        return "250 OK"


def configure(front: Front, **values: Any) -> None:
    """Give the desk settings that it reads by name, also those an older Settings does not have."""
    desk = front.router.desk
    known = {key: value for key, value in values.items() if hasattr(desk.settings, key)}
    desk.settings = replace(desk.settings, **known)
    for key, value in values.items():
        object.__setattr__(desk.settings, key, value)


def run(front: Front, job: Any) -> None:
    async def once() -> None:
        async with httpx.AsyncClient(trust_env=False) as client:
            await job(front.router.desk, client)

    asyncio.run(once())


def left_an_address(front: Front) -> str:
    chat = front.chat()
    with unit_of_work(front.sessions) as session:
        bookings.create(session, chat, bookings.Request("Rosa", "rosa@patients.example", "email"), NOW)
        session.commit()
    return chat


def test_a_reply_also_goes_by_email_once_even_when_the_server_was_down(front: Front, anna: Person) -> None:
    box = Mailbox(broken=1)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    try:
        configure(front, smtp_url=f"smtp://127.0.0.1:{port}")
        chat = left_an_address(front)
        anna.post(f"/desk/c/{chat}/take-over")
        assert "also by email to rosa@patients.example" in anna.get(f"/desk/c/{chat}").text
        anna.post(f"/desk/c/{chat}/reply", text="We have a free place tomorrow.", by_email="1")
        run(front, jobs.send_emails)
        assert box.mails == []
        front.clock.move(seconds=30)
        run(front, jobs.send_emails)
        run(front, jobs.send_emails)
    finally:
        server.stop()
    assert [to for to, _ in box.mails] == [["rosa@patients.example"]]
    assert "We have a free place tomorrow." in box.mails[0][1]


def test_without_a_mail_server_the_page_offers_no_email(front: Front, anna: Person) -> None:
    chat = left_an_address(front)
    anna.post(f"/desk/c/{chat}/take-over")
    assert "by email" not in anna.get(f"/desk/c/{chat}").text


class Hook(BaseHTTPRequestHandler):
    """A web hook of the team."""

    heard: list[Any]

    def do_POST(self) -> None:
        Hook.heard.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        """Quiet."""


def test_a_danger_alerts_the_team_once_and_says_nothing_of_what_the_patient_wrote(front: Front) -> None:
    Hook.heard = []
    server = HTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        configure(front, alert_url=f"json://127.0.0.1:{server.server_port}")
        front.item(front.chat(), "danger", "my lips are swelling")
        front.item(front.chat(), "question", "Where can I park?")
        run(front, jobs.alert_staff)
        run(front, jobs.alert_staff)
    finally:
        server.shutdown()
    assert len(Hook.heard) == 1
    assert "Danger" in Hook.heard[0]["message"]
    assert "lips" not in json.dumps(Hook.heard)


def fail_to_the_end(front: Front, kind: Any, payload: dict[str, Any]) -> float:
    """Queue an errand whose every attempt fails; returns the hours until it is given up."""
    with unit_of_work(front.sessions) as session:
        errands.put(session, kind, front.chat(), payload, NOW)
        session.commit()
        now, gaps = NOW, []
        while rows := errands.claim(session, kind, now, now):
            errands.failed(session, rows[0], now)
            session.expire_all()
            gaps.append(rows[0].available_at - now)
            now = rows[0].available_at
        session.commit()
    assert gaps[:-1] == sorted(gaps[:-1]), "each pause is at least as long as the one before"
    return (now - NOW).total_seconds() / 3600


@pytest.mark.parametrize(("kind", "hours"), [("tracker", (66, 78)), ("email", (66, 78)), ("alert", (5, 8))])
def test_an_errand_is_tried_for_days_and_an_alert_for_hours(front: Front, kind: Any, hours: tuple[int, int]) -> None:
    assert hours[0] < fail_to_the_end(front, kind, {"to": "x"}) < hours[1]


def test_an_email_that_could_not_be_sent_is_seen_at_the_desk_and_sent_again_from_there(
    front: Front, anna: Person
) -> None:
    box = Mailbox(broken=errands.ATTEMPTS["email"])
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    try:
        configure(front, smtp_url=f"smtp://127.0.0.1:{port}")
        letter = {"to": "rosa@patients.example", "subject": "Your visit MG-234567", "text": "It is confirmed."}
        fail_to_the_end(front, "email", letter)
        assert "1 given up" in anna.get("/desk/bookings").text
        page = anna.get("/desk/deliveries").text
        assert "Your visit MG-234567" in page
        assert "rosa@patients.example" in page
        with reading(front.sessions) as session:
            position = errands.given_up(session)[0].position
        box.broken = 0
        assert anna.post(f"/desk/deliveries/unsent/{position}/again").status_code == 200
        run(front, jobs.send_emails)
    finally:
        server.stop()
    assert len(box.mails) == 1
    assert "It is confirmed." in box.mails[0][1]
    assert "Your visit MG-234567" not in anna.get("/desk/deliveries").text
    assert anna.post(f"/desk/deliveries/unsent/{position}/again").status_code == 404


def test_a_danger_alert_that_nobody_took_is_seen_at_the_desk(front: Front, anna: Person) -> None:
    fail_to_the_end(front, "alert", {"kind": "danger", "who": "Blue Heron"})
    page = anna.get("/desk/deliveries").text
    assert "Alert: Danger" in page
    assert "Send again" in page


@pytest.mark.parametrize("change", ["moved", "over"])
def test_a_reminder_leaves_only_while_the_visit_is_as_it_says_and_to_come(front: Front, change: str) -> None:
    box = Mailbox()
    server = Controller(box, hostname="127.0.0.1", port=free_port())
    server.start()
    try:
        configure(front, smtp_url=f"smtp://127.0.0.1:{server.port}")
        chat = front.chat()
        with unit_of_work(front.sessions) as session:
            request = bookings.Request("Rosa", "rosa@patients.example", "email", starts_at=NOW + timedelta(hours=24))
            row = bookings.create(session, chat, request, NOW)
            letter = {"to": row.contact, "subject": "Tomorrow", "text": "x", "visit": row.id, "version": row.version}
            errands.put(session, "email", chat, letter, NOW)
            if change == "moved":
                bookings.reschedule(session, row, NOW + timedelta(days=9), None, actor="patient", now=NOW)
            session.commit()
        if change == "over":
            front.clock.move(hours=25)
        run(front, jobs.send_emails)
    finally:
        server.stop()
    assert box.mails == []
    with reading(front.sessions) as session:
        assert len(errands.given_up(session)) == (change == "over")


@pytest.mark.parametrize("kind", ["tracker", "email"])
def test_errands_of_one_conversation_keep_their_order(front: Front, kind: Any) -> None:
    chat = front.chat()
    with unit_of_work(front.sessions) as session:
        for number in range(3):
            errands.put(session, kind, chat, {"n": number}, NOW)
        assert [row.payload["n"] for row in errands.claim(session, kind, NOW, NOW)] == [0]
