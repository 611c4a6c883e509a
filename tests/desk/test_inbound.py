"""The clinic's own system confirms, proposes and declines by signed webhooks; nothing else moves a visit this way."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from standardwebhooks import Webhook

from bot.desk.inbound import LARGEST, PATH, create_router
from bot.store import bookings, conversations
from bot.store.engine import reading, unit_of_work
from bot.store.models import Booking

from .conftest import NOW, Front

SECRET = "whsec_" + base64.b64encode(b"the secret of the clinic's own system").decode()
OLDER = "whsec_" + base64.b64encode(b"the secret before it, still good now").decode()
START = "2026-03-05T09:30:00+00:00"


@pytest.fixture
def system(front: Front) -> TestClient:
    app = FastAPI()
    app.include_router(create_router(front.router.desk, (SECRET, OLDER)))
    return TestClient(app)


@pytest.fixture
def visit(front: Front) -> Booking:
    with unit_of_work(front.sessions) as session:
        request = bookings.Request("Rosa Lindner", "rosa@patients.example", "email", treatment="hair")
        row = bookings.create(session, front.chat(), request, NOW)
        session.commit()
        return row


def call(system: TestClient, body: Any, secret: str = SECRET, **headers: str) -> int:
    text, now = body if isinstance(body, str) else json.dumps(body), datetime.now(timezone.utc)
    signed = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign("msg_1", now, text),
    }
    return int(system.post(PATH, content=text, headers={**signed, **headers}).status_code)


def event(visit: Booking, move: str, version: int = 0, **data: Any) -> dict[str, Any]:
    return {"type": f"booking.{move}", "data": {"reference": visit.reference, "version": version, **data}}


def now_is(front: Front, visit: Booking) -> tuple[str, str | None, int, str]:
    """State, time, version, and what the patient heard last."""
    with reading(front.sessions) as session:
        row = session.get_one(Booking, visit.id)
        start = row.starts_at.isoformat() if row.starts_at else None
        return row.status, start, row.version, conversations.transcript(session, row.conversation_id)[-1].text


def test_a_confirmation_fixes_the_visit_and_tells_the_patient_once(
    front: Front, system: TestClient, visit: Booking
) -> None:
    assert call(system, event(visit, "confirm", starts_at=START)) == 204
    status, start, version, heard = now_is(front, visit)
    assert (status, start) == ("booked", START)
    assert "Thursday 5 March, 10:30" in heard
    assert call(system, event(visit, "confirm", starts_at=START), OLDER) == 204  # once more, by the older secret
    assert now_is(front, visit) == (status, start, version, heard)
    with reading(front.sessions) as session:
        said = [line.text for line in conversations.transcript(session, visit.conversation_id)]
    assert sum("Thursday 5 March" in text for text in said) == 1


def test_what_the_system_says_while_a_person_has_the_chat_comes_in_that_persons_name_and_not_from_the_bot(
    front: Front, system: TestClient, visit: Booking
) -> None:
    with unit_of_work(front.sessions) as session:
        chat = visit.conversation_id
        assert conversations.set_owner(session, chat, "person", expected=["bot"], assigned_to="anna")
        session.commit()
    assert call(system, event(visit, "confirm", starts_at=START)) == 204
    with reading(front.sessions) as session:
        line = conversations.transcript(session, chat)[-1]
        assert (line.sender, line.author) == ("staff", "anna")
        assert line.meta, "by which Messenger knows that nobody typed it"


def test_another_time_waits_for_the_patient_and_a_refusal_gives_its_reason(
    front: Front, system: TestClient, visit: Booking
) -> None:
    assert call(system, event(visit, "propose", starts_at=START)) == 204
    assert now_is(front, visit)[:2] == ("pending", START)
    version = now_is(front, visit)[2]
    assert call(system, event(visit, "decline", version, reason="the doctor is away")) == 204
    assert now_is(front, visit)[0] == "cancelled"
    assert "the doctor is away" in now_is(front, visit)[3]


def test_what_knows_only_an_older_version_is_told_so(front: Front, system: TestClient, visit: Booking) -> None:
    with unit_of_work(front.sessions) as session:
        row = session.get_one(Booking, visit.id)
        bookings.reschedule(session, row, NOW + timedelta(days=3), None, actor="patient", now=NOW)
        session.commit()
    assert call(system, event(visit, "confirm", 0, starts_at=START)) == 409
    assert now_is(front, visit)[0] == "proposed"


@pytest.mark.parametrize(
    ("move", "data"),
    [("confirm", {}), ("propose", {}), ("decline", {}), ("explode", {}), ("confirm", {"starts_at": 1})],
    ids=str,
)
def test_what_is_not_complete_changes_nothing(
    front: Front, system: TestClient, visit: Booking, move: str, data: dict[str, Any]
) -> None:
    assert call(system, event(visit, move, **data)) == 400
    assert now_is(front, visit)[:3] == ("proposed", None, 0)


def test_who_has_no_secret_changes_nothing(front: Front, system: TestClient, visit: Booking) -> None:
    whole = event(visit, "confirm", starts_at=START)
    other = "whsec_" + base64.b64encode(b"somebody else's secret, as long").decode()
    old = str(int((datetime.now(timezone.utc) - timedelta(minutes=10)).timestamp()))
    assert call(system, whole, other) == 401
    assert call(system, whole, **{"webhook-timestamp": old}) == 401
    assert call(system, whole, **{"webhook-signature": "v1,not base64 at all!"}) == 401
    assert call(system, "x" * (LARGEST + 1)) == 413
    assert call(system, {**whole, "data": {**whole["data"], "reference": "MG-222222"}}) == 404
    assert now_is(front, visit)[:3] == ("proposed", None, 0)
