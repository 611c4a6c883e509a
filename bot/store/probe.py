"""Whether the database takes a change just now: one that is locked, full or read-only still reads."""

from __future__ import annotations

from sqlalchemy import text

from bot.store.engine import Sessions, unit_of_work

# Each changes nothing that anybody reads, and goes the whole way of a commit to the disk.
_CHANGES = {"sqlite": "PRAGMA user_version = 0", "postgresql": "SELECT txid_current()"}


def write(sessions: Sessions) -> None:
    """Commit a change without effect; raises SQLAlchemy's error when the database does not take it."""
    with unit_of_work(sessions) as session:
        session.execute(text(_CHANGES[session.get_bind().dialect.name]))
        session.commit()
