"""What the content does not answer goes to the desk with the topics nearest to it."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select

from bot.actions.answer import ActionAnswer, ActionNoteUnknown
from bot.store.engine import Sessions, reading
from bot.store.models import TriageItem
from tests.clinic.diary import at
from tests.handover.patients import Patient, content

NOW = at("2026-11-25 10:00")
RANKING = ["ask_recovery", "inform", "ask_aftercare", "ask_pain"]


def queued(sessions: Sessions) -> dict[str, object]:
    with reading(sessions) as session:
        return dict(session.scalars(select(TriageItem)).one().details)


def test_a_question_without_an_answer_is_queued_with_the_nearest_topics(sessions: Sessions) -> None:
    anna = Patient(sessions, "anna", NOW, content=replace(content(), answers=()))
    (said,) = anna.tell(ActionAnswer(), "when can I go running again?", "ask_recovery", ranking=RANKING)
    assert said["response"] == "utter_unknown"
    assert queued(sessions) == {"nearest": ["ask_recovery", "ask_aftercare"], "understood": "ask_recovery"}


def test_what_is_not_understood_twice_is_queued_with_the_nearest_topics(sessions: Sessions) -> None:
    anna = Patient(sessions, "anna", NOW)
    for _ in range(2):
        anna.tell(ActionNoteUnknown(), "running again hm", "nlu_fallback", ranking=RANKING)
    assert queued(sessions) == {"nearest": ["ask_recovery", "ask_aftercare"], "understood": "nlu_fallback"}
