"""Messenger's durable inbound queue: each event once, each person's events in order, each person in one hand at a time.

A worker takes a person's lane, works off that person's events and lets go. A worker that dies loses the lane when its
time is up, and the event it had begun is worked on again (at least once). Nothing here commits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from bot.store.desk_models import Counter
from bot.store.messenger_models import MessengerEvent, MessengerLane
from bot.store.writing import insert_if_new

COUNTED, NAME_LENGTH = "meta:", 32  # how the names of counts begin, and how long they may be
CHUNK = 100  # rows of one INSERT, far below SQLite's limit on parameters


@dataclass(frozen=True)
class Arrival:
    """An event to be queued. `key` names it for good; `sent_at` is Meta's clock; `body` is what the work needs."""

    key: str
    person_index: str
    kind: str
    body: Mapping[str, Any]
    sent_at: datetime


@dataclass(frozen=True)
class Pending:
    """An event to be worked on."""

    position: int
    person_index: str
    kind: str
    body: Mapping[str, Any]
    sent_at: datetime


@dataclass(frozen=True)
class Backlog:
    """How far the work lags behind: events waiting, the age of the oldest in seconds, and events given up."""

    waiting: int
    oldest_seconds: float
    given_up: int


def enqueue(session: Session, arrivals: Sequence[Arrival], now: datetime) -> int:
    """Write events down; those whose key is known already are left out. Returns how many were new."""
    insert: Any = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    new = 0
    for start in range(0, len(arrivals), CHUNK):
        rows = [_values(one, now) for one in arrivals[start : start + CHUNK]]
        statement = insert(MessengerEvent).values(rows).on_conflict_do_nothing(index_elements=["key"])
        new += len(session.scalars(statement.returning(MessengerEvent.position)).all())
    return new


def waiting_people(session: Session, now: datetime, limit: int = 20) -> list[str]:
    """The people with work and a free lane, longest waiting first."""
    held = select(MessengerLane.person_index).where(MessengerLane.until > now)
    wanted = select(MessengerEvent.person_index).where(
        MessengerEvent.done_at.is_(None), MessengerEvent.person_index.not_in(held)
    )
    wanted = wanted.group_by(MessengerEvent.person_index).order_by(func.min(MessengerEvent.position)).limit(limit)
    return list(session.scalars(wanted))


def held_lanes(session: Session, now: datetime) -> set[str]:
    """The people whose lane somebody holds, or for whom nothing can be done yet."""
    return set(session.scalars(select(MessengerLane.person_index).where(MessengerLane.until > now)))


def take_lane(session: Session, person_index: str, holder: str, until: datetime, now: datetime) -> bool:
    """Take a person's lane, or keep one that is ours; False when somebody else has it."""
    mine = {"person_index": person_index, "holder": holder, "until": until}
    if insert_if_new(session, MessengerLane, ("person_index",), **mine):
        return True
    change = update(MessengerLane).where(MessengerLane.person_index == person_index)
    change = change.where((MessengerLane.until <= now) | (MessengerLane.holder == holder))
    return bool(session.execute(change.values(holder=holder, until=until)).rowcount)  # type: ignore[attr-defined]


def leave_lane(session: Session, person_index: str, holder: str) -> None:
    """Let go of a lane, if it is still ours."""
    mine = (MessengerLane.person_index == person_index, MessengerLane.holder == holder)
    session.execute(delete(MessengerLane).where(*mine))


def block_lane(session: Session, person_index: str, holder: str, until: datetime) -> None:
    """Nobody works for this person before `until`: what failed is tried again then."""
    mine = (MessengerLane.person_index == person_index, MessengerLane.holder == holder)
    session.execute(update(MessengerLane).where(*mine).values(holder="", until=until))


def free_all_lanes(session: Session) -> None:
    """At the start of an installation with one worker process: whoever held a lane is gone."""
    session.execute(delete(MessengerLane))


def next_event(session: Session, person_index: str) -> Pending | None:
    """The person's first event that is not done, by Meta's clock."""
    wanted = select(MessengerEvent).where(MessengerEvent.person_index == person_index, MessengerEvent.done_at.is_(None))
    row = session.scalar(wanted.order_by(MessengerEvent.sent_at, MessengerEvent.position).limit(1))
    return None if row is None else Pending(row.position, row.person_index, row.kind, row.body or {}, row.sent_at)


def finish(session: Session, position: int, now: datetime, error: str | None = None) -> None:
    """The event is done (or, with an error's class, given up); its body goes, its key stays."""
    change = update(MessengerEvent).where(MessengerEvent.position == position)
    session.execute(change.values(done_at=now, body=None, error=error))


def note_attempt(session: Session, position: int) -> int:
    """Count one more attempt at an event; returns how many there were."""
    row = session.get(MessengerEvent, position)
    if row is None:
        return 0
    row.attempts += 1
    return row.attempts


def backlog(session: Session, now: datetime) -> Backlog:
    """How far the work lags behind."""
    open_ = select(func.count(), func.min(MessengerEvent.received_at)).where(MessengerEvent.done_at.is_(None))
    waiting, oldest = session.execute(open_).one()
    dead = session.scalar(select(func.count()).where(MessengerEvent.error.is_not(None))) or 0
    return Backlog(waiting, (now - oldest).total_seconds() if oldest else 0.0, dead)


def count(session: Session, counts: Mapping[str, int]) -> None:
    """Add to the installation's counts of what came by Messenger, by name; a restart loses none of them."""
    insert: Any = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    for name in sorted(counts):  # in one order, so that two processes never wait for each other
        statement = insert(Counter).values(name=f"{COUNTED}{name}"[:NAME_LENGTH], value=counts[name])
        more = {"value": Counter.value + statement.excluded.value}
        session.execute(statement.on_conflict_do_update(index_elements=["name"], set_=more))


def counted(session: Session) -> dict[str, int]:
    """What was counted since the installation began, by name."""
    rows = session.execute(select(Counter.name, Counter.value).where(Counter.name.startswith(COUNTED)))
    return {name.removeprefix(COUNTED): value for name, value in rows}


def forget_done(session: Session, now: datetime, days: int = 30) -> int:
    """Remove the keys of events done so long ago that Meta sends none of them again; returns how many."""
    old = MessengerEvent.done_at < now - timedelta(days=days)
    return int(session.execute(delete(MessengerEvent).where(old)).rowcount)  # type: ignore[attr-defined]


def _values(one: Arrival, now: datetime) -> dict[str, Any]:
    return {
        "key": one.key,
        "person_index": one.person_index,
        "kind": one.kind,
        "body": dict(one.body),
        "sent_at": one.sent_at,
        "received_at": now,
        "attempts": 0,
    }
