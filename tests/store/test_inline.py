"""Database work on the event loop's own thread: only while it keeps nobody waiting."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path

import pytest

from bot.store import inline

ABOUT: ContextVar[str] = ContextVar("about", default="")


@pytest.fixture
def path(tmp_path: Path) -> Iterator[str]:
    path = str(tmp_path / "clinic.db")
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE notes (words TEXT)")
    connection.close()
    inline.begin(f"sqlite:///{path}")
    yield path
    inline.begin("sqlite://")


def where() -> int:
    return threading.get_ident()


async def calm() -> None:
    """As many quick calls as it takes until work is done at once."""
    for _ in range(inline.QUICK_CALLS):
        assert await inline.run(where) != where()


async def test_work_is_done_at_once_after_some_quick_calls(path: str) -> None:
    await calm()
    assert await inline.run(where) == where()


async def test_the_event_loop_goes_on_while_another_program_keeps_the_lock(path: str) -> None:
    await calm()
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")

    def write() -> int:
        mine = sqlite3.connect(path, timeout=10)
        mine.execute("INSERT INTO notes VALUES ('kept')")
        mine.commit()
        mine.close()
        return where()

    writing = asyncio.create_task(inline.run(write))
    for _ in range(5):  # the loop has turns to give away although nothing can be written
        await asyncio.sleep(0.01)
    assert not writing.done()
    other.execute("COMMIT")
    assert await writing != where()
    assert await inline.run(where) != where(), "a lock that was kept is no reason to trust at once"


async def test_a_lock_that_was_just_seen_free_is_not_asked_for_again(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    here = inline.Inline(path, clock=lambda: now[0])
    asked: list[int] = []
    look = here._try_lock
    monkeypatch.setattr(here, "_try_lock", lambda: (asked.append(1), look())[1])
    for _ in range(inline.QUICK_CALLS + 3):
        await here.run(None, where)
    assert len(asked) == 1
    now[0] += inline.FRESH
    await here.run(None, where)
    assert len(asked) == 2, "and it is, once that is some time ago"


async def test_after_slow_work_the_next_is_done_elsewhere(path: str) -> None:
    now = [0.0]

    def takes_long() -> int:
        now[0] += 2 * inline.SLOW_SECONDS
        return where()

    here = inline.Inline(path, clock=lambda: now[0])
    for _ in range(inline.QUICK_CALLS):
        await here.run(None, where)
    assert await here.run(None, where) == where()
    assert await here.run(None, takes_long) == where()
    assert await here.run(None, where) != where()


async def test_work_that_waits_in_the_thread_is_given_up(path: str) -> None:
    free = threading.Event()
    with pytest.raises(asyncio.TimeoutError):
        await inline.run(free.wait, 5, seconds=0.05)
    free.set()


async def test_a_database_that_is_away_is_the_works_own_trouble(path: str) -> None:
    here = inline.Inline(path + "/gone")
    for _ in range(inline.QUICK_CALLS + 1):
        assert await here.run(None, where) != where()


async def test_errors_and_context_are_those_of_the_work(path: str) -> None:
    def fail() -> None:
        raise LookupError(ABOUT.get())

    ABOUT.set("a turn")
    for _ in range(inline.QUICK_CALLS + 2):
        with pytest.raises(LookupError, match="a turn"):
            await inline.run(fail)


async def test_postgresql_is_always_worked_with_in_a_thread() -> None:
    inline.begin("postgresql://localhost/clinic")
    for _ in range(inline.QUICK_CALLS + 2):
        assert await inline.run(where) != where()
