"""What the booking tests share: a clinic's diary, a fixed now, and moments on the clinic's clock."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.clinic.booking.clinic import Clinic, Series, Treatment

ZONE = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 25, 10, 0, tzinfo=ZONE)  # a Wednesday
DAY = (time(9), time(17, 30))
CLINIC = Clinic(
    time_zone=ZONE,
    hours={0: (DAY,), 1: (DAY,), 2: (DAY,), 3: ((time(9), time(19)),), 4: ((time(9), time(16)),)},
    treatments={
        "facial": Treatment("facial", "Facial mesotherapy", 40),
        "hair": Treatment("hair", "Hair mesotherapy", 40, series=Series(4, 10, weeks=(1, 2), fact="F41")),
        "no_needle": Treatment("no_needle", "No-needle mesotherapy", 30),
        "body": Treatment("body", "Body mesotherapy", 60),
    },
    closed_days=frozenset({date(2026, 12, 25)}),
    rooms=2,
    lead_time=timedelta(hours=24),
    horizon_days=60,
    step_minutes=30,
    region="US",
    name="Demo Clinic",
    phone="+1 202 555 0143",
    email="hello@clinic.example.org",
    address="1 Example Square",
)


def at(text: str) -> datetime:
    """A moment on the clinic's clock: at("2026-12-01 10:00")."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)
