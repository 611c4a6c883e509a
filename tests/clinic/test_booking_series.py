"""A course of sessions follows the leaflet's count and distance, and the diary's free times."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clinic.booking.series import NotInSeries, propose_series
from bot.clinic.booking.slots import is_free

from .diary import CLINIC, NOW, at

FIRST = at("2026-12-01 10:00")


def starts(sessions: int, weeks: int, taken: tuple = ()) -> list:  # type: ignore[type-arg]
    return [one.start for one in propose_series(FIRST, "hair", CLINIC, taken, NOW, sessions=sessions, weeks=weeks)]


def test_sessions_follow_on_the_same_weekday_and_hour() -> None:
    expected = ["2026-12-01 10:00", "2026-12-08 10:00", "2026-12-15 10:00", "2026-12-22 10:00"]
    assert starts(4, 1) == [at(one) for one in expected]


def test_sessions_every_two_weeks_keep_the_hour_when_the_clocks_change() -> None:
    course = starts(10, 2)
    assert course[-1] == at("2027-04-06 10:00")  # summer time since 28 March
    assert {start.hour for start in course} == {10}


def test_a_closed_or_full_day_moves_the_session_to_the_nearest_free_time() -> None:
    friday = [one.start for one in propose_series(at("2026-12-04 10:00"), "hair", CLINIC, (), NOW, sessions=4, weeks=1)]
    assert friday[3] == at("2026-12-24 10:00")  # the 25th is closed
    full = ((at("2026-12-08 09:00"), 600), (at("2026-12-08 09:00"), 600))
    assert starts(4, 1, full)[1] == at("2026-12-07 10:00")


def test_a_taken_hour_moves_the_session_within_the_day() -> None:
    taken = ((at("2026-12-08 10:00"), 30),) * 2
    assert starts(4, 1, taken)[1] in (at("2026-12-08 09:00"), at("2026-12-08 10:30"))


def test_a_session_without_a_free_time_near_its_day_is_left_open() -> None:
    away = ((at("2026-12-05 00:00"), 7 * 24 * 60),) * 2
    assert starts(4, 1, away)[1] is None


@pytest.mark.parametrize(
    ("treatment", "sessions", "weeks"),
    [("hair", 3, 1), ("hair", 11, 1), ("hair", 4, 3), ("facial", 4, 1), ("unknown", 4, 1)],
)
def test_what_the_leaflet_does_not_say_is_refused(treatment: str, sessions: int, weeks: int) -> None:
    with pytest.raises(NotInSeries):
        propose_series(FIRST, treatment, CLINIC, (), NOW, sessions=sessions, weeks=weeks)


HELD = st.lists(st.tuples(st.integers(0, 70 * 48), st.sampled_from([30, 60, 240])), max_size=60)


@given(st.integers(4, 10), st.sampled_from([1, 2]), HELD)
def test_every_proposed_session_is_free_and_near_its_day(
    sessions: int, weeks: int, held: list[tuple[int, int]]
) -> None:
    taken = [(NOW + timedelta(minutes=30 * step), length) for step, length in held]
    for session in propose_series(FIRST, "hair", CLINIC, taken, NOW, sessions=sessions, weeks=weeks)[1:]:
        day = FIRST.date() + timedelta(weeks=weeks * (session.number - 1))
        if session.start:
            assert abs((session.start.date() - day).days) <= 2
            if session.start.date() <= CLINIC.last_day(NOW):
                assert is_free(session.start, CLINIC, taken, NOW, 40)
