"""The web app under schemathesis, in this process: every route, for a stranger, a patient and an admin of the desk.

Behind it stands the website channel with a stand-in for Rasa's dialogue. No answer may be a 500, whatever is asked.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import schemathesis
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from hypothesis import HealthCheck, Phase, given, seed, settings
from starlette.testclient import TestClient

from bot.desk.demo import demo_data
from bot.store import staff
from bot.store.engine import unit_of_work
from bot.web.app import create_app
from tests.web.stack import Stack, running

PASSWORD = "correct horse battery staple"  # noqa: S105 - of somebody who does not exist
NOT_CALLED = ("/desk/events", "/desk/logout")  # the feed never ends; signing out would end the run
MESSAGE = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "text": {"type": "string"},
        "payload": {"type": "string"},
    },
}


class ServerError(AssertionError):
    """The app answered 500; the message says to what."""


@dataclass
class Door:
    """The app and a client for each kind of person; `answers` counts what was answered."""

    app: FastAPI
    client: TestClient
    headers: tuple[Mapping[str, str], ...]
    answers: Counter[int]


@contextmanager
def open_door(folder: Path) -> Iterator[Door]:
    """The app with demo data, an admin who is signed in, and a patient who has a token."""
    with ExitStack() as stack:
        rasa = stack.enter_context(running(folder))
        app = create_app(rasa.settings)
        client = stack.enter_context(TestClient(app, raise_server_exceptions=False))
        token = client.post("/webhooks/website/session").json()["token"]
        patient = {"Authorization": f"Bearer {token}"}
        yield Door(app, client, ({}, patient, _signed_in(rasa, client)), Counter())


def _signed_in(rasa: Stack, client: TestClient) -> Mapping[str, str]:
    now = datetime.now(timezone.utc)
    with unit_of_work(rasa.website.sessions) as session:
        demo_data(session, now)
        staff.create_admin(session, "admin@clinic.example", "Admin", PASSWORD, now)
        session.commit()
    page = client.get("/desk/login").text
    form = re.search(r'name="token" value="([^"]+)"', page)
    data = {"token": form[1] if form else "", "email": "admin@clinic.example", "password": PASSWORD, "code": ""}
    client.post("/desk/login", data=data)
    found = re.search(r'name="csrf" value="([^"]+)"', client.get("/desk").text)
    assert found, "the admin could not sign in"
    cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    client.cookies.clear()
    return {"Cookie": cookies, "X-CSRF-Token": found[1]}


def description(app: FastAPI) -> dict[str, Any]:
    """OpenAPI of every route, also of those that the app itself keeps out of its description."""
    routes = [one for route in app.routes for one in (*_inside(route), route) if isinstance(one, APIRoute)]
    for route in routes:
        route.include_in_schema = True
    found = get_openapi(title="Mesoguide", version="1", routes=routes)
    for path, methods in found["paths"].items():
        if path.startswith("/webhooks/") and "post" in methods:
            methods["post"]["requestBody"] = {"content": {"application/json": {"schema": MESSAGE}}}
    for path in [path for path in found["paths"] if path in NOT_CALLED]:
        del found["paths"][path]
    website = found["paths"].pop("/webhooks/website/{rest}", {})
    for name, method in (("session", "post"), ("message", "post"), ("history", "get")):
        operation = {**website.get(method, {}), "parameters": [], "operationId": f"{method} {name}"}
        found["paths"][f"/webhooks/website/{name}"] = {method: operation}
    return found


def _inside(route: Any) -> list[Any]:
    """The routes of a router that the app includes."""
    return list(getattr(getattr(route, "original_router", None), "routes", ()))


def run(door: Door, count: int, start: int) -> None:
    """So many requests, spread over the operations. Raises ServerError for the first 500."""
    schema = schemathesis.openapi.from_dict(description(door.app))
    operations = [found.ok() for found in schema.get_all_operations()]
    each = max(1, count // (len(operations) * len(door.headers)))
    for operation in operations:
        for headers in door.headers:
            _try(door, operation, headers, each, start)


def _try(door: Door, operation: Any, headers: Mapping[str, str], count: int, start: int) -> None:
    @seed(start)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate,),
    )
    @given(operation.as_strategy())
    def ask(case: Any) -> None:
        asked = case.as_transport_kwargs(base_url="http://testserver", headers=dict(headers))
        status = _status(door.client, asked)
        door.answers[status] += 1
        if status == 500:
            raise ServerError(f"500 to {asked['method']} {asked['url']}: {asked}")

    ask()


def _status(client: TestClient, asked: Mapping[str, Any]) -> int:
    """Send it as it is; a request that cannot be written as HTTP at all counts as 0."""
    known = {name: asked[name] for name in ("method", "url", "params", "json", "files") if asked.get(name) is not None}
    data = asked.get("data")
    known |= {"content": data} if isinstance(data, bytes | str) else {"data": data} if data else {}
    headers = {name: str(value).encode("latin-1", "replace") for name, value in (asked.get("headers") or {}).items()}
    try:
        request = client.build_request(**known, headers=headers)
        request.read()  # the body is written now, so that what cannot be written is not the app's failure
    except (AttributeError, UnicodeError, ValueError, TypeError):
        return 0
    return client.send(request, follow_redirects=False).status_code
