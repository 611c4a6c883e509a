"""The public app over HTTP: what it shows, what it passes on to Rasa, what it refuses, how it reports its health."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from uuid import uuid4

import aiohttp
import httpx
import pytest
from starlette.testclient import TestClient

from bot.clinic.content import load_content
from bot.store import deliveries, outbox
from bot.store.engine import unit_of_work
from bot.web.app import create_app
from bot.web.health import Health, Report
from tests.web.stack import Stack, running


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running(tmp_path_factory.mktemp("web")) as stack:
        yield stack


@pytest.fixture
def http(stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.address, timeout=20) as http:
        yield http


def open_session(http: httpx.Client) -> dict[str, str]:
    answer = http.post("/webhooks/website/session")
    assert answer.status_code == 201
    return {"Authorization": f"Bearer {answer.json()['token']}"}


def test_the_page_without_scripts_shows_phone_hours_and_main_answers(http: httpx.Client, stack: Stack) -> None:
    page = http.get("/").text
    content = load_content(stack.settings.content)
    answer = next(a for a in content.answers if a.id == "side_effects")
    for text in (
        content.clinic.phone,
        "17:30",
        content.clinic.emergency_number,
        content.fill(answer.text),
        "<noscript>",
    ):
        assert text in page


def test_a_receiver_that_takes_nothing_is_named_and_changes_nothing_of_the_status(stack: Stack) -> None:
    health, now = Health(stack.settings, stack.website.sessions), datetime.now(timezone.utc)
    with unit_of_work(stack.website.sessions) as session:
        outbox.put(session, kind="booking.created", key="booking:one:0", payload={}, now=now, subject="one")
        session.flush()
        deliveries.spread(session, ["webhook"], now)
        (claimed,) = deliveries.claim(session, ["webhook"], now, now)
        deliveries.failed(session, claimed.position, "ConnectError", now, now)
        session.commit()

    async def report() -> Report:
        async with aiohttp.ClientSession() as client:
            return await health.report(client, now)

    before = asyncio.run(report())
    assert before["receivers"] == {"webhook": "down"}
    assert "webhook" not in before["parts"]
    with unit_of_work(stack.website.sessions) as session:
        deliveries.delivered(session, claimed.position, now)
        session.commit()
    assert "receivers" not in asyncio.run(report())


def test_a_message_travels_to_the_bot_and_back(http: httpx.Client) -> None:
    headers = open_session(http)
    answer = http.post("/webhooks/website/message", json={"id": str(uuid4()), "text": "hello"}, headers=headers)
    assert answer.json()["messages"][0]["text"] == "You said: hello"
    history = http.get("/webhooks/website/history", headers=headers)
    assert [m["from"] for m in history.json()["messages"]] == ["bot", "patient", "bot"]


def test_problems_of_the_channel_arrive_unchanged(http: httpx.Client) -> None:
    answer = http.get("/webhooks/website/history", headers={"Authorization": "Bearer nonsense"})
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"] == "Bearer"


def test_the_stream_passes_through_while_it_is_open(http: httpx.Client, stack: Stack) -> None:
    headers = open_session(http)
    with http.stream("GET", "/webhooks/website/stream", headers=headers) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = stream.iter_lines()
        assert next(lines).startswith("retry:")
        sender = threading.Thread(
            target=httpx.post,
            args=(f"{stack.address}/webhooks/website/message",),
            kwargs={"json": {"id": str(uuid4()), "text": "live"}, "headers": headers},
        )
        sender.start()
        assert "You said: live" in next(line for line in lines if line.startswith("data:"))
        sender.join()


@pytest.mark.parametrize(
    "path",
    [
        "/webhooks/rest/webhook",
        "/webhooks/website/health",
        "/webhooks/website/",
        "/webhooks/website/../rest/webhook",
        "/webhooks/website/%2e%2e/rest/webhook",
        "/webhooks/website/session/x",
        "/webhooks/website/session%2f..%2f..",
        "/model/parse",
        "/conversations/default/tracker",
        "/docs",
        "/openapi.json",
    ],
)
def test_nothing_else_of_rasa_can_be_reached(http: httpx.Client, path: str) -> None:
    for method in ("GET", "POST"):
        assert http.request(method, path).status_code in (404, 405)


def test_a_body_too_large_is_refused_before_it_is_read(http: httpx.Client) -> None:
    headers = open_session(http)
    for content in (b"x" * 20_000, iter([b"x" * 10_000] * 3)):
        answer = http.post("/webhooks/website/message", content=content, headers=headers)
        assert answer.status_code == 413
        assert answer.json()["type"] == "urn:mesoguide:problem:too_large"


def test_rasa_away_is_503_in_words_and_everything_else_goes_on(tmp_path: Path) -> None:
    with running(tmp_path) as stack, httpx.Client(base_url=stack.address, timeout=20) as http:
        headers = open_session(http)
        stack.stop_rasa()
        answer = http.post("/webhooks/website/message", json={"id": str(uuid4()), "text": "hello"}, headers=headers)
        assert answer.status_code == 503
        assert answer.headers["retry-after"]
        assert "+1 202 555 0143" in answer.json()["detail"]
        assert http.get("/").status_code == 200
        stack.start_rasa()
        answer = http.post("/webhooks/website/message", json={"id": str(uuid4()), "text": "hello"}, headers=headers)
        assert answer.status_code == 200


def test_health_is_200_only_when_every_part_answers(tmp_path: Path) -> None:
    with running(tmp_path) as stack, httpx.Client(base_url=stack.address, timeout=20) as http:
        answer = http.get("/healthz")
        assert answer.status_code == 200
        assert answer.json() == {"status": "ok", "parts": {"rasa": "ok", "actions": "ok", "database": "ok"}}
        with stack.website.sessions.kw["bind"].connect() as connection:
            connection.exec_driver_sql("ALTER TABLE message RENAME TO gone")
            connection.commit()
        stack.stop_rasa()
        answer = http.get("/healthz")
        assert answer.status_code == 503
        assert answer.json()["parts"] == {"rasa": "down", "actions": "down", "database": "down"}
        assert http.get("/livez").status_code == 200
        assert 'mesoguide_part_up{part="rasa"} 0.0' in http.get("/metrics").text


@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("10.2.3.4", {}, 200),  # Prometheus in the same cluster
        ("fd00::7", {}, 200),
        ("9.9.9.9", {}, 403),
        ("9.9.9.9", {"Authorization": "Bearer wrong"}, 403),
        ("9.9.9.9", {"Authorization": f"Bearer {'t' * 24}"}, 200),
        ("10.2.3.4", {"X-Forwarded-For": "9.9.9.9"}, 403),  # through a proxy, be it one that is believed or not
        ("10.2.3.4", {"Forwarded": "for=9.9.9.9"}, 403),
        ("nobody", {}, 403),
    ],
)
def test_figures_are_for_who_asks_from_inside_or_knows_the_token(
    stack: Stack, address: str, headers: dict[str, str], status: int
) -> None:
    settings = replace(stack.settings, metrics_token="t" * 24)
    client = TestClient(create_app(settings), client=(address, 50000))
    assert client.get("/metrics", headers=headers).status_code == status


def test_no_token_is_no_empty_token(stack: Stack) -> None:
    client = TestClient(create_app(stack.settings), client=("9.9.9.9", 50000))
    for said in ("Bearer ", "Bearer", ""):
        assert client.get("/metrics", headers={"Authorization": said}).status_code == 403


def test_figures_count_requests_by_route_not_by_address(http: httpx.Client) -> None:
    http.get("/nowhere/12345")
    http.get("/webhooks/website/history")
    text = http.get("/metrics").text
    assert 'mesoguide_requests_total{method="GET",route="other",status="404"}' in text
    assert 'route="/webhooks/website/{rest}",status="401"' in text
    assert "12345" not in text


@pytest.mark.parametrize("path", ["/", "/chat", "/static/chat.js", "/nowhere", "/webhooks/website/history", "/healthz"])
def test_every_answer_has_the_security_headers(http: httpx.Client, path: str) -> None:
    headers = http.get(path).headers
    assert "unsafe" not in headers["content-security-policy"]
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"]


def test_only_the_chat_page_may_be_framed_and_only_by_named_sites(http: httpx.Client) -> None:
    assert "frame-ancestors 'none'" in http.get("/").headers["content-security-policy"]
    assert "frame-ancestors 'self'" in http.get("/chat").headers["content-security-policy"]


def test_the_widget_script_can_be_loaded_by_other_sites_and_is_small(http: httpx.Client) -> None:
    answer = http.get("/widget.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert len(answer.content) < 60_000


def test_unknown_addresses_are_problem_json(http: httpx.Client) -> None:
    answer = http.get("/nowhere")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_mistyped_address_leads_a_person_to_the_clinics_page_and_a_program_to_a_404(http: httpx.Client) -> None:
    read = http.get("/bookng", headers={"Accept": "text/html,application/xhtml+xml"})
    assert (read.status_code, "data-chat" in read.text) == (404, True)
    asked = http.get("/bookng")
    assert (asked.status_code, asked.json()["status"]) == (404, 404)
