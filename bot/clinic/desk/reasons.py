"""Why something comes to the desk, from a closed list, so that the figures can say what the assistant lacks."""

from __future__ import annotations

from typing import Literal

SURE = 0.60  # the confidence from which a message counts as understood (bot/clinic/desk/learned.py: WEAK)

QuestionReason = Literal["knowledge_missing", "out_of_policy"]
PersonReason = Literal["asked_for_person", "out_of_policy"]


def of_question(intent: str, confidence: float) -> QuestionReason:
    """`out_of_policy`: surely another matter than the clinic's, or a diagnosis or a dose, which the assistant never
    gives. Else its knowledge is missing."""
    return "out_of_policy" if intent == "out_of_scope" and confidence >= SURE else "knowledge_missing"


def of_person(screening_outcome: str | None) -> PersonReason:
    """`out_of_policy`: a person is wanted after the check found that the treatment is not for the patient."""
    return "out_of_policy" if screening_outcome == "not_suitable" else "asked_for_person"
