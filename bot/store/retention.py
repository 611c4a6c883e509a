"""Data that has been kept long enough goes: chats, refused chats, visits, records the law asks for, traces of work.

Each conversation is one unit of work, so that the job can be stopped at any time and runs beside everything else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import chain, islice
from typing import Any, Protocol

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from bot.store import audit, messenger_queue, privacy
from bot.store.desk_models import AnswerWording, Errand, LearnedAnswer, StaffLink, StaffSession
from bot.store.engine import Sessions, reading, unit_of_work
from bot.store.messenger_models import MoveCode, MoveGuess
from bot.store.models import (
    AuditEntry,
    Booking,
    Consent,
    Conversation,
    KeptVisit,
    Message,
    OutboxItem,
    Screening,
    TrackerState,
    TrackerTurn,
    TriageItem,
)
from bot.store.personal import person_of, rows_about

A_TURN_IS_OVER = timedelta(hours=1)
AT_ONCE = 500  # conversations looked at in one run; the next run goes on
BEFORE_CONSENT = ("consent", "check_first")  # what the bot asks when somebody began to tell of themselves
WITH_A_VISIT = ("conversation", "booking", "screening", "consent", "outbox", "delivery", "reminder", "messenger_person")


class Days(Protocol):
    """The clinic's choice, in days: `privacy` of clinic.yml."""

    @property
    def chat_days(self) -> int: ...
    @property
    def no_consent_days(self) -> int: ...
    @property
    def booking_days(self) -> int: ...
    @property
    def visit_record_days(self) -> int: ...
    @property
    def work_days(self) -> int: ...


@dataclass(frozen=True)
class Removed:
    """How much of each kind a run removed, and what it kept: words of a chat go, the visit asked for in it stays."""

    chats: int = 0
    chats_without_consent: int = 0
    words_of_chats_with_a_visit: int = 0
    visits: int = 0
    visit_records: int = 0
    rests_of_erased_chats: int = 0
    traces_of_work: int = 0
    visit_records_kept: int = 0

    def lines(self) -> list[str]:
        """For people to read, one line per kind."""
        removed = [f"{name.replace('_', ' ')}: {number} removed" for name, number in asdict(self).items()]
        return [*removed[:-1], f"records of visits that the law makes the clinic keep: {self.visit_records_kept}"]

    @property
    def anything(self) -> bool:
        """Whether something was removed."""
        return any(number for name, number in asdict(self).items() if name != "visit_records_kept")


def retain(sessions: Sessions, days: Days, now: datetime) -> Removed:
    """Remove what is older than the clinic's days; what was removed is in the audit log."""
    chats = thinned = 0
    for id_, whole in _old_chats(sessions, days, now):
        with unit_of_work(sessions) as session:
            _keep_taught_wordings(session, id_)
            if whole:
                _erase(session, id_, days, now)
            else:
                _thin(session, id_)
            session.commit()
        chats, thinned = chats + whole, thinned + (not whole)
    refused = _refused_chats(sessions, days, now)
    for id_ in refused:
        with unit_of_work(sessions) as session:
            _erase(session, id_, days, now)
            session.commit()
    come_back = _come_back(sessions)
    for id_ in come_back:
        with unit_of_work(sessions) as session:
            _erase(session, id_, days, now)
            session.commit()
    with unit_of_work(sessions) as session:
        done = Removed(
            chats=chats,
            chats_without_consent=len(refused),
            words_of_chats_with_a_visit=thinned,
            visits=_old_visits(session, days, now),
            rests_of_erased_chats=len(come_back) + _orphans(session, now - A_TURN_IS_OVER),
            visit_records=_count(session, delete(KeptVisit).where(KeptVisit.keep_until <= now)),
            traces_of_work=_old_work(session, now - timedelta(days=days.work_days), now, days.work_days),
            visit_records_kept=session.scalar(select(func.count()).select_from(KeptVisit)) or 0,
        )
        if done.anything:
            audit.record(
                session, actor="system", action="privacy.retained", subject="retention", now=now, details=asdict(done)
            )
        session.commit()
    return done


def _erase(session: Session, conversation_id: str, days: Days, now: datetime) -> None:
    kept = days.visit_record_days
    privacy.erase_conversation(session, conversation_id, actor="system", now=now, visit_record_days=kept)


def _old_chats(sessions: Sessions, days: Days, now: datetime) -> Iterator[tuple[str, bool]]:
    """Conversations past their days, and whether all of one goes; else a visit in it is still to be kept."""
    young = select(Booking.id).where(
        Booking.conversation_id == Conversation.id, ~_is_old_visit(now - timedelta(days=days.booking_days))
    )
    words = select(Message.id).where(Message.conversation_id == Conversation.id)
    wanted = select(Conversation.id, ~young.exists()).where(
        Conversation.last_message_at < now - timedelta(days=days.chat_days), or_(~young.exists(), words.exists())
    )
    with reading(sessions) as session:
        found = session.execute(wanted.order_by(Conversation.last_message_at).limit(AT_ONCE)).all()
    yield from ((id_, bool(whole)) for id_, whole in found)


def _refused_chats(sessions: Sessions, days: Days, now: datetime) -> list[str]:
    """Conversations whose last reply to the notice was a no, or whose notice nobody answered, with nothing in them that
    somebody still has to answer."""
    reply = aliased(Consent)
    newest = select(func.max(reply.id)).where(reply.conversation_id == Conversation.id).scalar_subquery()
    open_item = select(TriageItem.id).where(
        TriageItem.conversation_id == Conversation.id, TriageItem.closed_at.is_(None)
    )
    visit = select(Booking.id).where(Booking.conversation_id == Conversation.id)
    done_with = and_(
        Conversation.last_message_at < now - timedelta(days=days.no_consent_days), ~open_item.exists(), ~visit.exists()
    )
    refused = select(Conversation.id).join(Consent, Consent.id == newest).where(Consent.given.is_(False), done_with)
    silent = select(Message.conversation_id, Message.meta).join(
        Conversation, Conversation.id == Message.conversation_id
    )
    silent = silent.where(Message.kind == "question", newest.is_(None), done_with).order_by(Message.position)
    with reading(sessions) as session:
        found = list(session.scalars(refused.limit(AT_ONCE)))
        asked = (id_ for id_, meta in session.execute(silent) if meta.get("asks") in BEFORE_CONSENT)
        return list(islice(dict.fromkeys(chain(found, asked)), AT_ONCE))


def _come_back(sessions: Sessions) -> list[str]:
    """Conversations that were erased while a turn of theirs still ran, which wrote again."""
    erased = select(AuditEntry.id).where(
        AuditEntry.subject == "conversation:" + Conversation.id, AuditEntry.action == "conversation.erased"
    )
    with reading(sessions) as session:
        return list(session.scalars(select(Conversation.id).where(erased.exists()).limit(AT_ONCE)))


def _orphans(session: Session, before: datetime) -> int:
    """Rasa's rows of a conversation that is not there: no chat of ours leads to them any more."""
    chat, turn = Conversation.id, TrackerTurn.sender_id
    gone = delete(TrackerTurn).where(
        TrackerTurn.saved_at < before, ~select(chat).where(chat == TrackerTurn.sender_id).exists()
    )
    stateless = delete(TrackerState).where(
        ~select(chat).where(chat == TrackerState.sender_id).exists(),
        ~select(turn).where(turn == TrackerState.sender_id).exists(),
    )
    return _count(session, gone) + _count(session, stateless)


def _thin(session: Session, conversation_id: str) -> None:
    """Remove a chat's words and keep the visit asked for in it, with the check it rests on."""
    rests_on = select(Booking.screening_id).where(
        Booking.conversation_id == conversation_id, Booking.screening_id.is_not(None)
    )
    kept = set(session.scalars(rests_on))
    privacy.forget_in_groups(session, conversation_id)
    for table, condition in reversed(rows_about(person_of(session, conversation_id))):
        if table.name == Screening.__tablename__:
            session.execute(update(table).where(condition, table.c.id.in_(kept)).values(amends=None))
            session.execute(delete(table).where(condition, table.c.id.not_in(kept)))
        elif table.name not in WITH_A_VISIT:
            session.execute(delete(table).where(condition))
    session.expire_all()


def _is_old_visit(limit: datetime) -> ColumnElement[bool]:
    """A visit is old by its day; one without a time by its last change."""
    return func.coalesce(Booking.starts_at, Booking.updated_at) < limit


def _old_visits(session: Session, days: Days, now: datetime) -> int:
    """Visits past their days in chats that go on."""
    rows = list(session.scalars(select(Booking).where(_is_old_visit(now - timedelta(days=days.booking_days)))))
    for row in rows:
        privacy.remove_visit(session, row, now, days.visit_record_days)
    return len(rows)


def _old_work(session: Session, limit: datetime, now: datetime, days: int) -> int:
    """What was delivered, done, used up or ran out before a moment."""
    old = (
        delete(OutboxItem).where(OutboxItem.delivered_at < limit),
        delete(Errand).where(Errand.done_at < limit),
        delete(StaffSession).where(or_(StaffSession.ended_at < limit, StaffSession.seen_at < limit)),
        delete(StaffLink).where(StaffLink.expires_at < limit),
        delete(MoveCode).where(MoveCode.expires_at < limit),
        delete(MoveGuess).where(MoveGuess.at < limit),
    )
    return sum(_count(session, one) for one in old) + messenger_queue.forget_done(session, now, days)


def _keep_taught_wordings(session: Session, conversation_id: str) -> None:
    """A question that teaches a live answer outlives its chat, if it names no address or number: nothing in it leads
    to a person. On a person's own wish it goes with everything else (`erase_conversation`)."""
    items = select(TriageItem.id).where(TriageItem.conversation_id == conversation_id)
    taught = and_(AnswerWording.answer_id == LearnedAnswer.id, LearnedAnswer.live_revision_id.is_not(None))
    for row in session.scalars(
        select(AnswerWording).join(LearnedAnswer, taught).where(AnswerWording.item_id.in_(items))
    ):
        if "@" not in row.text and not any(sign.isdigit() for sign in row.text):
            row.item_id = None
    session.flush()


def _count(session: Session, statement: Any) -> int:
    return int(session.execute(statement).rowcount)  # type: ignore[attr-defined]
