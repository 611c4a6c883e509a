"""What an answer would change: older questions of patients that would get it from now on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bot.clinic.desk.learned import match
from bot.desk.meaning import Encode
from bot.store import answers_learned, desk_transcript
from bot.store.engine import Session
from bot.store.vectors import unpacked

READ = 400  # newest typed messages that are compared


@dataclass(frozen=True)
class Older:
    """A message that would be answered differently."""

    text: str
    conversation_id: str
    intent: str
    score: float
    said: str


def changed_by(session: Session, answer_id: str, encode: Encode, encoder: str) -> list[Older]:
    """The newest typed messages that this answer would answer, and what the bot said then; most alike first."""
    answer = answers_learned.get(session, answer_id)
    rows = [row for row in answers_learned.wordings_of(session, answer_id) if row.encoder == encoder]
    if answer is None or not rows:
        return []
    vectors = np.array([unpacked(row.vector) for row in rows])
    wordings = [answers_learned.Wording(answer_id, row.text, answer.topic) for row in rows]
    messages = desk_transcript.asked_lately(session, READ)
    seen = {row.text.casefold() for row in rows}
    older = []
    for one, vector in zip(messages, encode([one.text for one in messages]) if messages else [], strict=True):
        found = match(vector, one.intent, one.confidence, wordings, vectors)
        if found is not None and found.instead and one.text.casefold() not in seen:
            seen.add(one.text.casefold())
            older.append(Older(one.text, one.conversation_id, one.intent, found.score, one.said))
    return sorted(older, key=lambda one: -one.score)[:50]
