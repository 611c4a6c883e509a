"""Figures of the clinic's day for whoever watches it: how many messages of which kind, how long patients wait, what is
left to do. Counts and seconds only; no row's words are read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, literal, select, union_all
from sqlalchemy.orm import InstrumentedAttribute, Session

from bot.store import deliveries, errands
from bot.store.desk_models import Errand
from bot.store.messenger_queue import backlog, counted
from bot.store.models import Message, OutboxItem, TriageItem
from bot.store.slots_models import Delivery

HOUR = timedelta(hours=1)
MOST_WAITS = 5000  # answers looked at for the times of the last hour
FAILING = 3  # attempts after which a delivery counts as failing


@dataclass(frozen=True)
class Waiting:
    """How many of something wait, and for how many seconds the oldest has."""

    count: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Figures:
    """The state of an installation at one moment. Messages and answer times (seconds) are those of the last hour."""

    messages: dict[tuple[str, str], int] = field(default_factory=dict)
    answer_seconds: tuple[float, ...] = ()
    unanswered: Waiting = Waiting()
    queue: dict[str, Waiting] = field(default_factory=dict)
    outbox: Waiting = Waiting()
    outbox_failing: int = 0
    outbox_dead: int = 0
    # Messenger: what came, by kind, since the installation began; what waits to be worked on; what was given up.
    messenger_events: dict[str, int] = field(default_factory=dict)
    messenger_queue: Waiting = Waiting()
    messenger_given_up: int = 0

    def answered_within(self, share: float) -> float:
        """The seconds within which this share (0 to 1) of the messages was answered; 0 when there were none."""
        if not self.answer_seconds:
            return 0.0
        return self.answer_seconds[min(len(self.answer_seconds) - 1, int(share * len(self.answer_seconds)))]


def figures(session: Session, now: datetime) -> Figures:
    """Read the figures as of `now`."""
    open_messages = select(Message).where(Message.sender == "patient", Message.answered_at.is_(None))
    inbound = backlog(session, now)
    outbox, failing = _outbox(session, now)
    return Figures(
        messages=_messages(session, now - HOUR),
        answer_seconds=tuple(sorted(_answer_seconds(session, now - HOUR))),
        unanswered=_waiting(session, open_messages, Message.created_at, now),
        queue=_queue(session, now),
        outbox=outbox,
        outbox_failing=failing,
        outbox_dead=deliveries.count_dead(session) + errands.count_given_up(session),
        messenger_events=counted(session),
        messenger_queue=Waiting(inbound.waiting, max(0.0, inbound.oldest_seconds)),
        messenger_given_up=inbound.given_up,
    )


def _messages(session: Session, since: datetime) -> dict[tuple[str, str], int]:
    """(sender, kind) -> how many."""
    wanted = select(Message.sender, Message.kind, func.count()).where(Message.created_at >= since)
    rows = session.execute(wanted.group_by(Message.sender, Message.kind))
    return {(sender, kind or "none"): count for sender, kind, count in rows}


def _answer_seconds(session: Session, since: datetime) -> Sequence[float]:
    wanted = select(Message.created_at, Message.answered_at).where(
        Message.sender == "patient", Message.created_at >= since, Message.answered_at.is_not(None)
    )
    rows = session.execute(wanted.order_by(Message.created_at.desc()).limit(MOST_WAITS))
    return [(answered - created).total_seconds() for created, answered in rows if answered]


def _queue(session: Session, now: datetime) -> dict[str, Waiting]:
    """Kind of item -> how many are open; a snoozed item does not wait until its time is up."""
    wanted = select(TriageItem.kind, func.count(), func.min(TriageItem.created_at)).where(
        TriageItem.closed_at.is_(None), (TriageItem.snoozed_until.is_(None)) | (TriageItem.snoozed_until <= now)
    )
    return {
        kind: Waiting(count, max(0.0, (now - first).total_seconds()))
        for kind, count, first in session.execute(wanted.group_by(TriageItem.kind))
    }


def _outbox(session: Session, now: datetime) -> tuple[Waiting, int]:
    """What has not left: changes for other systems, emails and alerts; and how many of them are failing.

    An attempt puts a delivery off, so what waits is as old as the change that it tells of.
    """
    untried = select(OutboxItem.created_at, literal(0).label("attempts")).where(OutboxItem.delivered_at.is_(None))
    tried = select(OutboxItem.created_at, Delivery.attempts).where(
        Delivery.item_position == OutboxItem.position, Delivery.delivered_at.is_(None), Delivery.dead_at.is_(None)
    )
    leaving = select(Errand.created_at, Errand.attempts).where(
        Errand.kind.in_(errands.LEAVING), Errand.done_at.is_(None)
    )
    rows = union_all(untried, tried, leaving).subquery()
    failing = func.count().filter(rows.c.attempts >= FAILING)
    count, first, failed = session.execute(select(func.count(), func.min(rows.c.created_at), failing)).one()
    return _since(count, first, now), failed


def _waiting(session: Session, rows: Select[Any], since: InstrumentedAttribute[datetime], now: datetime) -> Waiting:
    count, first = session.execute(rows.with_only_columns(func.count(), func.min(since))).one()
    return _since(count, first, now)


def _since(count: int, first: datetime | None, now: datetime) -> Waiting:
    return Waiting(count, max(0.0, (now - first).total_seconds()) if first else 0.0)
