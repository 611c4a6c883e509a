"""Who has which time. Taking one locks its day, so that of two patients who want the last room one gets it.

What fits is decided by the caller's rule on what is taken, inside the lock: rooms, lengths and hours are the clinic's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from sqlalchemy import Dialect, bindparam, delete, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from bot.store import bookings
from bot.store.diary import HOLDING
from bot.store.models import Booking
from bot.store.plain import Plain, Where, connection_of
from bot.store.slots_models import DiaryDay, SlotHold

_BOOKING, _HELD = Booking.__table__.c, SlotHold.__table__.c
# Looked at with every offer of times, sometimes twice in a turn.
_BOOKED_TIMES = Plain(
    select(_BOOKING.starts_at, _BOOKING.treatment).where(
        _BOOKING.starts_at >= bindparam("after"),
        _BOOKING.starts_at < bindparam("before"),
        or_(*(_BOOKING.status == status for status in HOLDING)),
        or_(_BOOKING.key.is_(None), _BOOKING.key != bindparam("key")),
    )
)
_HELD_TIMES = Plain(
    select(_HELD.starts_at, _HELD.minutes).where(
        _HELD.starts_at >= bindparam("after"),
        _HELD.starts_at < bindparam("before"),
        _HELD.until > bindparam("now"),
        _HELD.conversation_id != bindparam("besides"),
    )
)
_MINE = Plain(select(_HELD.starts_at, _HELD.minutes, _HELD.until).where(_HELD.conversation_id == bindparam("chat")))
_RELEASE = Plain(delete(SlotHold.__table__).where(_HELD.conversation_id == bindparam("chat")))
HOLD = timedelta(minutes=10)
LONGEST = timedelta(days=1)  # no appointment is longer
EVER = datetime(9999, 1, 1, tzinfo=timezone.utc)
Taken = Sequence[tuple[datetime, int]]


class TimeGone(Exception):
    """The wanted time was taken by somebody else."""


@dataclass(frozen=True)
class Rules:
    """The clinic's diary at one moment: `minutes` an appointment takes by treatment id (None: not decided), and
    `fits(start, minutes, taken)`: whether one can begin then, beside what is taken."""

    minutes: Callable[[str | None], int]
    fits: Callable[[datetime, int, Taken], bool]
    now: datetime


def taken(  # noqa: PLR0913 - a stretch of the diary, and what does not count in it
    where: Where, rules: Rules, after: datetime, before: datetime = EVER, *, besides: str = "", key: str = ""
) -> Taken:
    """(start, minutes) of every time from `after` on, and earlier than `before`, that is booked, asked for or held.

    `besides` is a conversation whose own hold does not stand in its way; `key` a form run whose own booking, stored
    before a crash, does not either.
    """
    if isinstance(where, Session):
        where.flush()
    connection = connection_of(where)
    stretch = {"after": after, "before": before}
    booked = _BOOKED_TIMES.all(connection, {**stretch, "key": key})
    held = _HELD_TIMES.all(connection, {**stretch, "now": rules.now, "besides": besides})
    return [(start, rules.minutes(treatment)) for start, treatment in booked] + held


def _around(  # noqa: PLR0913 - as taken
    session: Session, rules: Rules, start: datetime, minutes: int, *, besides: str, key: str = ""
) -> Taken:
    """What is taken of the time that an appointment would need, whatever lies before and after it."""
    end = start + timedelta(minutes=minutes)
    return taken(session, rules, start - LONGEST, end, besides=besides, key=key)


def hold(session: Session, conversation_id: str, start: datetime, treatment: str | None, rules: Rules) -> datetime:
    """Keep a time for a patient who has not confirmed yet, instead of the one kept before; returns until when.

    Keeping the same time again does not lengthen it. Raises TimeGone when it does not fit any more.
    """
    length = rules.minutes(treatment)
    _lock(session, start, length)
    former = _MINE.first(session.connection(), {"chat": conversation_id})
    if former is not None and former[:2] == (start, length) and former[2] > rules.now:
        return former[2]
    if not rules.fits(start, length, _around(session, rules, start, length, besides=conversation_id)):
        raise TimeGone
    until = rules.now + HOLD
    held = {"conversation_id": conversation_id, "starts_at": start, "minutes": length, "until": until}
    _KEEP.run(session.connection(), held)
    return until


def release(session: Session, conversation_id: str) -> None:
    """Give back what a conversation holds, if anything."""
    _RELEASE.run(session.connection(), {"chat": conversation_id})


def book(session: Session, conversation_id: str, request: bookings.Request, rules: Rules) -> Booking:
    """Store a request whose time is still free, and turn the hold into it; the same form run twice books once.

    Raises TimeGone when somebody else has the time; nothing is stored then.
    """
    start = request.starts_at
    if start is not None and not bookings.is_known(session, request.key):
        length = rules.minutes(request.treatment)
        _lock(session, start, length)
        others = _around(session, rules, start, length, besides=conversation_id, key=request.key or "")
        if not rules.fits(start, length, others):
            raise TimeGone
    row = bookings.create(session, conversation_id, request, rules.now)
    release(session, conversation_id)
    return row


def lock(session: Session, booking: Booking, start: datetime | None, rules: Rules) -> None:
    """Before a change is decided: the day of the time wanted for it, then the booking itself, as it stands now.

    Everybody takes the two in this order, so that nobody waits for somebody who waits for them.
    """
    if start is not None:
        _lock(session, start, rules.minutes(booking.treatment))
    session.refresh(booking, with_for_update=True)


def move(  # noqa: PLR0913 - a change has this many parts
    session: Session, booking: Booking, start: datetime, wish: str | None, rules: Rules, *, actor: str
) -> Booking:
    """Give a booking another time that is free; it is `proposed` again. Locks as `lock`, raises TimeGone as `book`."""
    length = rules.minutes(booking.treatment)
    lock(session, booking, start, rules)
    others = list(_around(session, rules, start, length, besides=booking.conversation_id))
    own = [one for one in others if one == (booking.starts_at, length)]
    if own and booking.status in HOLDING:
        others.remove(own[0])
    if not rules.fits(start, length, others):
        raise TimeGone
    return bookings.reschedule(session, booking, start, wish, actor=actor, now=rules.now)


def tidy(session: Session, now: datetime) -> int:
    """Remove holds that ran out; they count for nothing already. Returns how many."""
    return int(session.execute(delete(SlotHold).where(SlotHold.until <= now)).rowcount)  # type: ignore[attr-defined]


def _lock(session: Session, start: datetime, minutes: int) -> None:
    """Lock the days (UTC) that an appointment touches, in order; SQLite's writers wait for one another anyway."""
    for day in _days(start, minutes):
        _COUNT.run(session.connection(), {"day": day, "changes": 1})


def _insert(dialect: Dialect, model: Any) -> Any:
    insert: Any = postgresql.insert if dialect.name == "postgresql" else sqlite.insert
    return insert(model.__table__)


def _count_a_change(dialect: Dialect) -> Any:
    raised = {"changes": DiaryDay.changes + 1}
    return _insert(dialect, DiaryDay).on_conflict_do_update(index_elements=["day"], set_=raised)


def _keep_instead(dialect: Dialect) -> Any:
    held = _insert(dialect, SlotHold)
    changed = {name: held.excluded[name] for name in ("starts_at", "minutes", "until")}
    return held.on_conflict_do_update(index_elements=["conversation_id"], set_=changed)


_COUNT = Plain(build=_count_a_change, columns=["day", "changes"])
_KEEP = Plain(build=_keep_instead, columns=["conversation_id", "starts_at", "minutes", "until"])


def _days(start: datetime, minutes: int) -> list[str]:
    first = start.astimezone(timezone.utc)
    return sorted({moment.date().isoformat() for moment in (first, first + timedelta(minutes=minutes))})
