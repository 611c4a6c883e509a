"""When a patient is reminded of a visit: a day before, never in the quiet hours, never of what is about to begin."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

AHEAD = timedelta(hours=24)
LATEST = timedelta(hours=2)  # a reminder that comes later than this before the visit helps nobody


@dataclass(frozen=True)
class QuietHours:
    """The clinic's wall clock from `start` to `end`, over midnight or not; start equal to end means none."""

    start: time
    end: time

    def covers(self, wall: time) -> bool:
        """Whether nobody is to be written to at this time of day."""
        if self.start <= self.end:
            return self.start <= wall < self.end
        return wall >= self.start or wall < self.end


def remind_at(starts_at: datetime, agreed_at: datetime, quiet: QuietHours, zone: ZoneInfo) -> datetime | None:
    """The moment to remind of a visit; None when none is left for it.

    A day before; in quiet hours just before they begin, or, when the visit was confirmed (`agreed_at`) too late for
    that, when they end. Who agreed on it less than a day ahead needs no reminder.
    """
    wanted = starts_at.astimezone(timezone.utc) - AHEAD
    if agreed_at > wanted:
        return None
    if quiet.covers(wanted.astimezone(zone).time()):
        before = _last(wanted, quiet.start, zone) - timedelta(minutes=1)
        wanted = before if before >= agreed_at else _next(wanted, quiet.end, zone)
    return wanted if wanted <= starts_at - LATEST else None


def is_due(starts_at: datetime, agreed_at: datetime, now: datetime, quiet: QuietHours, zone: ZoneInfo) -> bool:
    """Whether the reminder is to be sent now: its moment has come, and the present is neither quiet nor too late."""
    moment = remind_at(starts_at, agreed_at, quiet, zone)
    if moment is None or now < moment or now > starts_at - LATEST:
        return False
    return not quiet.covers(now.astimezone(zone).time())


def _last(moment: datetime, clock: time, zone: ZoneInfo) -> datetime:
    """The last time before a moment that the clinic's clock showed this."""
    local = moment.astimezone(zone)
    day = local.date() if local.time() >= clock else local.date() - timedelta(days=1)
    return datetime.combine(day, clock, zone)


def _next(moment: datetime, clock: time, zone: ZoneInfo) -> datetime:
    local = moment.astimezone(zone)
    day = local.date() if local.time() <= clock else local.date() + timedelta(days=1)
    return datetime.combine(day, clock, zone)
