"""The course a treatment is given in is explained with free dates, and only where there is one."""

from __future__ import annotations

from bot.clinic.booking.course import course_of
from tests.clinic.diary import CLINIC, NOW, at

FIRST = at("2026-12-01 10:00")


def test_a_hair_course_has_four_to_ten_sessions_a_week_or_two_apart() -> None:
    course = course_of(FIRST, "hair", CLINIC, [], NOW)
    assert course is not None
    assert (course.least, course.most, course.weeks) == (4, 10, (1, 2))
    assert course.following == tuple(at(f"2026-12-{day} 10:00") for day in ("08", "15", "22"))


def test_a_full_hour_moves_only_that_session() -> None:
    full = [(at("2026-12-08 10:00"), 40)] * CLINIC.rooms
    course = course_of(FIRST, "hair", CLINIC, full, NOW)
    assert course is not None
    assert course.following[0] != at("2026-12-08 10:00")
    assert course.following[1:] == (at("2026-12-15 10:00"), at("2026-12-22 10:00"))


def test_with_no_following_date_or_no_first_one_the_course_is_known_all_the_same() -> None:
    full = [(at(f"2026-12-{day:02} {hour:02}:00"), 60) for day in range(2, 31) for hour in range(9, 19)] * CLINIC.rooms
    for first, taken in ((FIRST, full), (None, [])):
        course = course_of(first, "hair", CLINIC, taken, NOW)
        assert course is not None
        assert (course.least, course.most, course.fact, course.following) == (4, 10, "F41", ())


def test_a_treatment_without_a_course_has_none() -> None:
    assert course_of(FIRST, "facial", CLINIC, [], NOW) is None
    assert course_of(FIRST, "undecided", CLINIC, [], NOW) is None
