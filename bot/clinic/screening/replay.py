"""What a change of the rules would have decided on the answers that are stored: whose outcome would differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bot.clinic.content import ScreeningContent
from bot.clinic.screening.rules import Answer, Verdict, screen, settled
from bot.clinic.screening.state import Screening


@dataclass(frozen=True)
class Stored:
    """A decided screening: its id, its answers as in `Screening.to_dict`, and what was decided by which rules."""

    id: str
    answers: Mapping[str, Any]
    outcome: str
    reasons: tuple[str, ...]
    rules_version: str


@dataclass(frozen=True)
class Difference:
    """A screening that the rules at hand decide otherwise than those it was decided by."""

    id: str
    was: str
    now: str
    was_reasons: tuple[str, ...]
    now_reasons: tuple[str, ...]
    rules_version: str


def replay(stored: Iterable[Stored], rules: ScreeningContent) -> Iterator[Difference]:
    """The screenings whose outcome differs under `rules`, in the order given. An answer to a question that the rules no
    longer ask counts for nothing; a question they ask anew is unanswered, which leaves its criterion to a clinician."""
    for one in stored:
        verdict = decide(one.answers, rules)
        if verdict.outcome != one.outcome:
            yield Difference(one.id, one.outcome, verdict.outcome, one.reasons, verdict.reasons, one.rules_version)


def decide(answers: Mapping[str, Any], rules: ScreeningContent) -> Verdict:
    """The verdict of the rules on answers as they are stored."""
    return screen(settled(_values(answers), rules), rules)


def _values(answers: Mapping[str, Any]) -> Mapping[str, Answer]:
    return Screening.from_dict({"amendments": [], **answers}).values
