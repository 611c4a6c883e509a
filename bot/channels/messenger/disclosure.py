"""When the patient must be told that a machine answers: at the start, after a long gap, on return from a person. Pure.

Meta's rules on automated experiences, and article 50 of the EU's AI Act, ask for it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

Reason = Literal["start", "gap"]


def due_disclosure(
    disclosed_at: datetime | None, last_wrote_at: datetime | None, now: datetime, gap: timedelta
) -> Reason | None:
    """Why the patient is to be told now, before the bot says anything else; None when they were told recently enough.

    `last_wrote_at` is their message before the present one.
    """
    if disclosed_at is None:
        return "start"
    if last_wrote_at is None or now - max(last_wrote_at, disclosed_at) >= gap:
        return "gap"
    return None
