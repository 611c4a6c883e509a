"""The record of a screening for the clinician: every answer with its question, in the patient's own words."""

from __future__ import annotations

from typing import Any

from bot.clinic.content import Content
from bot.clinic.screening.state import Given, Screening


def record(state: Screening, content: Content) -> list[dict[str, Any]]:
    """One row per answer, in asking order: question (id), wording, value, text (as typed), on (ISO date) and `earlier`,
    the answers it replaced, oldest first."""
    wordings = {
        asked.id: asked.other if state.about == "other" else asked.question
        for question in content.screening.questions
        for asked in (question, *question.follow_ups)
    }
    told = set(state.answers) | {amendment.question for amendment in state.amendments}
    return [
        {"question": id, "wording": wording, **_row(state.answers.get(id)), "earlier": _earlier(state, id)}
        for id, wording in wordings.items()
        if id in told
    ]


def _row(given: Given | None) -> dict[str, Any]:
    return {"value": given and given.value, "text": given and given.text, "on": given and given.on}


def _earlier(state: Screening, question: str) -> list[dict[str, Any]]:
    return [_row(amendment.was) for amendment in state.amendments if amendment.question == question]
