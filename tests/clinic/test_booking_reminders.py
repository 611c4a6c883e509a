"""Reminders: a day before, never in quiet hours, never of what is about to begin, whatever the hour of the visit."""

from __future__ import annotations

from datetime import time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clinic.booking.reminders import AHEAD, LATEST, QuietHours, is_due, remind_at
from tests.clinic.diary import ZONE, at

NIGHT = QuietHours(time(20), time(8))
LONG_AGO = at("2026-11-01 10:00")
CLOCK = st.times().map(lambda clock: clock.replace(second=0, microsecond=0))


@pytest.mark.parametrize(
    ("visit", "agreed", "reminder"),
    [
        ("2026-12-03 10:00", "2026-11-20 10:00", "2026-12-02 10:00"),
        ("2026-12-03 07:00", "2026-11-20 10:00", "2026-12-01 19:59"),
        ("2026-12-03 21:00", "2026-11-20 10:00", "2026-12-02 19:59"),
        ("2026-12-03 07:00", "2026-12-01 22:00", "2026-12-02 08:00"),
        ("2026-12-03 10:00", "2026-12-02 12:00", None),
        ("2026-03-29 10:00", "2026-03-01 10:00", "2026-03-28 09:00"),
    ],
    ids=["by day", "early visit", "late visit", "agreed in the night", "agreed a day ahead", "clocks go forward"],
)
def test_the_moment_of_a_reminder(visit: str, agreed: str, reminder: str | None) -> None:
    assert remind_at(at(visit), at(agreed), NIGHT, ZONE) == (at(reminder) if reminder else None)


@given(
    visit=st.datetimes(at("2026-01-01 00:00").replace(tzinfo=None), at("2027-12-31 00:00").replace(tzinfo=None)),
    ahead=st.integers(0, 60 * 24 * 10),
    start=CLOCK,
    end=CLOCK,
)
def test_no_reminder_comes_in_quiet_hours_before_the_agreement_or_too_late(
    visit: object, ahead: int, start: time, end: time
) -> None:
    starts_at, quiet = visit.replace(tzinfo=ZONE), QuietHours(start, end)  # type: ignore[attr-defined]
    agreed = starts_at - timedelta(minutes=ahead)
    moment = remind_at(starts_at, agreed, quiet, ZONE)
    if moment is None:
        return
    assert not quiet.covers(moment.astimezone(ZONE).time())
    assert agreed <= moment <= starts_at - LATEST
    assert moment >= starts_at - AHEAD - timedelta(hours=25)


def test_it_is_due_from_its_moment_until_two_hours_before_but_not_at_night() -> None:
    visit = at("2026-12-03 10:00")
    due = [
        is_due(visit, LONG_AGO, at(now), NIGHT, ZONE)
        for now in ("2026-12-02 09:59", "2026-12-02 10:00", "2026-12-02 22:00", "2026-12-03 08:00", "2026-12-03 08:01")
    ]
    assert due == [False, True, False, True, False]
