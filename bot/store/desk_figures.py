"""The figures: counts over a span of time, made from plain columns, so that no patient's words are read for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from bot.store.models import Booking, Conversation, Feedback, Message, Screening, TriageItem

WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Span:
    """From `start` up to but not including `end`."""

    start: datetime
    end: datetime

    @property
    def weeks(self) -> list[datetime]:
        """The starts of its weeks."""
        number = -(-(self.end - self.start) // WEEK)
        return [self.start + WEEK * week for week in range(number)]

    def week_of(self, moment: datetime) -> int:
        """Index of the week a moment is in."""
        return (moment - self.start) // WEEK


@dataclass(frozen=True)
class Answered:
    """A patient who wanted a person: when they asked and when a person first wrote; None while nobody has."""

    asked_at: datetime
    answered_at: datetime | None


def conversations_per_week(session: Session, span: Span) -> list[int]:
    """How many conversations began in each week."""
    query = select(Conversation.created_at).where(
        Conversation.created_at >= span.start, Conversation.created_at < span.end
    )
    return _per_week(session.scalars(query), span)


def conversations(session: Session, span: Span) -> int:
    """How many conversations began."""
    return session.scalar(select(func.count()).where(*_within(Conversation.created_at, span))) or 0


def with_staff(session: Session, span: Span) -> int:
    """How many of the conversations that began needed a person: somebody wrote, or still has to."""
    wrote = select(Message.conversation_id).where(Message.sender == "staff", Message.created_at >= span.start)
    query = select(func.count()).where(
        *_within(Conversation.created_at, span),
        Conversation.id.in_(wrote) | Conversation.owner.in_(["waiting", "person"]),
    )
    return session.scalar(query) or 0


def reasons(session: Session, span: Span) -> dict[str, int]:
    """How many things came to the desk, by reason."""
    query = select(TriageItem.handoff_reason, func.count()).where(*_within(TriageItem.created_at, span))
    return _counted(session, query.group_by(TriageItem.handoff_reason))


def kinds(session: Session, span: Span) -> dict[str, int]:
    """How many messages the bot said, by kind."""
    query = select(Message.kind, func.count()).where(Message.sender == "bot", *_within(Message.created_at, span))
    return _counted(session, query.group_by(Message.kind))


def topics(session: Session, span: Span) -> dict[str, int]:
    """How often each topic was answered."""
    query = select(Message.topic, func.count()).where(
        Message.sender == "bot", Message.kind.in_(["answer", "fallback"]), *_within(Message.created_at, span)
    )
    return _counted(session, query.group_by(Message.topic))


def first_answers(session: Session, span: Span) -> list[Answered]:
    """Everybody who wanted a person, and when one first wrote after that."""
    staff = aliased(Message)
    first = (
        select(func.min(staff.created_at))
        .where(
            staff.conversation_id == TriageItem.conversation_id,
            staff.sender == "staff",
            staff.created_at >= TriageItem.created_at,
        )
        .scalar_subquery()
    )
    query = select(TriageItem.created_at, first).where(
        TriageItem.kind == "person", *_within(TriageItem.created_at, span)
    )
    return [Answered(asked, answered) for asked, answered in session.execute(query)]


def left_screening(session: Session, span: Span, quiet: datetime) -> dict[str, int]:
    """At which question patients left for good: the bot's last word was this question and it is older than `quiet`."""
    last = select(func.max(Message.position)).where(Message.conversation_id == Conversation.id).scalar_subquery()
    inside = select(last).where(*_within(Conversation.last_message_at, Span(span.start, quiet)))
    query = select(Message.meta).where(Message.position.in_(inside), Message.kind == "question")
    return dict(Counter(str(meta.get("asks") or "?") for meta in session.scalars(query)))


def outcomes(session: Session, span: Span) -> dict[str, list[int]]:
    """Outcome -> how many screenings ended with it, per week."""
    query = select(Screening.outcome, Screening.decided_at).where(*_within(Screening.decided_at, span))
    return _series(session.execute(query), span)


def bookings(session: Session, span: Span) -> dict[str, list[int]]:
    """State -> how many of the bookings made in each week are in it now."""
    query = select(Booking.status, Booking.created_at).where(*_within(Booking.created_at, span))
    return _series(session.execute(query), span)


def thumbs(session: Session, span: Span) -> dict[str, tuple[int, int]]:
    """Answer -> (up, down), of the thumbs given in the span."""
    query = select(Feedback.thumb, Message.meta, Message.topic).join(Message, Message.id == Feedback.message_id)
    found: Counter[tuple[str, str]] = Counter()
    for thumb, meta, topic in session.execute(query.where(*_within(Feedback.created_at, span))):
        found[str((meta or {}).get("answer") or topic or "other"), thumb] += 1
    return {name: (found[name, "up"], found[name, "down"]) for name in dict.fromkeys(name for name, _ in found)}


def thumbs_of(session: Session, answer: str) -> dict[int, tuple[int, int]]:
    """Version -> (up, down) of one of the desk's answers."""
    query = select(Feedback.thumb, Message.meta).join(Message, Message.id == Feedback.message_id)
    found: Counter[tuple[int, str]] = Counter()
    for thumb, meta in session.execute(query.where(Message.kind == "answer", Message.created_at.is_not(None))):
        if (meta or {}).get("answer") == answer:
            found[int(meta.get("revision") or 0), thumb] += 1
    return {number: (found[number, "up"], found[number, "down"]) for number, _ in found}


def complaints(session: Session, span: Span, limit: int = 50) -> list[tuple[str, str, datetime, str]]:
    """Thumbs down with a reason, newest first: reason, what was said, when, conversation."""
    query = select(Feedback.reason, Message.text, Feedback.created_at, Feedback.conversation_id)
    query = query.join(Message, Message.id == Feedback.message_id).where(
        Feedback.thumb == "down", *_within(Feedback.created_at, span)
    )
    return [
        (row[0] or "", *row[1:]) for row in session.execute(query.order_by(Feedback.created_at.desc()).limit(limit))
    ]


def _within(column: Any, span: Span) -> tuple[Any, Any]:
    return column >= span.start, column < span.end


def _counted(session: Session, query: Any) -> dict[str, int]:
    return {str(name): number for name, number in session.execute(query) if name is not None}


def _per_week(moments: Iterable[datetime], span: Span) -> list[int]:
    found = Counter(span.week_of(moment) for moment in moments)
    return [found[week] for week in range(len(span.weeks))]


def _series(rows: Iterable[Any], span: Span) -> dict[str, list[int]]:
    moments: dict[str, list[datetime]] = {}
    for name, moment in rows:
        moments.setdefault(name, []).append(moment)
    return {name: _per_week(found, span) for name, found in moments.items()}
