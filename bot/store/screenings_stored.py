"""The screenings that count, for replaying them under other rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.clinic.screening.replay import Stored
from bot.store.desk_models import Counter
from bot.store.models import Screening
from bot.store.screenings import settled_by
from bot.store.writing import insert_if_new

BATCH = 500
DIFFERING = "rules_differ"  # the counter of those that the rules in use would decide otherwise


def current(session: Session) -> Iterator[Stored]:
    """Every screening that no later one amends, oldest first, read in batches. What a clinician has settled was left to
    them by the rules. What is not needed for that is not read: each column is encrypted by itself."""
    own, amended = Screening, select(Screening.amends).where(Screening.amends.is_not(None))
    wanted = select(own.id, own.answers, own.outcome, own.rules_version, own.decided_at).where(own.id.not_in(amended))
    ordered = wanted.order_by(own.decided_at, own.id).execution_options(yield_per=BATCH)
    for row in session.execute(ordered):
        is_settled = settled_by(row.answers) is not None
        yield Stored(
            id=row.id,
            answers=row.answers,
            outcome="clinician_review" if is_settled else row.outcome,
            rules_version=row.rules_version,
            decided_at=row.decided_at,
            settled=row.outcome if is_settled else "",
        )


def reasons(session: Session, ids: Sequence[str]) -> dict[str, list[str]]:
    """Id -> the criteria that were met when these screenings were decided."""
    found: dict[str, list[str]] = {}
    for start in range(0, len(ids), BATCH):
        wanted = select(Screening.id, Screening.reasons).where(Screening.id.in_(ids[start : start + BATCH]))
        found |= {id: met for id, met in session.execute(wanted)}
    return found


def note_differing(session: Session, number: int) -> None:
    """Keep for the desk how many stored screenings the rules in use would decide otherwise."""
    if not insert_if_new(session, Counter, ("name",), name=DIFFERING, value=number):
        session.execute(update(Counter).where(Counter.name == DIFFERING).values(value=number))


def differing(session: Session) -> int:
    """How many there were when somebody last counted: at the start with other content, or on the page of the rules."""
    return session.scalar(select(Counter.value).where(Counter.name == DIFFERING)) or 0
