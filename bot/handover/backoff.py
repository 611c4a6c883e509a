"""When to try again: ten attempts over about three days, as Standard Webhooks recommends."""

from __future__ import annotations

import zlib
from datetime import timedelta

MINUTE, HOUR = 60.0, 3600.0
PAUSES = (5.0, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR)
ATTEMPTS = len(PAUSES) + 1
SPREAD = 0.1  # up to a tenth longer, so that what failed together does not come back together
LONGEST = 24 * HOUR


def pause_after(attempt: int, id: str, retry_after: float | None = None) -> timedelta | None:
    """How long to wait after attempt number 1, 2 …; None after the last. A target's own wish counts up to a day."""
    if attempt >= ATTEMPTS:
        return None
    seconds = PAUSES[attempt - 1] * (1 + SPREAD * zlib.crc32(f"{id}:{attempt}".encode()) / 2**32)
    return timedelta(seconds=max(seconds, min(retry_after or 0.0, LONGEST)))
