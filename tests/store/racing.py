"""Two processes that do the same thing to one database at the same moment."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from typing import Any

from bot.store import bookings, conversations, deliveries, triage
from bot.store.crypto import configure_keys
from bot.store.engine import Sessions, make_engine, make_sessions, unit_of_work
from bot.store.migrate import migrate

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=timezone.utc)
ROUNDS = 15
Job = Callable[[Sessions, str, int, int], Any]


class Racers:
    """Two processes kept for the length of a test run."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.barrier = context.Barrier(2)
        self.pool = context.Pool(2, initializer=get_ready, initargs=(self.barrier,))

    def race(self, job: Job, url: str, key: str, chat: str = "") -> list[list[Any]]:
        """Let both do the job ROUNDS times in step; returns what each of them got."""
        self.barrier.reset()
        runs = [self.pool.apply_async(run, (job, url, key, chat, number)) for number in range(2)]
        for one in runs:
            with suppress(threading.BrokenBarrierError):  # it waited for the other, whose error says why
                one.get(60)
        return [one.get() for one in runs]

    def close(self) -> None:
        self.pool.close()
        self.pool.join()


barrier: Any = None


def get_ready(shared: Any) -> None:
    """In a racer: keep what lets both start at once."""
    global barrier  # noqa: PLW0603 - a process pool hands things over in no other way
    barrier = shared


def run(job: Job, url: str, key: str, chat: str, number: int) -> list[Any]:
    """In a racer: all rounds of a job."""
    configure_keys([key])
    engine = make_engine(url)
    sessions = make_sessions(engine)
    got = []
    try:
        for turn in range(ROUNDS):
            barrier.wait(30)
            got.append(job(sessions, chat, number, turn))
    except BaseException:
        barrier.abort()  # the other need not wait for the next round
        raise
    finally:
        engine.dispose()
    return got


def accept(sessions: Sessions, chat: str, number: int, turn: int) -> tuple[bool, str]:
    with unit_of_work(sessions) as session:
        accepted = conversations.accept_message(session, chat, f"c{turn}", "hello", NOW)
        session.commit()
        return accepted.repeated, accepted.row.id


def answer(sessions: Sessions, chat: str, number: int, turn: int) -> list[str]:
    with unit_of_work(sessions) as session:
        row = conversations.accept_message(session, chat, f"c{turn}", "hello", NOW).row
        said = conversations.record_reply(session, row, [{"text": f"from {number}"}], NOW)
        session.commit()
        return [line.id for line in said]


def book(sessions: Sessions, chat: str, number: int, turn: int) -> str:
    request = bookings.Request("Test Patient", "a@example.org", "email", key=f"{chat}:{turn}")
    with unit_of_work(sessions) as session:
        row = bookings.create(session, chat, request, NOW)
        session.commit()
        return row.id


def queue_up(sessions: Sessions, chat: str, number: int, turn: int) -> str:
    with unit_of_work(sessions) as session:
        row = triage.add(
            session,
            kind="question",
            handoff_reason="knowledge_missing",
            conversation_id=chat,
            key=f"{chat}:{turn}",
            now=NOW,
        )
        session.commit()
        return row.id


def take_over(sessions: Sessions, chat: str, number: int, turn: int) -> bool:
    with unit_of_work(sessions) as session:
        won = conversations.set_owner(session, chat, "person", expected=("bot",), assigned_to=str(number))
        session.commit()
        return won


def claim(sessions: Sessions, chat: str, number: int, turn: int) -> list[str]:
    with unit_of_work(sessions) as session:
        deliveries.spread(session, ["webhook"], NOW)
        claimed = deliveries.claim(session, ["webhook"], NOW, NOW + timedelta(minutes=5), limit=2)
        session.commit()
        return [one.item.id for one in claimed]


def talk(sessions: Sessions, chat: str, number: int, turn: int) -> list[str]:
    for line in range(4):
        accept(sessions, chat, number, turn * 1000 + number * 100 + line)
    return []


def open_new(sessions: Sessions, chat: str, number: int, turn: int) -> None:
    engine = make_engine(f"{sessions.kw['bind'].url}.{turn}")
    with engine.begin() as connection:
        connection.exec_driver_sql("SELECT 1")
    engine.dispose()


def upgrade(sessions: Sessions, chat: str, number: int, turn: int) -> None:
    migrate(sessions.kw["bind"])
