"""The screening rules: answers in, verdict and reasons out. Pure, and total: any answers give exactly one outcome.

The criteria come from bot/content/screening.yml; the rule that makes an outcome of them is fixed here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from bot.clinic.content import Asked, FollowUp, Question, ScreeningContent

Answer = str | int  # yes | no | unsure | past | partial | refused, or an age in years
Outcome = Literal["suitable", "not_suitable", "clinician_review"]
ADULT = 18
OLDEST = 120


@dataclass(frozen=True)
class Verdict:
    """`reasons` are the criteria behind the outcome: those met, or those a clinician has to settle; none when suitable.
    `open` are the criteria not settled, whatever the outcome. Both in asking order."""

    outcome: Outcome
    reasons: tuple[str, ...] = ()
    open: tuple[str, ...] = ()


def screen(answers: Mapping[str, Answer], screening: ScreeningContent) -> Verdict:
    """The verdict on answers by criterion id; the age stands under `age` (years), or yes/no under `under_18`.

    Any clear yes: not suitable. Otherwise anything unsure, refused, past, partial, missing or not an answer at all:
    clinician review. Otherwise suitable, which means suitable to book a consultation.
    """
    states = {question.criterion: _state(question, answers) for question in screening.questions}
    met = tuple(criterion for criterion, state in states.items() if state == "met")
    unsettled = tuple(criterion for criterion, state in states.items() if state == "open")
    if met:
        return Verdict("not_suitable", met, unsettled)
    if unsettled:
        return Verdict("clinician_review", unsettled, unsettled)
    return Verdict("suitable")


def is_age(value: object) -> bool:
    """Whether a value is a plausible age in whole years, 0 to 120."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= OLDEST


def settled(answers: Mapping[str, Answer], screening: ScreeningContent) -> dict[str, Answer]:
    """Answers by question id -> answers by criterion id, ready for `screen`. A main answer whose follow-up is still
    unanswered settles nothing, so its criterion is left out."""
    found: dict[str, Answer] = {}
    for question in screening.questions:
        value = _with_follow_up(question, answers)
        if value is not None:
            found[question.id if question.kind == "age" else question.criterion] = value
    return found


def follow_up(question: Question, answer: Answer | None) -> FollowUp | None:
    """The follow-up that an answer to a main question calls for, or None."""
    return next((one for one in question.follow_ups if answer in one.when), None)


def find(screening: ScreeningContent, id: str) -> tuple[Question, Asked] | None:
    """(main question, what is asked) for the id of a question, follow-up or criterion; None for an unknown id."""
    for question in screening.questions:
        if id in (question.id, question.criterion):
            return question, question
        for one in question.follow_ups:
            if id == one.id:
                return question, one
    return None


def _with_follow_up(question: Question, answers: Mapping[str, Answer]) -> Answer | None:
    value = answers.get(question.id)
    further = follow_up(question, value)
    if further is None:
        return value
    answer = answers.get(further.id)
    return None if answer is None else further.becomes.get(answer, answer)  # type: ignore[call-overload]


def _state(question: Question, answers: Mapping[str, Answer]) -> Literal["met", "open", "clear"]:
    # The age may come in years and as yes/no to `under_18`; when both are there, the more careful one counts.
    values = {_yes_or_no(answers[key]) for key in {question.id, question.criterion} if key in answers}
    if "yes" in values:
        return "met"
    return "clear" if values - {None} == {"no"} else "open"


def _yes_or_no(value: Answer) -> str | None:
    if isinstance(value, int):
        return None if not is_age(value) else "yes" if value < ADULT else "no"
    return value if value in ("yes", "no", "unsure", "refused", "past", "partial") else None
