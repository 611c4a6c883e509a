"""Rasa's events as rows: one append-only row per save, and one small state row per conversation beside it.

A turn reads the state row and the rows of the last few turns, however long the conversation, and writes one row.
Events are plain dictionaries here; what they mean to Rasa is `tracker_store`'s business.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from sqlalchemy import URL, Connection, Dialect, Engine, bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from bot.store.crypto import sealed
from bot.store.engine import READ_ONLY, Sessions
from bot.store.models import TrackerState, TrackerTurn
from bot.store.plain import Plain

log = logging.getLogger(__name__)

EventDict = dict[str, Any]
Write = Callable[[Connection], bool]
_STATE = TrackerState.__table__.c
_TURN = TrackerTurn.__table__.c
_SELECT_STATE = Plain(
    select(_STATE.total, _STATE.window_start, _STATE.prefix).where(_STATE.sender_id == bindparam("sender"))
)
_SELECT_TURNS = Plain(
    select(_TURN.last, _TURN.events)
    .where(_TURN.sender_id == bindparam("sender"), _TURN.last >= bindparam("start"))
    .order_by(_TURN.last)
)
_EXISTS = Plain(select(_STATE.total).where(_STATE.sender_id == bindparam("sender")))
_INSERT_TURN = Plain(insert(TrackerTurn.__table__), columns=["sender_id", "last", "events", "saved_at"])
_STORED = update(TrackerState.__table__).where(
    _STATE.sender_id == bindparam("sender"), _STATE.total == bindparam("stored")
)
_MOVE = Plain(_STORED.values(total=bindparam("new_total")))
_MOVE_AND_CUT = Plain(
    _STORED.values(
        total=bindparam("new_total"),
        window_start=bindparam("new_start"),
        prefix=bindparam("new_prefix", type_=_STATE.prefix.type),
    )
)


def _first_insert(dialect: Dialect) -> Any:
    build: Any = postgresql.insert if dialect.name == "postgresql" else sqlite.insert
    return build(TrackerState.__table__).on_conflict_do_nothing()


_BEGIN = Plain(build=_first_insert, columns=["sender_id", "total", "window_start", "prefix"])


@dataclass(frozen=True)
class Window:
    """What is stored of a conversation, as far as the next turn needs it.

    `prefix` stands for the events before number `start`; `events` are those from `start` on; `total` counts all.
    """

    total: int
    start: int
    prefix: list[EventDict]
    events: list[EventDict]


@dataclass(frozen=True)
class Cut:
    """A new beginning of the window: event number `start`, and what stands for everything before it."""

    start: int
    prefix: list[EventDict]


def read_window(engine: Engine, sender_id: str) -> Window | None:
    """What the next turn needs; None when nothing is stored."""
    with engine.connect().execution_options(**READ_ONLY) as connection:
        connection.begin()  # both queries see the same moment; leaving ends it
        state = _SELECT_STATE.first(connection, {"sender": sender_id})
        if state is None:
            return None
        total, start, prefix = state
        return Window(total, start, prefix or [], _events(connection, sender_id, start))


def read_all(engine: Engine, sender_id: str) -> list[EventDict]:
    """The complete log of a conversation, first to last."""
    with engine.connect() as connection:
        return _events(connection, sender_id, 0)


def exists(engine: Engine, sender_id: str) -> bool:
    """Whether anything is stored."""
    with engine.connect() as connection:
        return _EXISTS.first(connection, {"sender": sender_id}) is not None


def total(engine: Engine, sender_id: str) -> int:
    """How many events are stored; 0 when the conversation is unknown."""
    with engine.connect() as connection:  # one statement is a transaction by itself
        row = _EXISTS.first(connection, {"sender": sender_id})
        return 0 if row is None else int(row[0])


def senders(engine: Engine) -> list[str]:
    """Every sender id that has events."""
    with engine.connect().execution_options(**READ_ONLY) as connection:
        return list(connection.scalars(select(_STATE.sender_id).order_by(_STATE.sender_id)))


@dataclass
class Ending:
    """What else belongs into the transaction that saves a turn: the channel's record of the answer.

    `ready` is called before the transaction and gives what writes in it, None where there is nothing to write. That
    gets the connection of the open transaction on the database at `url` and says whether it wrote; `written` says that
    the transaction was committed with it.
    """

    url: URL
    ready: Callable[[], Write | None]
    written: bool = False


def ending_for(sessions: Sessions, ready: Callable[[], Write | None]) -> Ending:
    """An ending that is written only into the database of these sessions."""
    return Ending(sessions.kw["bind"].url, ready)


ENDING: ContextVar[Ending | None] = ContextVar("ending of the turn", default=None)


def append(  # noqa: PLR0913, PLR0917 - a turn, and what goes with it
    engine: Engine,
    sender_id: str,
    stored: int,
    events: list[EventDict],
    cut: Cut | None = None,
    ending: Ending | None = None,
) -> int:
    """Add events to the log in one transaction; returns how many it holds then.

    `stored` is how many events the caller believes are there. When another process appended meanwhile, these events
    follow the other's and the window stays as the other left it: nothing is lost, nothing is doubled. Where there were
    events and none are left, the conversation was erased and nothing is added. An `ending` that cannot be written is
    left to whoever asked for it.
    """
    if ending is None or ending.written or ending.url != engine.url:
        return _append(engine, sender_id, stored, events, cut)[0]
    try:
        total, ending.written = _append(engine, sender_id, stored, events, cut, ending.ready())
    except Exception as error:
        log.warning("a turn is saved without its ending: %s", type(error).__name__)
        return _append(engine, sender_id, stored, events, cut)[0]
    return total


def _append(  # noqa: PLR0913, PLR0917 - as append
    engine: Engine,
    sender_id: str,
    stored: int,
    events: list[EventDict],
    cut: Cut | None,
    also: Write | None = None,
) -> tuple[int, bool]:
    row = {"sender_id": sender_id, "events": sealed(events)}
    with engine.begin() as connection:
        total = stored + len(events)
        if not _move(connection, sender_id, stored, total, cut):
            found = _total_under_lock(connection, sender_id)
            if found is None:  # erased while the turn ran: nothing of it is kept
                return total, False
            total = found + len(events)
            connection.execute(update(TrackerState).where(_STATE.sender_id == sender_id).values(total=total))
        if events:
            _INSERT_TURN.run(connection, {**row, "last": total - 1, "saved_at": datetime.now(timezone.utc)})
        return total, also is not None and also(connection)


def _move(connection: Connection, sender_id: str, stored: int, total: int, cut: Cut | None) -> bool:
    """Take the state row from `stored` events to the new values; False when it holds another number of events."""
    start, prefix = (cut.start, cut.prefix or None) if cut is not None else (0, None)
    if stored:
        known = {"sender": sender_id, "stored": stored, "new_total": total}
        moved = {"new_start": start, "new_prefix": prefix}
        return bool(_MOVE.run(connection, known) if cut is None else _MOVE_AND_CUT.run(connection, known | moved))
    fresh = {"sender_id": sender_id, "total": total, "window_start": start, "prefix": prefix}
    return bool(_BEGIN.run(connection, fresh))


def _total_under_lock(connection: Connection, sender_id: str) -> int | None:
    return connection.scalar(select(_STATE.total).where(_STATE.sender_id == sender_id).with_for_update())


def _events(connection: Connection, sender_id: str, start: int) -> list[EventDict]:
    rows = _SELECT_TURNS.all(connection, {"sender": sender_id, "start": start})
    events = [event for _, some in rows for event in some]
    before = start - (rows[0][0] - len(rows[0][1]) + 1) if rows else 0
    return events[before:]
