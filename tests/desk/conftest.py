"""A desk on a fresh database: a small app around the router, people who are signed in, and a patient's chat."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from fastapi import FastAPI
from fastapi.testclient import TestClient

from bot.desk import create_router
from bot.desk.build import DeskRouter
from bot.desk.tasks import lifespan
from bot.settings import Settings
from bot.store import conversations, staff, triage
from bot.store.crypto import forget_keys
from bot.store.engine import Sessions, unit_of_work
from bot.store.models import StaffUser
from bot.store.opening import open_store
from bot.store.terms import Role, TriageKind
from tests.databases import empty_database

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=timezone.utc)  # a Monday, 10:00 in the clinic
PASSWORD = "correct horse battery staple"  # noqa: S105 - of people who do not exist


def later(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


@dataclass
class Clock:
    """The desk's clock, moved by the test."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def move(self, **span: float) -> None:
        self.now += timedelta(**span)


@dataclass
class Person:
    """Somebody with a browser at the desk."""

    client: TestClient
    user: StaffUser | None = None
    csrf: str = ""
    history: list[int] = field(default_factory=list)

    def sign_in(self, email: str, password: str = PASSWORD, code: str = "") -> int:
        """Fill in the sign-in form; returns the status of the answer."""
        page = self.client.get("/desk/login")
        token = re.search(r'name="token" value="([^"]+)"', page.text)
        data = {"token": token[1] if token else "", "email": email, "password": password, "code": code}
        answer = self.client.post("/desk/login", data=data, follow_redirects=False)
        if answer.status_code == 303:
            found = re.search(r'name="csrf" value="([^"]+)"', self.client.get("/desk").text)
            self.csrf = found[1] if found else ""
        return answer.status_code

    def get(self, path: str, part: bool = False) -> Any:
        headers = {"HX-Request": "true"} if part else {}
        return self.client.get(path, headers=headers, follow_redirects=False)

    def post(self, path: str, part: bool = True, **data: str) -> Any:
        headers = {"X-CSRF-Token": self.csrf, **({"HX-Request": "true"} if part else {})}
        return self.client.post(path, data=data, headers=headers, follow_redirects=False)


@dataclass
class Front:
    """The whole desk of a test."""

    settings: Settings
    sessions: Sessions
    clock: Clock
    app: FastAPI
    router: DeskRouter

    def person(self, role: Role, name: str) -> Person:
        """Somebody new, signed in."""
        email = f"{name.lower()}@clinic.example"
        with unit_of_work(self.sessions) as session:
            user = staff.create(
                session, email=email, name=name, role=role, password=PASSWORD, actor="test", now=self.clock()
            )
            session.commit()
        person = Person(self.browser(), user)
        assert person.sign_in(email) == 303
        return person

    def browser(self, address: str = "203.0.113.7") -> TestClient:
        return TestClient(self.app, base_url="http://desk.example", client=(address, 50000))

    def chat(self, text: str = "Can I bring my dog?") -> str:
        """A conversation in which a patient has said something."""
        with unit_of_work(self.sessions) as session:
            row = conversations.open_conversation(session, channel="website", now=self.clock())
            message = conversations.accept_message(session, row.id, "c1", text, self.clock()).row
            conversations.record_reply(
                session,
                message,
                [{"text": "I do not know.", "metadata": {"kind": "fallback"}}],
                self.clock(),
                {"intent": {"name": "out_of_scope", "confidence": 0.4}, "entities": []},
            )
            session.commit()
            return row.id

    def item(self, chat: str, kind: TriageKind = "question", question: str = "Can I bring my dog?") -> str:
        """Something in the queue."""
        with unit_of_work(self.sessions) as session:
            row = triage.add(
                session,
                kind=kind,
                handoff_reason="knowledge_missing",
                conversation_id=chat,
                question=question,
                now=self.clock(),
            )
            session.commit()
            return row.id


def running_app(router: DeskRouter) -> FastAPI:
    """An app with nothing but the desk, whose jobs run while it serves."""

    @asynccontextmanager
    async def running(app: FastAPI) -> AsyncIterator[None]:
        async with lifespan(router):
            yield

    app = FastAPI(lifespan=running)
    app.include_router(router)
    return app


@pytest.fixture
def front(tmp_path: Path) -> Iterator[Front]:
    """A desk with nobody and nothing in it."""
    settings = Settings(
        var=tmp_path,
        database_url=empty_database(tmp_path / "desk.db"),
        keys=(Fernet.generate_key().decode(),),
        secret="a secret of the tests",  # noqa: S106
        rasa_token="token",  # noqa: S106
    )
    sessions = open_store(settings)
    clock = Clock()
    router = create_router(settings, sessions, clock)

    yield Front(settings, sessions, clock, running_app(router), router)
    sessions.kw["bind"].dispose()
    forget_keys()


@pytest.fixture
def anna(front: Front) -> Person:
    return front.person("front_desk", "Anna")


@pytest.fixture
def ben(front: Front) -> Person:
    return front.person("front_desk", "Ben")


@pytest.fixture
def clara(front: Front) -> Person:
    return front.person("clinician", "Clara")


@pytest.fixture
def adam(front: Front) -> Person:
    return front.person("admin", "Adam")
