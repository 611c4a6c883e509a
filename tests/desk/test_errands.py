"""What leaves the desk: emails to patients who went away, alerts to the team. Real SMTP and HTTP servers on this
machine.
"""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx
import pytest
from aiosmtpd.controller import Controller

from bot.desk.jobs import errands as jobs
from bot.store import bookings, errands
from bot.store.engine import unit_of_work

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


def test_an_errand_is_given_up_after_twelve_attempts_and_stays_on_record(front: Front) -> None:
    chat = front.chat()
    with unit_of_work(front.sessions) as session:
        errands.put(session, "email", chat, {"to": "x"}, NOW)
        now = NOW
        for _ in range(errands.ATTEMPTS):
            (row,) = errands.claim(session, "email", now, now)
            errands.failed(session, row, now)
            session.expire_all()
            now += errands.LONGEST_PAUSE
        assert errands.claim(session, "email", now, now) == []
        assert len(errands.given_up(session, "email")) == 1


@pytest.mark.parametrize("kind", ["tracker", "email"])
def test_errands_of_one_conversation_keep_their_order(front: Front, kind: Any) -> None:
    chat = front.chat()
    with unit_of_work(front.sessions) as session:
        for number in range(3):
            errands.put(session, kind, chat, {"n": number}, NOW)
        assert [row.payload["n"] for row in errands.claim(session, kind, NOW, NOW)] == [0]
