"""Why a screening ended as it did, for the staff: each answer as typed, as understood, and the rule that fired."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bot.clinic.content import Asked, Content, Question
from bot.clinic.screening.interview import verdict
from bot.clinic.screening.rules import Answer, Outcome, Verdict
from bot.clinic.screening.speech import worded
from bot.clinic.screening.state import Given, Screening

Rule = Literal["any_clear_yes", "anything_unsettled", "all_clear"]
State = Literal["met", "open", "clear"]
RULES: dict[Outcome, Rule] = {
    "not_suitable": "any_clear_yes",
    "clinician_review": "anything_unsettled",
    "suitable": "all_clear",
}


@dataclass(frozen=True)
class Said:
    """One answer: what the patient typed (empty for a button), what it was understood as, its title where a button has
    one, the question it was given to (empty when volunteered), and the day (ISO 8601)."""

    typed: str
    understood: Answer
    title: str
    asked: str
    on: str


@dataclass(frozen=True)
class Explained:
    """One question: its wording, the answer that counts (None: not answered), and the answers it replaced."""

    question: str
    wording: str
    answer: Said | None
    earlier: tuple[Said, ...] = ()


@dataclass(frozen=True)
class Criterion:
    """One criterion: what its answers made of it, the leaflet's fact, and the questions behind it."""

    id: str
    fact: str
    state: State
    questions: tuple[Explained, ...]


@dataclass(frozen=True)
class Explanation:
    """The whole: the outcome, the rule that led to it, the criteria that fired it, and every criterion in asking order.

    `rules_version` and `signed_by` name the rules at hand."""

    outcome: Outcome
    rule: Rule
    because: tuple[str, ...]
    criteria: tuple[Criterion, ...]
    rules_version: str
    signed_by: str


def explain(state: Screening, content: Content) -> Explanation:
    """The explanation of a screening by the rules at hand."""
    found = verdict(state, content)
    return Explanation(
        outcome=found.outcome,
        rule=RULES[found.outcome],
        because=found.reasons,
        criteria=tuple(_criterion(one, state, found, content) for one in content.screening.questions),
        rules_version=content.screening.version,
        signed_by=content.screening.signed_by,
    )


def _criterion(question: Question, state: Screening, found: Verdict, content: Content) -> Criterion:
    asked = [one for one in (question, *question.follow_ups) if one is question or _is_told(one, state)]
    return Criterion(
        id=question.criterion,
        fact=question.fact,
        state=criterion_state(question.criterion, found),
        questions=tuple(_explained(one, state, content) for one in asked),
    )


def criterion_state(criterion: str, found: Verdict) -> State:
    """What a verdict says about one criterion."""
    if found.outcome == "not_suitable" and criterion in found.reasons:
        return "met"
    return "open" if criterion in found.open else "clear"


def _is_told(asked: Asked, state: Screening) -> bool:
    return asked.id in state.answers or any(one.question == asked.id for one in state.amendments)


def _explained(asked: Asked, state: Screening, content: Content) -> Explained:
    given = state.answers.get(asked.id)
    return Explained(
        question=asked.id,
        wording=worded(state, asked, content),
        answer=_said(given, asked) if given else None,
        earlier=tuple(_said(one.was, asked) for one in state.amendments if one.question == asked.id),
    )


def _said(given: Given, asked: Asked) -> Said:
    titles = {button.answer: button.title for button in asked.buttons}
    title = titles.get(given.value, "") if isinstance(given.value, str) else ""  # type: ignore[call-overload]
    return Said(given.text, given.value, title, given.asked, given.on)
