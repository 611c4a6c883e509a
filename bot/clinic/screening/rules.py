"""The screening rules: answers in, verdict and reasons out. Pure, and total: any answers give exactly one outcome.

The criteria come from bot/content/screening.yml; the rule that makes an outcome of them is fixed here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from bot.clinic.content import Asked, FollowUp, Question, ScreeningContent

Answer = str | int  # yes | no | unsure | past | partial | refused | told (in words of their own), or an age in years
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

    Any clear yes: not suitable. Otherwise anything unsure, refused, past, partial, missing or not an answer at all, and
    a yes that the content leaves to a clinician: clinician review. Otherwise suitable, which means suitable to book a
    consultation.
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
    """Answers by question id -> answers by criterion id, ready for `screen`. Where a follow-up is called for and still
    unanswered nothing is settled, so the criterion is left out; a question that the age makes needless is a no."""
    found: dict[str, Answer] = {}
    for question in screening.questions:
        value = "no" if is_needless(question, answers, screening) else _with_follow_ups(question, answers)
        if value is not None:
            found[question.id if question.kind == "age" else question.criterion] = value
    return found


def called_for(question: Question, answers: Mapping[str, Answer]) -> Iterator[Asked]:
    """The question and the follow-ups that the answers call for, in asking order, up to the first unanswered one."""
    asked: Asked | None = question
    while asked is not None:
        yield asked
        asked = follow_up(question, asked.id, answers.get(asked.id))


def follow_up(question: Question, id: str, answer: Answer | None) -> FollowUp | None:
    """The follow-up that an answer to the question `id`, the main one or a follow-up, calls for, or None."""
    return next((one for one in question.after(id) if answer in one.when), None)


def is_needless(question: Question, answers: Mapping[str, Answer], screening: ScreeningContent) -> bool:
    """Whether nobody of the age that was told is asked the question, and nothing was told to it unasked."""
    age = answers.get(screening.age.id) if question.until_age is not None else None
    return question.id not in answers and is_age(age) and int(age) >= (question.until_age or 0)  # type: ignore[arg-type]


def find(screening: ScreeningContent, id: str) -> tuple[Question, Asked] | None:
    """(main question, what is asked) for the id of a question, follow-up or criterion; None for an unknown id."""
    for question in screening.questions:
        if id in (question.id, question.criterion):
            return question, question
        for one in question.follow_ups:
            if id == one.id:
                return question, one
    return None


def _with_follow_ups(question: Question, answers: Mapping[str, Answer]) -> Answer | None:
    value: Answer | None = None
    for asked in called_for(question, answers):
        answer = answers.get(asked.id)
        if isinstance(asked, FollowUp) and asked.kind == "words":
            continue
        if answer is None:
            return None
        value = asked.becomes.get(answer, answer) if isinstance(asked, FollowUp) else answer  # type: ignore[call-overload]
    return value


def _state(question: Question, answers: Mapping[str, Answer]) -> Literal["met", "open", "clear"]:
    # The age may come in years and as yes/no to `under_18`; when both are there, the more careful one counts.
    values = {_yes_or_no(answers[key]) for key in {question.id, question.criterion} if key in answers}
    if "yes" in values:
        return "met" if question.on_yes == "not_suitable" else "open"
    return "clear" if values - {None} == {"no"} else "open"


def _yes_or_no(value: Answer) -> str | None:
    if isinstance(value, int):
        return None if not is_age(value) else "yes" if value < ADULT else "no"
    return value if value in ("yes", "no", "unsure", "refused", "past", "partial") else None
