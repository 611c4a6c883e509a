"""What a draft would change: older questions of patients that the bot would answer differently once it is approved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bot.clinic.desk.learned import Wording, given, match
from bot.clinic.understanding import Question
from bot.desk.meaning import Encode
from bot.store import answers_learned, desk_transcript
from bot.store.desk_transcript import AskedBefore
from bot.store.engine import Session
from bot.store.vectors import unpacked

READ = 400  # newest messages that are compared
Known = tuple[list[Wording], np.ndarray]


@dataclass(frozen=True)
class Older:
    """A message that would be answered differently; `ends` when it would no longer get this answer."""

    text: str
    conversation_id: str
    said: str
    score: float
    ends: bool


def changed_by(
    session: Session, answer_id: str, encode: Encode, encoder: str, has_answer: Callable[[Question], bool]
) -> list[Older]:
    """The newest typed messages that would get this answer or no longer get it, as the bot decides beside all other
    answers, and what it said then; most alike first. What the draft was written for is left out."""
    draft = next((one for one in answers_learned.revisions(session, answer_id) if one.status == "draft"), None)
    if draft is None:
        return []
    mine = answers_learned.wordings_of(session, answer_id)
    alive = answers_learned.live(session, answer_id)
    live, live_vectors = answers_learned.catalogue(session, encoder)
    before = _known(encode, live, live_vectors)
    others = [(one, vector) for one, vector in zip(live, before[1], strict=True) if one.answer_id != answer_id]
    own = [unpacked(row.vector) if row.encoder == encoder else None for row in mine]
    after = _known(
        encode,
        [*(one for one, _ in others), *(Wording(answer_id, row.text, draft.topic) for row in mine)],
        [*(vector for _, vector in others), *own],
    )
    is_new = alive is None or alive.text != draft.text
    seen = {row.text.casefold() for row in mine}
    asked = [one for one in desk_transcript.asked_lately(session, READ) if one.text.casefold() not in seen]
    older = []
    for one, vector in zip(asked, encode([one.text for one in asked]) if asked else [], strict=True):
        (former, likeness), (now, score) = (_gets(one, vector, known, has_answer) for known in (before, after))
        if answer_id in (former, now) and (former != now or is_new):
            older.append(Older(one.text, one.conversation_id, one.said, max(score, likeness), now != answer_id))
    return sorted(older, key=lambda one: -one.score)


def _known(encode: Encode, wordings: list[Wording], vectors: list[np.ndarray | None]) -> Known:
    """Wordings with a vector each, those made by another encoder anew."""
    missing = [one.text for one, vector in zip(wordings, vectors, strict=True) if vector is None]
    made = iter(encode(missing)) if missing else iter(())
    return wordings, np.array([next(made) if vector is None else vector for vector in vectors])


def _gets(
    one: AskedBefore, vector: np.ndarray, known: Known, has_answer: Callable[[Question], bool]
) -> tuple[str | None, float]:
    """The desk's answer that a message gets, if any, and how like one of its wordings it is."""
    intent = one.understood.get("intent") or {}
    name, confidence = str(intent.get("name") or ""), float(intent.get("confidence") or 0.0)
    found = None if one.understood.get("danger") else match(vector, name, confidence, *known)
    if found is None:
        return None, 0.0
    learned = {"id": found.answer_id, "instead": found.instead}
    return given({**one.understood, "learned": learned}, has_answer), found.score
