"""Real databases for the tests of this folder, and a few rows of one patient to put in them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from sqlalchemy import text

from bot.clinic.screening import Screening
from bot.settings import Settings
from bot.store import audit, bookings, conversations, screenings
from bot.store.engine import Sessions, make_engine, reading, unit_of_work
from bot.store.opening import open_store
from tests.databases import empty_database

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=timezone.utc)
NAME = "Wilhelmina Obersdorf"
WORDS = "My scalp itches and I worry \U0001f641"


@dataclass(frozen=True)
class Filled:
    """An installation's database with one conversation of one patient."""

    settings: Settings
    sessions: Sessions
    conversation: str


def fill(settings: Settings) -> Filled:
    """Create the tables and let one patient write, be screened twice, and book."""
    if settings.database_url.startswith("sqlite"):
        empty_database(Path(settings.database_url.removeprefix("sqlite:///")))
    sessions = open_store(settings)
    with unit_of_work(sessions) as session:
        chat = conversations.open_conversation(session, channel="website", now=NOW).id
        conversations.accept_message(session, chat, "one", WORDS, NOW)
        first = screenings.save(session, chat, _decision("clinician_review"), NOW)
        second = screenings.amend(session, first, _decision("suitable"), NOW)
        request = bookings.Request(
            name=NAME, contact="+12025550177", contact_kind="phone", screening_id=second.id, screening_status="suitable"
        )
        bookings.create(session, chat, request, NOW)
        audit.record(session, actor="system", action="test.filled", subject=f"conversation:{chat}", now=NOW)
        session.commit()
    return Filled(settings, sessions, chat)


def _decision(outcome: str) -> screenings.Decision:
    return screenings.Decision(
        answers=Screening().with_answer("age", 34, "34", NOW.date()).to_dict(),
        outcome=outcome,
        reasons=[],
        open=[],
        content_version="1",
        rules_version="1",
    )


def names(sessions: Sessions, conversation: str) -> list[str]:
    """The names under which a conversation has booked, decrypted."""
    with reading(sessions) as session:
        return [booking.name for booking in bookings.of_conversation(session, conversation)]


def new_database(server: str, name: str) -> str:
    """Create an empty database on a PostgreSQL server; returns its address."""
    engine = make_engine(server)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    engine.dispose()
    return server.replace("/postgres?", f"/{name}?")
