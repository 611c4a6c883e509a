"""Groups of questions put right by hand: two that are one, and questions that do not belong to theirs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import numpy as np
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.clinic.desk.meaning import Group
from bot.store import audit, desk_questions
from bot.store.columns import new_id
from bot.store.desk_models import GroupedQuestion, QuestionGroup
from bot.store.desk_queue import bump
from bot.store.models import TriageItem
from bot.store.vectors import packed, unpacked


def join(session: Session, kept_id: str, dropped_id: str, *, actor: str, now: datetime) -> bool:
    """Make two open groups one that stays as the person made it; False when one of them is settled or gone."""
    kept, dropped = _open(session, kept_id), _open(session, dropped_id)
    if kept is None or dropped is None or kept_id == dropped_id:
        return False
    desk_questions.merge(session, _as_group(session, kept), _as_group(session, dropped))
    kept.by_hand = True
    _note(session, "group.joined", kept_id, dropped_id, actor, now)
    return True


def split_off(
    session: Session, group_id: str, vectors: Mapping[str, np.ndarray], *, actor: str, now: datetime
) -> str | None:
    """Move some questions of an open group into a new one; its id, or None when that would leave either empty.

    `vectors`: the item's id -> its vector. Neither group is merged by itself afterwards.
    """
    group = _open(session, group_id)
    inside = set(session.scalars(select(GroupedQuestion.item_id).where(GroupedQuestion.group_id == group_id)))
    moved = [item for item in vectors if item in inside]
    if group is None or not moved or len(moved) == len(inside):
        return None
    total = np.sum([vectors[item] for item in moved], axis=0)
    new = QuestionGroup(
        id=new_id(), centre=packed(total), encoder=group.encoder, by_hand=True, created_at=now, newest_at=now
    )
    session.add(new)
    group.centre, group.by_hand = packed(unpacked(group.centre) - total), True
    session.flush()
    session.execute(update(GroupedQuestion).where(GroupedQuestion.item_id.in_(moved)).values(group_id=new.id))
    for row in (new, group):
        _refresh(session, row)
    _note(session, "group.split", group_id, new.id, actor, now)
    return new.id


def _open(session: Session, group_id: str) -> QuestionGroup | None:
    row = session.get(QuestionGroup, group_id)
    return row if row is not None and row.status == "open" else None


def _as_group(session: Session, row: QuestionGroup) -> Group:
    return Group(row.id, unpacked(row.centre), row.asked, row.by_hand)


def _refresh(session: Session, row: QuestionGroup) -> None:
    """How many asked, and when last."""
    newest = select(TriageItem.created_at).join(GroupedQuestion, GroupedQuestion.item_id == TriageItem.id)
    newest = newest.where(GroupedQuestion.group_id == row.id).order_by(TriageItem.created_at.desc()).limit(1)
    row.newest_at = session.scalar(newest) or row.newest_at
    session.flush()
    desk_questions.recount(session, row.id)


def _note(  # noqa: PLR0913, PLR0917 - what happened, to which two, by whom
    session: Session, action: str, group_id: str, other: str, actor: str, now: datetime
) -> None:
    audit.record(session, actor=actor, action=action, subject=f"group:{group_id}", now=now, details={"other": other})
    bump(session)
