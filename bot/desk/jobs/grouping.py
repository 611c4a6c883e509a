"""New unanswered questions are filed with those that mean the same."""

from __future__ import annotations

import asyncio
from datetime import datetime

import httpx

from bot.clinic.desk.meaning import Group, nearest, twin
from bot.desk.context import Desk
from bot.desk.meaning import ENCODER, encode
from bot.store import desk_questions
from bot.store.desk_queue import bump
from bot.store.engine import Session, Sessions, reading, unit_of_work

BATCH = 100


async def group_questions(desk: Desk, client: httpx.AsyncClient) -> None:
    """File every question that is in no group yet, mend groups after an erasure, settle those that are done."""
    await asyncio.to_thread(mend, desk.sessions)
    await asyncio.to_thread(settle_done, desk.sessions, desk.clock())
    while await asyncio.to_thread(group_some, desk.sessions):
        desk.live.wake()


def mend(sessions: Sessions) -> int:
    """Make the centres anew of groups from which questions were erased; returns how many."""
    with reading(sessions) as session:
        groups = desk_questions.without_centre(session)
    if not groups:
        return 0
    totals = {id_: encode(texts).sum(axis=0) if texts else None for id_, texts in groups.items()}
    with unit_of_work(sessions) as session:
        for id_, total in totals.items():
            desk_questions.centre(session, id_, total, ENCODER)
        bump(session)
        session.commit()
    return len(totals)


def settle_done(sessions: Sessions, now: datetime) -> int:
    """Settle the groups whose questions were all closed one by one; returns how many."""
    with reading(sessions) as session:
        if not desk_questions.done(session):
            return 0
    with unit_of_work(sessions) as session:
        groups = desk_questions.done(session)
        for id_ in groups:
            desk_questions.settle(session, id_, "settled", "answered", actor="system", now=now)
        session.commit()
    return len(groups)


def group_some(sessions: Sessions, batch: int = BATCH) -> int:
    """File at most `batch` questions in one transaction; returns how many."""
    with reading(sessions) as session:
        texts = [item.question or "" for item in desk_questions.not_grouped(session, batch)]
    if not texts:
        return 0
    encode(texts)  # outside the transaction; the encoder remembers them
    with unit_of_work(sessions) as session:
        number = group_in(session, batch)
        session.commit()
        return number


def group_in(session: Session, batch: int = BATCH) -> int:
    """File at most `batch` questions inside the caller's transaction; returns how many."""
    items = desk_questions.not_grouped(session, batch)
    if not items:
        return 0
    groups = {group.id: group for group in desk_questions.open_groups(session, ENCODER)}
    for item, vector in zip(items, encode([item.question or "" for item in items]), strict=True):
        found = nearest(vector, list(groups.values()))
        at, likeness = found or (None, 1.0)
        group = desk_questions.file(session, item, groups.get(at or ""), vector, likeness, ENCODER)
        groups[group.id] = group
        _merge(session, groups, group)
    bump(session)
    return len(items)


def _merge(session: Session, groups: dict[str, Group], group: Group) -> None:
    other = twin(group, list(groups.values()))
    if other is not None:
        kept, dropped = sorted((group, groups[other]), key=lambda one: -one.size)
        groups[kept.id] = desk_questions.merge(session, kept, dropped)
        del groups[dropped.id]
