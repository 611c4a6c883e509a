"""The screenings that count, for replaying them under other rules."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.clinic.screening.replay import Stored
from bot.store.models import Screening

BATCH = 500


def current(session: Session) -> Iterator[Stored]:
    """Every screening that no later one amends, oldest first, read in batches."""
    amended = select(Screening.amends).where(Screening.amends.is_not(None))
    wanted = select(Screening).where(Screening.id.not_in(amended)).order_by(Screening.decided_at, Screening.id)
    for row in session.scalars(wanted.execution_options(yield_per=BATCH)):
        yield Stored(row.id, row.answers, row.outcome, tuple(row.reasons), row.rules_version)
