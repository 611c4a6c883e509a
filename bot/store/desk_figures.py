"""The figures: counts over a span of time, made from plain columns, so that no patient's words are read for them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Label, case, func, literal, or_, select
from sqlalchemy.orm import Session

from bot.store.models import Booking, Conversation, Feedback, Message, Screening, TriageItem

WEEK = timedelta(days=7)
NEWEST_CHATS = 2000  # chats of which the last word is looked at
MOST_READ = 500  # of them, those left in a screening, whose question is decrypted


@dataclass(frozen=True)
class Span:
    """From `start` up to but not including `end`."""

    start: datetime
    end: datetime

    @property
    def weeks(self) -> list[datetime]:
        """The starts of its weeks, at the hour of `start` by the clock of its zone: not all last as many hours."""
        number = -(-(self.end - self.start) // WEEK)
        return [self.start + WEEK * week for week in range(number)]


@dataclass(frozen=True)
class Answered:
    """A patient who wanted a person: when they asked, and when a person first wrote or closed the row without writing
    (by telephone); None while nobody has."""

    asked_at: datetime
    answered_at: datetime | None


@dataclass(frozen=True)
class Owed:
    """What waits of one kind: how many, how many of them longer than promised, and since when the oldest."""

    waiting: int
    late: int
    oldest: datetime | None


def conversations_per_week(session: Session, span: Span) -> list[int]:
    """How many conversations began in each week."""
    week = _week(Conversation.created_at, span)
    query = select(week, func.count()).where(*_within(Conversation.created_at, span)).group_by(week.name)
    found: dict[int, int] = {int(number): count for number, count in session.execute(query)}
    return [found.get(number, 0) for number in range(len(span.weeks))]


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


def said(session: Session, span: Span) -> dict[tuple[str, str | None], int]:
    """How many messages the bot said, by kind and topic."""
    query = select(Message.kind, Message.topic, func.count()).where(
        Message.sender == "bot", Message.kind.is_not(None), *_within(Message.created_at, span)
    )
    return {
        (kind, topic): number for kind, topic, number in session.execute(query.group_by(Message.kind, Message.topic))
    }


def topics(counts: Mapping[tuple[str, str | None], int]) -> dict[str, int]:
    """Of what was `said`: how often each topic was answered, or should have been."""
    found: Counter[str] = Counter()
    for (kind, topic), number in counts.items():
        if topic and kind in ("answer", "fallback"):
            found[topic] += number
    return dict(found)


def first_answers(session: Session, span: Span) -> list[Answered]:
    """Everybody who wanted a person, and when they had their answer."""
    wrote: dict[str, list[datetime]] = {}
    replies = select(Message.conversation_id, Message.created_at).where(
        Message.created_at >= span.start, Message.sender == "staff"
    )
    for chat, moment in session.execute(replies.order_by(Message.created_at)):
        wrote.setdefault(chat, []).append(moment)
    query = select(TriageItem.conversation_id, TriageItem.created_at, TriageItem.closed_at).where(
        TriageItem.kind == "person", *_within(TriageItem.created_at, span)
    )
    rows = session.execute(query)
    return [Answered(asked, _next(wrote.get(chat, []), asked) or closed) for chat, asked, closed in rows]


def owed(session: Session, late_before: Mapping[str, datetime]) -> dict[str, Owed]:
    """Kind -> what waits of it; `late_before`: kind -> who asked before this has waited longer than promised."""
    mine = [(TriageItem.kind == kind) & (TriageItem.created_at < moment) for kind, moment in late_before.items()]
    query = select(
        TriageItem.kind, func.count(), func.sum(case((or_(*mine), 1), else_=0)), func.min(TriageItem.created_at)
    ).where(TriageItem.closed_at.is_(None))
    rows = session.execute(query.group_by(TriageItem.kind))
    return {kind: Owed(waiting, int(late), oldest) for kind, waiting, late, oldest in rows}


def left_screening(session: Session, span: Span, quiet: datetime) -> dict[str, int]:
    """At which question patients left for good: the bot's last word was this question and it is older than `quiet`.

    Of the newest chats alone, since their questions have to be decrypted.
    """
    last = select(func.max(Message.position)).where(Message.conversation_id == Conversation.id).scalar_subquery()
    inside = select(last).where(*_within(Conversation.last_message_at, Span(span.start, quiet)))
    inside = inside.order_by(Conversation.last_message_at.desc()).limit(NEWEST_CHATS)
    query = select(Message.meta).where(Message.position.in_(inside), Message.kind == "question")
    newest = session.scalars(query.order_by(Message.position.desc()).limit(MOST_READ))
    return dict(Counter(str(meta.get("asks") or "?") for meta in newest))


def outcomes(session: Session, span: Span) -> dict[str, list[int]]:
    """Outcome -> how many screenings ended with it, per week."""
    return _series(session, Screening.outcome, Screening.decided_at, span)


def bookings(session: Session, span: Span) -> dict[str, list[int]]:
    """State -> how many of the bookings made in each week are in it now."""
    return _series(session, Booking.status, Booking.created_at, span)


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


def _series(session: Session, name: Any, moment: Any, span: Span) -> dict[str, list[int]]:
    week = _week(moment, span)
    query = select(name, week, func.count()).where(*_within(moment, span)).group_by(name, week.name)
    found: dict[str, list[int]] = {}
    for value, number, count in session.execute(query):
        found.setdefault(value, [0] * len(span.weeks))[int(number)] = count
    return found


def _week(column: Any, span: Span) -> Label[int]:
    """SQL for the index of the week a moment is in."""
    following = enumerate(span.weeks[1:])
    ended = [(column < literal(start, column.type), literal(number)) for number, start in following]
    last = literal(len(ended))
    return (case(*ended, else_=last) if ended else last).label("week")


def week_of(span: Span, moment: datetime) -> int:
    """The number of the week of a span that a moment is in."""
    return bisect_right(span.weeks, moment) - 1


def _next(moments: list[datetime], after: datetime) -> datetime | None:
    at = bisect_left(moments, after)
    return moments[at] if at < len(moments) else None
