"""Promises are counted in the clinic's opening hours: nights, weekends and closed days do not count."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clinic.content import Clinic, load_content
from bot.clinic.content.model import Pause
from bot.clinic.desk.hours import Promise, is_open, next_open, promised_at
from bot.clinic.desk.lockout import locked_until
from bot.settings import BOT

from .conftest import NOW

BERLIN = ZoneInfo("Europe/Berlin")
CLINIC: Clinic = load_content(BOT / "content").clinic  # Mo-We 9:00-17:30, Th to 19:00, Fr to 16:00
TUESDAY = CLINIC.hours.tuesday.model_copy(update={"pause": Pause(start="12:30", end="13:30")})  # type: ignore[union-attr]
LUNCH = CLINIC.model_copy(update={"hours": CLINIC.hours.model_copy(update={"tuesday": TUESDAY})})


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("asked", "promise", "answered"),
    [
        ("2026-03-02T10:00", Promise(working_days=1), "2026-03-03T10:00"),
        ("2026-03-02T20:00", Promise(working_days=1), "2026-03-04T09:00"),
        ("2026-03-06T15:30", Promise(working_days=1), "2026-03-09T15:30"),
        ("2026-03-05T18:30", Promise(working_days=1), "2026-03-06T16:00"),
        ("2026-12-24T10:00", Promise(working_days=1), "2026-12-28T10:00"),
        ("2026-03-02T10:00", Promise(open_hours=2), "2026-03-02T12:00"),
        ("2026-03-02T16:30", Promise(open_hours=2), "2026-03-03T10:00"),
        ("2026-03-06T15:00", Promise(open_hours=2), "2026-03-09T10:00"),
        ("2026-03-07T12:00", Promise(open_hours=2), "2026-03-09T11:00"),
    ],
)
def test_a_promise_ends_in_opening_hours(asked: str, promise: Promise, answered: str) -> None:
    assert promised_at(at(asked), promise, CLINIC) == at(answered)


@pytest.mark.parametrize(
    ("asked", "promise", "answered"),
    [
        ("2026-03-03T11:30", Promise(open_hours=2), "2026-03-03T14:30"),
        ("2026-03-03T13:00", Promise(open_hours=2), "2026-03-03T15:30"),
        ("2026-03-02T17:00", Promise(open_hours=4), "2026-03-03T12:30"),
        ("2026-03-02T13:00", Promise(working_days=1), "2026-03-03T13:30"),
        ("2026-03-03T13:00", Promise(working_days=1), "2026-03-04T13:30"),
    ],
)
def test_a_lunch_break_does_not_count(asked: str, promise: Promise, answered: str) -> None:
    assert promised_at(at(asked), promise, LUNCH) == at(answered)
    assert [is_open(at(f"2026-03-03T{clock}"), LUNCH) for clock in ("12:29", "12:30", "13:29", "13:30")] == [
        True,
        False,
        False,
        True,
    ]


MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 1), timezones=st.just(BERLIN))


@given(MOMENTS, st.integers(0, 3), st.sampled_from([CLINIC, LUNCH]))
def test_a_promise_is_never_before_the_question_and_never_while_closed(
    asked: datetime, days: int, clinic: Clinic
) -> None:
    moment = promised_at(asked, Promise(working_days=days, open_hours=1), clinic)
    assert moment >= asked
    opens = next_open(moment, clinic)
    assert opens == moment or moment.time() in {end for _, day in clinic.hours.days if day for _, end in day.periods}


@given(MOMENTS, MOMENTS, st.integers(0, 3))
def test_who_asks_later_is_never_promised_an_earlier_answer(one: datetime, other: datetime, days: int) -> None:
    first, second = sorted((one, other))
    promise = Promise(working_days=days, open_hours=3)
    assert promised_at(first, promise, LUNCH) <= promised_at(second, promise, LUNCH)


def test_open_is_from_opening_to_just_before_closing() -> None:
    assert [is_open(at(f"2026-03-02T{time}"), CLINIC) for time in ("08:59", "09:00", "17:29", "17:30")] == [
        False,
        True,
        True,
        False,
    ]


def test_the_account_is_shut_longer_each_time_but_never_longer_than_an_hour() -> None:
    shut = [locked_until(failed, NOW) for failed in range(20)]
    assert shut[:5] == [None] * 5
    minutes = [(moment - NOW).total_seconds() / 60 for moment in shut if moment]
    assert minutes[:4] == [1, 2, 4, 8]
    assert max(minutes) == 60
