"""Answers that the desk wrote and a clinician approved: drafts, versions, wordings, and what the bot reads of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from bot.clinic.desk.learned import Wording
from bot.store import audit, desk_questions
from bot.store.columns import new_id
from bot.store.desk_models import (
    AnswerRevision,
    AnswerWording,
    Counter,
    LearnedAnswer,
    RegressionCase,
    TrainingExample,
)
from bot.store.desk_queue import bump
from bot.store.models import StaffUser
from bot.store.vectors import packed, unpacked

COUNTER = "learned"


class NotPossible(ValueError):
    """Something that cannot be done with an answer now; the message is for the person who tried."""


@dataclass(frozen=True)
class LiveAnswer:
    """What the bot says: the clinic's answer with its author and the date it was approved."""

    id: str
    revision_id: str
    number: int
    text: str
    author: str
    approved_by: str
    approved_at: datetime
    facts: tuple[str, ...]
    topic: str | None

    def metadata(self) -> dict[str, Any]:
        """For the message: what it answers, on which facts, whose answer it is."""
        return {
            "kind": "answer",
            "topic": self.topic or "learned",
            "facts": list(self.facts),
            "answer": f"learned:{self.id}",
            "revision": self.number,
            "source": "clinic",
            "author": self.author,
            "approved_by": self.approved_by,
            "date": self.approved_at.date().isoformat(),
        }


@dataclass(frozen=True)
class Draft:
    """What somebody writes, and a clinician approves as a whole: the text, the leaflet's facts it rests on, the topic
    whose training it joins, the day to read it again."""

    title: str
    text: str
    facts: Sequence[str] = ()
    topic: str | None = None
    review_by: date | None = None


# ---- what the bot reads


def version(session: Session) -> tuple[int, int]:
    """Changes whenever an answer goes live, changes or ends, or a wording is erased: two cheap reads."""
    row = session.scalar(select(Counter.value).where(Counter.name == COUNTER))
    return row or 0, session.scalar(select(func.count()).select_from(AnswerWording)) or 0


def catalogue(session: Session, encoder: str) -> tuple[list[Wording], list[np.ndarray | None]]:
    """The approved wordings of all live answers, with their vectors when `encoder` made them."""
    query = select(AnswerWording, LearnedAnswer.topic).join(LearnedAnswer, LearnedAnswer.id == AnswerWording.answer_id)
    query = query.join(RegressionCase, RegressionCase.wording_id == AnswerWording.id)
    query = query.where(LearnedAnswer.live_revision_id.is_not(None)).order_by(
        AnswerWording.created_at, AnswerWording.id
    )
    rows = session.execute(query).all()
    vectors = [unpacked(row.vector) if row.encoder == encoder else None for row, _ in rows]
    return [Wording(row.answer_id, row.text, topic) for row, topic in rows], vectors


def live(session: Session, answer_id: str) -> LiveAnswer | None:
    """The approved text of an answer; None when it was retired or never approved."""
    query = select(LearnedAnswer, AnswerRevision).join(
        AnswerRevision, AnswerRevision.id == LearnedAnswer.live_revision_id
    )
    found = session.execute(query.where(LearnedAnswer.id == answer_id)).first()
    if found is None:
        return None
    answer, revision = found
    return LiveAnswer(
        id=answer.id,
        revision_id=revision.id,
        number=revision.number,
        text=revision.text,
        author=revision.author_name,
        approved_by=revision.decided_by_name or "",
        approved_at=revision.decided_at or revision.created_at,
        facts=tuple(revision.facts),
        topic=answer.topic,
    )


def count_view(session: Session, revision_id: str) -> None:
    """The bot gave this version once more."""
    mine = update(AnswerRevision).where(AnswerRevision.id == revision_id)
    session.execute(mine.values(views=AnswerRevision.views + 1), execution_options={"synchronize_session": False})


# ---- writing and deciding


def write(  # noqa: PLR0913 - what is written, by whom, for which questions
    session: Session,
    draft: Draft,
    wordings: Sequence[tuple[str, np.ndarray, str | None]],
    *,
    encoder: str,
    author: StaffUser,
    now: datetime,
    group_id: str | None = None,
) -> LearnedAnswer:
    """A new answer as a draft. `wordings`: (text, vector, id of the queue's item it came from)."""
    row = LearnedAnswer(
        id=new_id(),
        title=draft.title[:160],
        topic=draft.topic,
        group_id=group_id,
        review_by=draft.review_by,
        created_by=author.id,
        created_at=now,
    )
    session.add(row)
    session.flush()
    add_wordings(session, row, wordings, encoder=encoder, now=now)
    revise(session, row, draft, author=author, now=now)
    return row


def add_wordings(
    session: Session,
    answer: LearnedAnswer,
    wordings: Sequence[tuple[str, np.ndarray, str | None]],
    *,
    encoder: str,
    now: datetime,
) -> None:
    """More ways to ask for an answer; they wait for approval with its draft."""
    for text, vector, item_id in wordings:
        session.add(
            AnswerWording(
                id=new_id(),
                answer_id=answer.id,
                item_id=item_id,
                text=text,
                vector=packed(vector),
                encoder=encoder,
                created_at=now,
            )
        )
    session.flush()


def revise(
    session: Session, answer: LearnedAnswer, draft: Draft, *, author: StaffUser, now: datetime
) -> AnswerRevision:
    """A new version as a draft; the live one stays until the new one is approved. An open draft is replaced."""
    if answer.retired_at is not None:
        raise NotPossible("This answer was retired. Write a new one.")
    for former in revisions(session, answer.id):
        if former.status == "draft":
            former.status = "superseded"
    last = session.scalar(select(func.max(AnswerRevision.number)).where(AnswerRevision.answer_id == answer.id)) or 0
    row = AnswerRevision(
        id=new_id(),
        answer_id=answer.id,
        number=last + 1,
        title=draft.title[:160],
        topic=draft.topic,
        review_by=draft.review_by,
        text=draft.text,
        facts=list(draft.facts),
        author=author.id,
        author_name=author.name,
        created_at=now,
    )
    session.add(row)
    if answer.live_revision_id is None:
        _take_over(answer, row)
    session.flush()
    _record(session, answer, "answer.written", author.id, now, revision=row.number)
    bump(session)
    return row


def approve(session: Session, revision_id: str, *, clinician: StaffUser, now: datetime) -> list[str]:
    """Make a draft what the bot says from now on, in one step with its training examples and regression cases.

    Returns the ids of the conversations in which the question was waiting. Raises NotPossible.
    """
    if clinician.role != "clinician":
        raise NotPossible("Only a clinician approves what the bot says.")
    mine = update(AnswerRevision).where(AnswerRevision.id == revision_id, AnswerRevision.status == "draft")
    decided = {"decided_by": clinician.id, "decided_by_name": clinician.name, "decided_at": now}
    if session.execute(mine.values(status="approved", **decided)).rowcount == 0:  # type: ignore[attr-defined]
        raise NotPossible("Somebody decided about this draft before you, or replaced it by a newer one.")
    revision = session.get_one(AnswerRevision, revision_id)
    session.refresh(revision)
    answer = session.get_one(LearnedAnswer, revision.answer_id)
    if answer.live_revision_id:
        session.get_one(AnswerRevision, answer.live_revision_id).status = "superseded"
    answer.live_revision_id = revision_id
    _take_over(answer, revision)
    _teach(session, answer, revision.author, now)
    bump(session, COUNTER)
    _record(session, answer, "answer.approved", clinician.id, now, revision=revision.number)
    bump(session)
    if answer.group_id is None:
        return []
    chats = desk_questions.settle(session, answer.group_id, "answered", "answered", actor=clinician.id, now=now)
    return chats or []


def reject(session: Session, revision_id: str, *, clinician: StaffUser, now: datetime) -> None:
    """Turn a draft down; raises NotPossible.

    Wordings that came with it go, unless the answer was never live: they are what it was written for.
    """
    if clinician.role != "clinician":
        raise NotPossible("Only a clinician decides about what the bot says.")
    mine = update(AnswerRevision).where(AnswerRevision.id == revision_id, AnswerRevision.status == "draft")
    decided = {"decided_by": clinician.id, "decided_by_name": clinician.name, "decided_at": now}
    if session.execute(mine.values(status="rejected", **decided)).rowcount == 0:  # type: ignore[attr-defined]
        raise NotPossible("Somebody decided about this draft before you.")
    revision = session.get_one(AnswerRevision, revision_id)
    answer = session.get_one(LearnedAnswer, revision.answer_id)
    if answer.live_revision_id is not None:
        for wording in waiting_wordings(session, answer.id):
            session.delete(wording)
    _record(session, answer, "answer.rejected", clinician.id, now, revision=revision.number)
    bump(session)


def retire(session: Session, answer_id: str, *, actor: str, now: datetime) -> None:
    """The bot no longer gives this answer; its versions stay on record, its regression cases end."""
    answer = session.get(LearnedAnswer, answer_id)
    if answer is None or answer.retired_at is not None:
        raise NotPossible("This answer was retired before.")
    if answer.live_revision_id:
        session.get_one(AnswerRevision, answer.live_revision_id).status = "retired"
    answer.live_revision_id, answer.retired_at = None, now
    bump(session, COUNTER)
    _record(session, answer, "answer.retired", actor, now)
    bump(session)


def _take_over(answer: LearnedAnswer, revision: AnswerRevision) -> None:
    """What a version says about its answer counts from now on."""
    answer.title, answer.topic, answer.review_by = revision.title, revision.topic, revision.review_by


def _teach(session: Session, answer: LearnedAnswer, actor: str, now: datetime) -> None:
    """The wordings that waited become regression cases; all are proposed for training under the topic, each once.

    What was proposed under a former topic and nobody has decided about is withdrawn.
    """
    for wording in waiting_wordings(session, answer.id):
        session.add(RegressionCase(id=new_id(), answer_id=answer.id, wording_id=wording.id, created_at=now))
    wordings = wordings_of(session, answer.id)
    query = select(TrainingExample).where(TrainingExample.wording_id.in_([wording.id for wording in wordings]))
    known = set()
    for example in session.scalars(query):
        if example.intent == answer.topic:
            known.add(example.wording_id)
        elif example.status == "proposed":
            session.delete(example)
    for wording in wordings:
        if answer.topic and wording.id not in known:
            session.add(
                TrainingExample(
                    id=new_id(),
                    intent=answer.topic,
                    text=wording.text,
                    item_id=wording.item_id,
                    wording_id=wording.id,
                    proposed_by=actor,
                    created_at=now,
                )
            )
    session.flush()


def _record(session: Session, answer: LearnedAnswer, action: str, actor: str, now: datetime, **details: Any) -> None:
    audit.record(session, actor=actor, action=action, subject=f"answer:{answer.id}", now=now, details=details)


# ---- lists for the pages


@dataclass(frozen=True)
class Listed:
    """An answer with the version that counts: the draft to decide on, else the live one, else the last."""

    answer: LearnedAnswer
    revision: AnswerRevision
    wordings: int

    @property
    def state(self) -> str:
        """draft, live or retired."""
        if self.answer.retired_at is not None:
            return "retired"
        return "draft" if self.revision.status == "draft" else "live" if self.answer.live_revision_id else "rejected"


def listed(session: Session, limit: int = 500) -> list[Listed]:
    """All answers, newest first."""
    answers = list(session.scalars(select(LearnedAnswer).order_by(LearnedAnswer.created_at.desc()).limit(limit)))
    numbers = select(AnswerWording.answer_id, func.count()).group_by(AnswerWording.answer_id)
    counts: dict[str, int] = {id_: number for id_, number in session.execute(numbers)}
    ids = [answer.id for answer in answers]
    rows = session.scalars(
        select(AnswerRevision).where(AnswerRevision.answer_id.in_(ids)).order_by(AnswerRevision.number)
    )
    by_answer: dict[str, list[AnswerRevision]] = {}
    for row in rows:
        by_answer.setdefault(row.answer_id, []).append(row)
    return [Listed(answer, _current(answer, by_answer[answer.id]), counts.get(answer.id, 0)) for answer in answers]


def _current(answer: LearnedAnswer, rows: list[AnswerRevision]) -> AnswerRevision:
    draft = next((row for row in rows if row.status == "draft"), None)
    alive = next((row for row in rows if row.id == answer.live_revision_id), None)
    return draft or alive or rows[-1]


def drafts_of(session: Session, group_ids: Sequence[str]) -> dict[str, list[AnswerRevision]]:
    """Group's id -> the drafts that were written for its questions and wait for a clinician, newest first."""
    query = select(LearnedAnswer.group_id, AnswerRevision).join(
        AnswerRevision, AnswerRevision.answer_id == LearnedAnswer.id
    )
    query = query.where(LearnedAnswer.group_id.in_(group_ids), AnswerRevision.status == "draft")
    found: dict[str, list[AnswerRevision]] = {}
    for group_id, row in session.execute(query.order_by(AnswerRevision.created_at.desc())):
        found.setdefault(group_id, []).append(row)
    return found


def titles(session: Session) -> dict[str, str]:
    """Answer's id -> the short name the desk gave it."""
    return {id_: title for id_, title in session.execute(select(LearnedAnswer.id, LearnedAnswer.title))}


def get(session: Session, answer_id: str) -> LearnedAnswer | None:
    """An answer by its id."""
    return session.get(LearnedAnswer, answer_id)


def revisions(session: Session, answer_id: str) -> list[AnswerRevision]:
    """All versions of an answer, newest first."""
    query = select(AnswerRevision).where(AnswerRevision.answer_id == answer_id)
    return list(session.scalars(query.order_by(AnswerRevision.number.desc())))


def wordings_of(session: Session, answer_id: str) -> list[AnswerWording]:
    """The ways to ask for an answer, oldest first."""
    query = select(AnswerWording).where(AnswerWording.answer_id == answer_id)
    return list(session.scalars(query.order_by(AnswerWording.created_at, AnswerWording.id)))


def waiting_wordings(session: Session, answer_id: str) -> list[AnswerWording]:
    """Those of them that no clinician has approved yet."""
    cases = select(RegressionCase.wording_id).where(RegressionCase.answer_id == answer_id)
    query = select(AnswerWording).where(AnswerWording.answer_id == answer_id, AnswerWording.id.not_in(cases))
    return list(session.scalars(query.order_by(AnswerWording.created_at, AnswerWording.id)))
