"""Two processes at once, on both databases: nothing is stored twice, nothing is lost, nothing is seen out of order."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, make_url, select

from bot.store import conversations, outbox
from bot.store.engine import Sessions, make_engine, reading, unit_of_work
from bot.store.migrate import current_version, newest_version
from bot.store.models import Booking, Message, OutboxItem, TriageItem

from . import racing
from .conftest import NOW, address, admin


@pytest.fixture(scope="module")
def racers() -> Iterator[racing.Racers]:
    both = racing.Racers()
    yield both
    both.close()


def count(sessions: Sessions, model: type) -> int:
    with reading(sessions) as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def test_a_message_sent_twice_at_once_is_stored_once_and_one_of_the_two_is_told(
    engine: Engine, sessions: Sessions, chat: str, key: str, racers: racing.Racers
) -> None:
    one, two = racers.race(racing.accept, address(engine), key, chat)
    assert [sorted((a[0], b[0])) for a, b in zip(one, two, strict=True)] == [[False, True]] * racing.ROUNDS
    assert [id for _, id in one] == [id for _, id in two]
    assert count(sessions, Message) == racing.ROUNDS


def test_a_message_worked_off_twice_at_once_has_one_answer(
    engine: Engine, sessions: Sessions, chat: str, key: str, racers: racing.Racers
) -> None:
    one, two = racers.race(racing.answer, address(engine), key, chat)
    assert one == two
    assert count(sessions, Message) == 2 * racing.ROUNDS


def test_a_booking_confirmed_twice_at_once_is_made_once_with_one_queue_row_and_one_message(
    engine: Engine, sessions: Sessions, chat: str, key: str, racers: racing.Racers
) -> None:
    one, two = racers.race(racing.book, address(engine), key, chat)
    assert one == two
    assert [count(sessions, model) for model in (Booking, TriageItem, OutboxItem)] == [racing.ROUNDS] * 3


def test_a_question_queued_twice_at_once_is_one_item(
    engine: Engine, chat: str, key: str, racers: racing.Racers
) -> None:
    one, two = racers.race(racing.queue_up, address(engine), key, chat)
    assert one == two


def test_one_of_two_people_takes_a_chat_over(engine: Engine, chat: str, key: str, racers: racing.Racers) -> None:
    one, two = racers.race(racing.take_over, address(engine), key, chat)
    assert sum(one) + sum(two) == 1


def test_two_senders_never_claim_the_same_item(
    engine: Engine, sessions: Sessions, key: str, racers: racing.Racers
) -> None:
    with unit_of_work(sessions) as session:
        for number in range(40):
            outbox.put(session, kind="note", key=f"n{number}", payload={}, now=NOW)
        session.commit()
    one, two = ([id for got in run for id in got] for run in racers.race(racing.claim, address(engine), key))
    assert len(one) + len(two) == len({*one, *two})
    assert len({*one, *two}) == 40


def test_a_reader_that_asks_for_what_is_new_misses_nothing_two_writers_write(
    engine: Engine, sessions: Sessions, chat: str, key: str, racers: racing.Racers
) -> None:
    seen: list[int] = []
    done = threading.Event()

    def read() -> None:
        last = False
        while not last:
            last = done.is_set()
            with reading(sessions) as session:
                seen.extend(
                    row.position for row in conversations.transcript(session, chat, after=seen[-1] if seen else 0)
                )

    reader = threading.Thread(target=read)
    reader.start()
    try:
        racers.race(racing.talk, address(engine), key, chat)
    finally:
        done.set()
        reader.join(30)
    assert seen == sorted(set(seen))
    assert len(seen) == count(sessions, Message) == 2 * 4 * racing.ROUNDS


def test_two_processes_may_open_a_file_that_is_not_there_yet_at_once(
    tmp_path: Path, key: str, racers: racing.Racers
) -> None:
    racers.race(racing.open_new, f"sqlite:///{tmp_path}/new.db", key)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_two_processes_may_bring_an_empty_database_up_to_date_at_once(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, key: str, racers: racing.Racers
) -> None:
    url = f"sqlite:///{tmp_path}/empty.db"
    if kind == "postgresql":
        server = request.getfixturevalue("server")
        admin(server, "CREATE DATABASE empty")
        url = make_url(server).set(database="empty").render_as_string(hide_password=False)
    racers.race(racing.upgrade, url, key)
    engine = make_engine(url)
    assert current_version(engine) == newest_version()
    engine.dispose()
