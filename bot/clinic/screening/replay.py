"""What a change of the rules would have decided on the answers that are stored: whose outcome would differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.clinic.content import ScreeningContent
from bot.clinic.screening.rules import Verdict, screen, settled
from bot.clinic.screening.state import Screening


@dataclass(frozen=True)
class Stored:
    """A decided screening: its id, its answers as in `Screening.to_dict`, what was decided by which rules and when. The
    outcome is that of the rules; `settled` is what a clinician made of it afterwards, empty where none did."""

    id: str
    answers: Mapping[str, Any]
    outcome: str
    rules_version: str
    decided_at: datetime | None = None
    settled: str = ""


@dataclass(frozen=True)
class Difference:
    """A screening that the rules at hand decide otherwise than those it was decided by."""

    id: str
    was: str
    now: str
    now_reasons: tuple[str, ...]
    rules_version: str
    decided_at: datetime | None = None
    settled: str = ""


@dataclass
class Replayed:
    """What became of a replay: how many screenings there are, and those that the rules at hand decide otherwise."""

    total: int = 0
    differences: list[Difference] = field(default_factory=list)


def replay(stored: Iterable[Stored], rules: ScreeningContent) -> Replayed:
    """The screenings whose outcome differs under `rules`, in the order given. An answer to a question that the rules no
    longer ask counts for nothing; a question they ask anew is unanswered, which leaves its criterion to a clinician."""
    done = Replayed()
    for one in stored:
        done.total += 1
        now = decide(one.answers, rules)
        if now.outcome != one.outcome:
            done.differences.append(_difference(one, now))
    return done


def decide(answers: Mapping[str, Any], rules: ScreeningContent) -> Verdict:
    """The verdict of the rules on answers as they are stored."""
    return screen(settled(Screening.from_dict(answers).values, rules), rules)


def _difference(one: Stored, now: Verdict) -> Difference:
    return Difference(
        id=one.id,
        was=one.outcome,
        now=now.outcome,
        now_reasons=now.reasons,
        rules_version=one.rules_version,
        decided_at=one.decided_at,
        settled=one.settled,
    )
