"""Requests made to harm: bodies too large, slow or packed, other hosts, ways out of a folder, ways to other sites."""

from __future__ import annotations

import asyncio
import gzip
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.types import Message, Receive, Scope, Send

from bot.clinic.content import load_content
from bot.desk.pages.account import _inside
from bot.problems import Problems
from bot.settings import ROOT, Settings
from bot.web.app import create_app
from bot.web.bodies import LARGEST, BodyLimits
from tests.channels.website_server import KEY
from tests.web.stack import Stack, running


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running(tmp_path_factory.mktemp("web")) as stack:
        yield stack


@pytest.fixture
def http(stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.address, timeout=20) as http:
        yield http


def token(http: httpx.Client) -> dict[str, str]:
    return {"Authorization": f"Bearer {http.post('/webhooks/website/session').json()['token']}"}


def test_a_form_larger_than_any_is_refused_before_it_is_read(http: httpx.Client) -> None:
    many = {f"field{number}": "a" * 100_000 for number in range(LARGEST // 100_000 + 1)}
    assert http.post("/desk/login", data=many).status_code == 413
    assert http.post("/desk/login", files={name: text.encode() for name, text in many.items()}).status_code == 413


def test_a_packed_body_is_not_unpacked(http: httpx.Client) -> None:
    bomb = gzip.compress(b"\0" * 10_000_000)
    assert len(bomb) < 16 * 1024
    packed = {**token(http), "Content-Encoding": "gzip", "Content-Type": "application/json"}
    answer = http.post("/webhooks/website/message", content=bomb, headers=packed)
    assert answer.json()["type"] == "urn:mesoguide:problem:not_json"
    assert http.post("/desk/login", content=bomb, headers=packed).status_code < 500


def test_many_slow_clients_keep_nobody_waiting(stack: Stack, http: httpx.Client) -> None:
    slow = [socket.create_connection(("127.0.0.1", stack.settings.port)) for _ in range(150)]
    try:
        for number, one in enumerate(slow):
            half = b"POST /webhooks/website/message HTTP/1.1\r\nHost: x\r\n"
            one.sendall(half if number % 2 else half + b"Content-Length: 1000\r\n\r\n{")
        headers = token(http)
        answer = http.get("/webhooks/website/history", headers=headers)
        assert answer.status_code == 200
    finally:
        for one in slow:
            one.close()


def test_a_body_that_does_not_arrive_in_time_is_given_up() -> None:
    with ThreadPoolExecutor(1) as beside:  # a browser test of this process may hold the event loop of this thread
        beside.submit(asyncio.run, gives_up()).result()


async def gives_up() -> None:
    """The app answers in its own way to a client that went away; the client hears what was wrong."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        with suppress(ClientDisconnect):
            await Request(scope, receive).body()
        await JSONResponse({}, 500)(scope, receive, send)

    parts = [{"type": "http.request", "body": b"a", "more_body": True}]
    sent: list[Message] = []

    async def receive() -> Message:
        if parts:
            return parts.pop()
        await asyncio.sleep(10)
        raise AssertionError("waited too long")

    async def send(message: Message) -> None:
        sent.append(message)

    limited = BodyLimits(app, Problems(load_content(ROOT / "bot" / "content").placeholders()), slowest=0.1)
    await limited({"type": "http", "method": "POST", "path": "/", "headers": []}, receive, send)
    assert [message.get("status") for message in sent] == [408, None]


@pytest.mark.parametrize("folder", ["/static/", "/desk/static/"])
@pytest.mark.parametrize(
    "way",
    [
        "../app.py",
        "..%2fapp.py",
        "%2e%2e/app.py",
        "....//app.py",
        "..%5capp.py",
        "%2fetc%2fpasswd",
        "/etc/passwd",
        "x%00.js",
        "..%252fapp.py",
        "..%c0%afapp.py",
    ],
)
def test_no_file_outside_of_a_static_folder_can_be_read(stack: Stack, folder: str, way: str) -> None:
    with socket.create_connection(("127.0.0.1", stack.settings.port)) as raw:  # a client would tidy the path
        raw.sendall(f"GET {folder}{way} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode("latin-1"))
        answer = b"".join(iter(lambda: raw.recv(65536), b""))
    status = int(answer.split()[1])
    assert status in (400, 404), answer[:200]
    assert b"import" not in answer
    assert b"root:" not in answer


@pytest.mark.parametrize(
    "target",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)",
     "/desk/../..//evil.example", "/desk\t//evil.example", " //evil.example", "/%2f/evil.example"],
)  # fmt: skip
def test_signing_in_leads_to_the_desk_and_nowhere_else(target: str) -> None:
    assert _inside(target) == "/desk"


def test_a_request_for_another_host_is_refused_where_the_hosts_are_named(tmp_path: Path) -> None:
    settings = Settings(
        var=tmp_path,
        content=ROOT / "bot" / "content",
        database_url=f"sqlite:///{tmp_path}/test.db",
        secret="a secret for tests",  # noqa: S106 - signs nothing that lasts
        keys=(KEY,),
        hosts=("clinic.example",),
    )
    client = TestClient(create_app(settings))
    for host, status in (("clinic.example", 200), ("127.0.0.1:8000", 200), ("evil.example", 400)):
        assert client.get("/livez", headers={"Host": host}).status_code == status, host
