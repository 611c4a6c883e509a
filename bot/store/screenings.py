"""Decided screenings. A row is never changed: `amend` writes a new one that points to the one it replaces."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from bot.store import audit
from bot.store.columns import new_id
from bot.store.models import Screening
from bot.store.terms import Outcome

SETTLED_BY = "settled_by"  # beside the answers: who decided what the rules left open


@dataclass(frozen=True)
class Decision:
    """What was decided, on which answers, by which version of the content and of the rules.

    `reasons` are the criteria that were met, `open` those a clinician has to settle.
    """

    answers: Mapping[str, Any]
    outcome: Outcome
    content_version: str
    rules_version: str
    reasons: Sequence[str] = field(default=())
    open: Sequence[str] = field(default=())


def save(session: Session, conversation_id: str, decision: Decision, now: datetime) -> Screening:
    """Store a decided screening."""
    return _write(session, conversation_id, decision, now, amends=None)


def amend(session: Session, former: Screening, decision: Decision, now: datetime) -> Screening:
    """Store what a changed answer decides; the former screening stays on record."""
    return _write(session, former.conversation_id, decision, now, amends=former.id)


def latest(session: Session, conversation_id: str) -> Screening | None:
    """The screening that counts: the one decided last."""
    return session.scalar(_current(conversation_id).limit(1))


def of_person(session: Session, conversation_id: str, about: str, person: str) -> Screening | None:
    """The screening that counts of the patient (`about` self) or of somebody else by the word they were named with."""
    for row in session.scalars(_current(conversation_id)):
        if (row.answers.get("about", "self"), row.answers.get("person", "")) == (about, person):
            return row
    return None


def of_visitor(session: Session, conversation_id: str, about: str, words: Collection[str]) -> Screening | None:
    """The screening that counts for a visit of the patient (`about` self), or of somebody else by what they may have
    been called. Who was checked without a word for them may be anybody; so is who is asked for without one."""
    for row in session.scalars(_current(conversation_id)):
        word = row.answers.get("person", "")
        if row.answers.get("about", "self") == about and (about == "self" or not words or word in ("", *words)):
            return row
    return None


def current(session: Session, conversation_id: str) -> list[Screening]:
    """The screenings that count in a conversation, one for each person, the last first."""
    return list(session.scalars(_current(conversation_id)))


def get(session: Session, screening_id: str) -> Screening | None:
    """One screening by its id."""
    return session.get(Screening, screening_id)


def _current(conversation_id: str) -> Select[tuple[Screening]]:
    """Those of a conversation that no later one amends, the last first."""
    mine = Screening.conversation_id == conversation_id
    amended = select(Screening.amends).where(mine, Screening.amends.is_not(None))
    wanted = select(Screening).where(mine, Screening.id.not_in(amended))
    return wanted.order_by(Screening.decided_at.desc(), Screening.id)


def settle(session: Session, former: Screening, outcome: Outcome, staff_id: str, now: datetime) -> Screening:
    """Store what a clinician makes of a screening that the rules left to them; the former stays on record."""
    decision = Decision(
        answers={**former.answers, SETTLED_BY: staff_id},
        outcome=outcome,
        content_version=former.content_version,
        rules_version=former.rules_version,
        reasons=former.open if outcome == "not_suitable" else [],
    )
    return amend(session, former, decision, now)


def review_key(row: Screening) -> str:
    """The key of the queue's row that asks a clinician to settle a screening."""
    return f"review:{row.id}"


def settled_by(answers: Mapping[str, Any]) -> str | None:
    """The id of the clinician who settled a screening of these answers; None where the rules did."""
    return answers.get(SETTLED_BY)


def history(session: Session, conversation_id: str) -> list[Screening]:
    """Every screening of a conversation, first to last."""
    wanted = select(Screening).where(Screening.conversation_id == conversation_id)
    return list(session.scalars(wanted.order_by(Screening.decided_at, Screening.id)))


def _write(session: Session, conversation_id: str, decision: Decision, now: datetime, amends: str | None) -> Screening:
    row = Screening(
        id=new_id(),
        conversation_id=conversation_id,
        answers=dict(decision.answers),
        outcome=decision.outcome,
        reasons=list(decision.reasons),
        open=list(decision.open),
        content_version=decision.content_version,
        rules_version=decision.rules_version,
        decided_at=now,
        amends=amends,
    )
    session.add(row)
    session.flush()
    action = "screening.amended" if amends else "screening.decided"
    audit.record(
        session,
        actor="bot",
        action=action,
        subject=f"screening:{row.id}",
        now=now,
        details={"conversation": conversation_id, "amends": amends, "content": decision.content_version},
    )
    return row
