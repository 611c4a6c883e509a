"""What each answer to a screening question leads to, found by asking the rules themselves, never written down twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bot.clinic.content import Asked, Question, ScreeningContent
from bot.clinic.screening.rules import ADULT, Answer, Outcome, follow_up, screen, settled


@dataclass(frozen=True)
class Effect:
    """One answer, as its button says it, and the outcome when all other answers are in the clear.

    `then` is the id of the question asked next because of this answer; the outcome then holds while that stays open.
    """

    asked: str
    title: str
    outcome: Outcome
    then: str | None = None


def effects(question: Question, screening: ScreeningContent) -> list[Effect]:
    """Every answer to a question and to its follow-ups, in the order of their buttons."""
    clear: dict[str, Answer] = {one.id: ADULT if one.kind == "age" else "no" for one in screening.questions}
    found = []
    for asked, before in _ways(question):
        for title, value in _choices(asked):
            outcome = screen(settled({**clear, **before, asked.id: value}, screening), screening).outcome
            further = follow_up(question, asked.id, value)
            found.append(Effect(asked.id, title, outcome, further.id if further else None))
    return found


def _ways(question: Question) -> Iterator[tuple[Asked, dict[str, Answer]]]:
    """What is asked, with the answer that led to it."""
    yield question, {}
    ways: dict[str, dict[str, Answer]] = {question.id: {}}
    for further in question.follow_ups:
        after = further.after or question.id
        ways[further.id] = {**ways[after], after: further.when[0]}
        yield further, ways[further.id]


def _choices(asked: Asked) -> Iterator[tuple[str, Answer]]:
    if isinstance(asked, Question) and asked.kind == "age":
        yield f"{ADULT - 1} or younger", ADULT - 1
        yield f"{ADULT} or older", ADULT
    for button in asked.buttons:
        yield button.title, button.answer
