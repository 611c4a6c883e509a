"""The desk's commands: the first account, a desk to look at, and what was taught as a change to review."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from typer.testing import CliRunner, Result

from bot.cli import app
from bot.desk import create_router
from bot.settings import Settings
from bot.store import answers_learned, conversations, desk_questions, staff, training_export, triage
from bot.store.crypto import forget_keys
from bot.store.engine import Sessions, reading, unit_of_work
from bot.store.opening import open_store
from bot.store.training_export import NLU

from .conftest import NOW, PASSWORD, Clock, Front, Person, running_app

Run = Callable[..., Result]
EMAIL = "eva@clinic.example"


@pytest.fixture
def env(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of an installation with nothing in it."""
    secret = {"MESOGUIDE_SECRET": "of the tests", "RASA_TOKEN": "token"}
    yield {
        "MESOGUIDE_VAR": str(tmp_path),
        "MESOGUIDE_KEYS": Fernet.generate_key().decode(),
        "DATABASE_URL": "",
        **secret,
    }
    forget_keys()


@pytest.fixture
def run(env: dict[str, str]) -> Run:
    """Types a command, and what it asks for."""
    return lambda *words, typed="": CliRunner().invoke(app, list(words), input=typed, env=env)


@pytest.fixture
def sessions(env: dict[str, str]) -> Iterator[Sessions]:
    made = open_store(Settings.from_env(env))
    yield made
    made.kw["bind"].dispose()


def test_the_first_admin_signs_in_with_the_password_that_was_typed_twice(
    env: dict[str, str], run: Run, sessions: Sessions
) -> None:
    made = run("desk", "create-admin", EMAIL, "Eva", typed=f"{PASSWORD}\n{PASSWORD}\n")
    assert made.exit_code == 0
    assert PASSWORD not in made.output
    router = create_router(Settings.from_env(env), sessions, Clock())
    front = Front(Settings.from_env(env), sessions, Clock(), running_app(router), router)
    eva = Person(front.browser())
    assert eva.sign_in(EMAIL, "another password altogether") != 303
    assert eva.sign_in(EMAIL) == 303
    assert eva.get("/desk/staff").status_code == 200, "only an admin sees this page"


@pytest.mark.parametrize("typed", ["short\nshort\n", f"{PASSWORD}\nanother\n"], ids=["weak", "not the same"])
def test_no_admin_is_made_with_a_bad_password(run: Run, sessions: Sessions, typed: str) -> None:
    assert run("desk", "create-admin", EMAIL, "Eva", typed=typed).exit_code != 0
    with reading(sessions) as session:
        assert staff.find(session, EMAIL) is None


def test_a_second_account_with_the_same_address_is_refused_in_a_line(run: Run, sessions: Sessions) -> None:
    typed = f"{PASSWORD}\n{PASSWORD}\n"
    assert run("desk", "create-admin", EMAIL, "Eva", typed=typed).exit_code == 0
    again = run("desk", "create-admin", EMAIL, "Eva", typed=typed)
    assert again.exit_code == 1
    assert "Traceback" not in again.output


def test_demo_data_fills_every_part_of_an_empty_desk_once(run: Run, sessions: Sessions) -> None:
    assert "conversations made" in run("demo-data").output
    with reading(sessions) as session:
        kinds = set(triage.counts(session, datetime.now(timezone.utc)))
        states = {row.state for row in answers_learned.listed(session)}
        groups = desk_questions.how_many(session)
    assert kinds == {"danger", "person", "review", "booking", "question"}
    assert states == {"draft", "live"}
    assert groups > 1
    assert "already" in run("demo-data").output
    with reading(sessions) as session:
        assert desk_questions.how_many(session) == groups


def test_export_training_prints_what_was_approved_as_a_change_and_changes_nothing(run: Run, sessions: Sessions) -> None:
    before = NLU.read_bytes()
    with unit_of_work(sessions) as session:
        chat = conversations.open_conversation(session, channel="website", now=NOW).id
        items = [
            triage.add(
                session,
                kind="question",
                handoff_reason="knowledge_missing",
                conversation_id=chat,
                question=question,
                now=NOW,
            )
            for question in ("may a parrot wait with me in the hall", "is there a rack for a tandem")
        ]
        parrot, _ = desk_questions.propose(session, "ask_clinic_info", items, actor="anna", now=NOW)
        session.commit()
        assert run("export-training").output == "", "nobody has approved anything"
        assert training_export.decide(session, parrot.id, "approved", actor="clara", now=NOW)
        session.commit()
    diff = run("export-training").output
    assert "+++ b/bot/data/nlu.yml" in diff
    assert [line[1:].strip() for line in diff.splitlines() if line.startswith("+") and line[1:2] != "+"] == [
        "- may a parrot wait with me in the hall"
    ]
    assert NLU.read_bytes() == before
