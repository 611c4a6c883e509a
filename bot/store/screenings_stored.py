"""The screenings that count, for replaying them under other rules."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.clinic.screening.replay import Stored
from bot.store.desk_models import Counter
from bot.store.models import Screening
from bot.store.screenings import settled_by
from bot.store.writing import insert_once

BATCH = 500
DIFFERING = "rules_differ"  # the counter of those that the rules in use would decide otherwise


def current(session: Session) -> Iterator[Stored]:
    """Every screening that no later one amends, oldest first, read in batches. What a clinician has settled was left to
    them by the rules."""
    amended = select(Screening.amends).where(Screening.amends.is_not(None))
    wanted = select(Screening).where(Screening.id.not_in(amended)).order_by(Screening.decided_at, Screening.id)
    for row in session.scalars(wanted.execution_options(yield_per=BATCH)):
        is_settled = settled_by(row) is not None
        yield Stored(
            id=row.id,
            answers=row.answers,
            outcome="clinician_review" if is_settled else row.outcome,
            reasons=tuple(row.reasons),
            rules_version=row.rules_version,
            decided_at=row.decided_at,
            settled=row.outcome if is_settled else "",
        )


def note_differing(session: Session, number: int) -> None:
    """Keep for the desk how many stored screenings the rules in use would decide otherwise."""
    if insert_once(session, Counter, ("name",), name=DIFFERING, value=number) is None:
        session.execute(update(Counter).where(Counter.name == DIFFERING).values(value=number))


def differing(session: Session) -> int:
    """How many there were when somebody last counted: at the start with other content, or on the page of the rules."""
    return session.scalar(select(Counter.value).where(Counter.name == DIFFERING)) or 0
