"""How long signing in stays shut after wrong codes: short enough not to lock a colleague out for the day."""

from __future__ import annotations

from datetime import datetime, timedelta

FREE_ATTEMPTS = 5
FIRST = timedelta(minutes=1)
LONGEST = timedelta(hours=1)


def locked_until(failed: int, now: datetime) -> datetime | None:
    """Until when the account is shut after `failed` wrong codes in a row; None while there are attempts left.

    The fifth shuts it for a minute, each further one for twice as long, at most an hour.
    """
    if failed < FREE_ATTEMPTS:
        return None
    return now + min(FIRST * 2 ** min(failed - FREE_ATTEMPTS, 10), LONGEST)
