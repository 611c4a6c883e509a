"""Unanswered questions in groups that mean the same: filing new ones, the ranked list, and what staff decide."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from sqlalchemy import exists, func, select, update
from sqlalchemy.orm import Session

from bot.clinic.desk.meaning import Group
from bot.store import audit
from bot.store.columns import new_id
from bot.store.desk_models import (
    AnswerRevision,
    GroupedQuestion,
    GroupStatus,
    LearnedAnswer,
    QuestionGroup,
    TrainingExample,
)
from bot.store.desk_queue import bump
from bot.store.models import Conversation, TriageItem
from bot.store.vectors import packed, unpacked


@dataclass(frozen=True)
class Asked:
    """One question of a group: where it was asked and when."""

    item: TriageItem
    pseudonym: str
    channel: str


@dataclass(frozen=True)
class Shown:
    """A group as the list shows it."""

    group: QuestionGroup
    newest: Asked


def not_grouped(session: Session, limit: int = 200) -> list[TriageItem]:
    """Open questions that are in no group yet, oldest first."""
    filed = select(GroupedQuestion.item_id).where(GroupedQuestion.item_id == TriageItem.id)
    query = select(TriageItem).where(
        TriageItem.kind == "question", TriageItem.closed_at.is_(None), ~filed.exists(), TriageItem.question.is_not(None)
    )
    return list(session.scalars(query.order_by(TriageItem.created_at).limit(limit)))


def open_groups(session: Session, encoder: str) -> list[Group]:
    """The open groups as vectors, for comparing."""
    size = select(func.count()).where(GroupedQuestion.group_id == QuestionGroup.id).scalar_subquery()
    query = select(QuestionGroup.id, QuestionGroup.centre, size, QuestionGroup.by_hand)
    query = query.where(QuestionGroup.status == "open", QuestionGroup.encoder == encoder)
    return [Group(id_, unpacked(centre), number, hand) for id_, centre, number, hand in session.execute(query)]


def file(  # noqa: PLR0913, PLR0917 - where it goes, and what it is
    session: Session, item: TriageItem, group: Group | None, vector: np.ndarray, likeness: float, encoder: str
) -> Group:
    """Put a question into a group, or with None into a new one; returns the group as it is then."""
    row: QuestionGroup | None
    if group is None:
        row = QuestionGroup(
            id=new_id(),
            centre=packed(vector),
            encoder=encoder,
            asked=1,
            created_at=item.created_at,
            newest_at=item.created_at,
        )
        session.add(row)
        session.flush()
        changed = Group(row.id, vector, 1)
    else:
        changed = Group(group.id, group.total + vector, group.size + 1, group.by_hand)
        row = session.get(QuestionGroup, group.id)
        if row is not None:
            row.centre, row.newest_at = packed(changed.total), max(row.newest_at, item.created_at)
    session.add(GroupedQuestion(item_id=item.id, group_id=changed.id, similarity=likeness))
    session.flush()
    recount(session, changed.id)
    return changed


def merge(session: Session, kept: Group, dropped: Group) -> Group:
    """Make two groups one, with what was written for either; returns it."""
    both = Group(kept.id, kept.total + dropped.total, kept.size + dropped.size)
    for table in (GroupedQuestion, LearnedAnswer):
        session.execute(update(table).where(table.group_id == dropped.id).values(group_id=kept.id))
    newest = session.scalar(select(QuestionGroup.newest_at).where(QuestionGroup.id == dropped.id))
    row = session.get(QuestionGroup, kept.id)
    gone = session.get(QuestionGroup, dropped.id)
    if row is not None:
        row.centre = packed(both.total)
        row.newest_at = max(row.newest_at, newest) if newest else row.newest_at
    if gone is not None:
        session.flush()
        session.delete(gone)
    session.flush()
    recount(session, kept.id)
    return both


def without_centre(session: Session) -> dict[str, list[str]]:
    """Groups that lost a question to an erasure -> the questions that are left, to make their centre anew."""
    wanted = select(QuestionGroup.id).where(QuestionGroup.encoder == "")
    query = select(GroupedQuestion.group_id, TriageItem).join(TriageItem, TriageItem.id == GroupedQuestion.item_id)
    left: dict[str, list[str]] = {id_: [] for id_ in session.scalars(wanted)}
    for group_id, item in session.execute(query.where(GroupedQuestion.group_id.in_(left))):
        left[group_id].append(item.question or "")
    return left


def centre(session: Session, group_id: str, total: np.ndarray | None, encoder: str) -> None:
    """Give a group the centre of the questions that are left; with none left it goes."""
    row = session.get(QuestionGroup, group_id)
    if row is None:
        return
    if total is None:
        session.delete(row)
        return
    row.centre, row.encoder = packed(total), encoder
    session.flush()
    recount(session, group_id)


def page(session: Session, status: GroupStatus = "open", offset: int = 0, limit: int = 25) -> tuple[list[Shown], bool]:
    """Groups by how many patients asked, then the newest; and whether there are more."""
    query = select(QuestionGroup).where(QuestionGroup.status == status)
    order = (QuestionGroup.asked.desc(), QuestionGroup.newest_at.desc(), QuestionGroup.id)
    groups = list(session.scalars(query.order_by(*order).offset(offset).limit(limit + 1)))
    newest = _newest(session, [group.id for group in groups[:limit]])
    shown = [Shown(group, newest[group.id]) for group in groups[:limit] if group.id in newest]
    return shown, len(groups) > limit


def get(session: Session, group_id: str, *, lock: bool = False) -> QuestionGroup | None:
    """A group by its id; with `lock` nobody else changes it, or writes for it, before this unit of work ends."""
    return session.get(QuestionGroup, group_id, with_for_update=lock)


def groups_of(session: Session, item_ids: Sequence[str]) -> dict[str, QuestionGroup]:
    """Item id -> the group its question is in."""
    query = select(GroupedQuestion.item_id, QuestionGroup).where(GroupedQuestion.item_id.in_(item_ids))
    query = query.join(QuestionGroup, QuestionGroup.id == GroupedQuestion.group_id)
    return {item_id: group for item_id, group in session.execute(query)}


def members(session: Session, group_id: str, limit: int = 100) -> list[Asked]:
    """The questions of a group, newest first."""
    query = select(TriageItem, Conversation.pseudonym, Conversation.channel)
    query = query.join(GroupedQuestion, GroupedQuestion.item_id == TriageItem.id)
    query = query.join(Conversation, Conversation.id == TriageItem.conversation_id)
    query = query.where(GroupedQuestion.group_id == group_id).order_by(TriageItem.created_at.desc(), TriageItem.id)
    return [Asked(*row) for row in session.execute(query.limit(limit))]


def asked_between(session: Session, start: datetime, end: datetime) -> dict[str, int]:
    """Open group's id -> how many patients asked its question from `start` up to but not including `end`."""
    number = func.count(func.distinct(TriageItem.conversation_id))
    query = select(GroupedQuestion.group_id, number).join(TriageItem, TriageItem.id == GroupedQuestion.item_id)
    query = query.join(QuestionGroup, QuestionGroup.id == GroupedQuestion.group_id).where(
        TriageItem.kind == "question",
        TriageItem.created_at >= start,
        TriageItem.created_at < end,
        QuestionGroup.status == "open",
    )
    return {group_id: count for group_id, count in session.execute(query.group_by(GroupedQuestion.group_id))}


def shown(session: Session, group_ids: Sequence[str]) -> list[Shown]:
    """These groups as a list shows them, in this order."""
    newest = _newest(session, group_ids)
    rows = session.scalars(select(QuestionGroup).where(QuestionGroup.id.in_(group_ids)))
    groups = {group.id: group for group in rows}
    return [Shown(groups[id_], newest[id_]) for id_ in group_ids if id_ in groups and id_ in newest]


def how_many(session: Session) -> int:
    """How many groups are open."""
    return session.scalar(select(func.count()).where(QuestionGroup.status == "open")) or 0


def settle(  # noqa: PLR0913 - what is decided, by whom
    session: Session, group_id: str, status: GroupStatus, close_reason: str, *, actor: str, now: datetime
) -> list[str] | None:
    """Decide about a group and close its open questions; the ids of the conversations they came from.

    None, and no change, when somebody decided before; an empty list when its questions were all closed one by one.
    """
    mine = update(QuestionGroup).where(QuestionGroup.id == group_id, QuestionGroup.status == "open")
    if session.execute(mine.values(status=status, settled_by=actor, settled_at=now)).rowcount == 0:  # type: ignore[attr-defined]
        return None
    inside = select(GroupedQuestion.item_id).where(GroupedQuestion.group_id == group_id)
    chats = select(TriageItem.conversation_id).where(TriageItem.id.in_(inside), TriageItem.closed_at.is_(None))
    asked_by = list(dict.fromkeys(session.scalars(chats)))
    closed = update(TriageItem).where(TriageItem.id.in_(inside), TriageItem.closed_at.is_(None))
    session.execute(closed.values(status="closed", close_reason=close_reason, closed_at=now, updated_at=now))
    details = {"status": status, "questions": len(asked_by)}
    audit.record(session, actor=actor, action="group.settled", subject=f"group:{group_id}", now=now, details=details)
    bump(session)
    return asked_by


def done(session: Session) -> list[str]:
    """The open groups in which no question waits and for which no draft does."""
    waits = exists().where(
        GroupedQuestion.group_id == QuestionGroup.id,
        TriageItem.id == GroupedQuestion.item_id,
        TriageItem.closed_at.is_(None),
    )
    drafted = exists().where(
        LearnedAnswer.group_id == QuestionGroup.id,
        AnswerRevision.answer_id == LearnedAnswer.id,
        AnswerRevision.status == "draft",
    )
    return list(session.scalars(select(QuestionGroup.id).where(QuestionGroup.status == "open", ~waits, ~drafted)))


def propose(
    session: Session, intent: str, items: Sequence[TriageItem], *, actor: str, now: datetime
) -> list[TrainingExample]:
    """Propose questions as training examples of a topic."""
    rows = [
        TrainingExample(
            id=new_id(), intent=intent, text=item.question or "", item_id=item.id, proposed_by=actor, created_at=now
        )
        for item in items
    ]
    session.add_all(rows)
    subject = f"intent:{intent}"
    audit.record(session, actor=actor, action="training.proposed", subject=subject, now=now, details={"n": len(rows)})
    return rows


def recount(session: Session, group_id: str) -> None:
    """Count anew how many patients are behind a group."""
    patients = (
        select(func.count(func.distinct(TriageItem.conversation_id)))
        .join(GroupedQuestion, GroupedQuestion.item_id == TriageItem.id)
        .where(GroupedQuestion.group_id == group_id)
        .scalar_subquery()
    )
    mine = update(QuestionGroup).where(QuestionGroup.id == group_id)
    session.execute(mine.values(asked=patients), execution_options={"synchronize_session": False})


def _newest(session: Session, group_ids: Collection[str]) -> dict[str, Asked]:
    place = func.row_number().over(
        partition_by=GroupedQuestion.group_id, order_by=(TriageItem.created_at.desc(), TriageItem.id)
    )
    inside = select(GroupedQuestion.group_id, TriageItem.id, place.label("place"))
    inside = inside.join(TriageItem, TriageItem.id == GroupedQuestion.item_id)
    ranked = inside.where(GroupedQuestion.group_id.in_(group_ids)).subquery()
    query = select(ranked.c.group_id, TriageItem, Conversation.pseudonym, Conversation.channel)
    query = query.join(TriageItem, TriageItem.id == ranked.c.id)
    query = query.join(Conversation, Conversation.id == TriageItem.conversation_id).where(ranked.c.place == 1)
    return {group_id: Asked(*row) for group_id, *row in session.execute(query)}
