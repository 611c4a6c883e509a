"""Wishes for a time, as patients type them, come to what they mean; `now` is Wednesday 25 November 2026."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clinic.booking.times import any_time, is_only_about_time, names_a_day, understand_wish
from bot.clinic.booking.when import spell
from bot.clinic.booking.wish import ALL_WEEK, Window, Wish, wish_from_dict, wish_to_dict
from bot.clinic.booking.words import words

from .diary import CLINIC, NOW, at

LAST = CLINIC.last_day(NOW)
NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def told(wish: Wish) -> str:
    """A wish in one line: kind, then moments or days, weekdays, times, and what is ruled out."""
    if wish.kind == "ambiguous":
        return "ambiguous: " + " or ".join(told(reading) for reading in wish.readings)
    if wish.starts:
        return f"{wish.kind} " + ", ".join(f"{start:%Y-%m-%d %H:%M}" for start in wish.starts)
    return " ".join([wish.kind, " | ".join(_window(window) for window in wish.windows)]).strip()


def _window(window: Window) -> str:
    told = [_days(window.days)]
    if window.weekdays != ALL_WEEK:
        told.append(",".join(NAMES[day] for day in sorted(window.weekdays)))
    told += [_clock(point) for point in window.points]
    told += [f"{_clock(low)}-{_clock(high)}" for low, high in window.spans]
    if window.not_days or window.not_spans:
        told += ["not", _days(window.not_days), *(f"{_clock(low)}-{_clock(high)}" for low, high in window.not_spans)]
    return " ".join(word for word in told if word)


def _days(days: tuple) -> str:
    if days == ((CLINIC.today(NOW), LAST),):
        return "any"
    return ",".join(f"{a:%m-%d}" if a == b else f"{a:%m-%d}..{b:%m-%d}" for a, b in days)


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


WISHES = [
    # named days and times
    ("2026-12-03T10:00", "exact 2026-12-03 10:00"),
    ("2026-12-03T10:00:00+01:00", "exact 2026-12-03 10:00"),
    ("2026-12-03 at 10:30", "exact 2026-12-03 10:30"),
    ("3.12. at 10", "exact 2026-12-03 10:00"),
    ("3.12.2026 10:00", "exact 2026-12-03 10:00"),
    ("1.12. um 10 uhr", "exact 2026-12-01 10:00"),
    ("the 3rd of december", "window 12-03"),
    ("3rd december at half past ten", "exact 2026-12-03 10:30"),
    ("december 3rd, 2026 at 2:30 pm", "exact 2026-12-03 14:30"),
    ("Dec 3 2pm", "exact 2026-12-03 14:00"),
    ("thurs 3 dec 15.30", "exact 2026-12-03 15:30"),
    ("monday 30th nov 9am", "exact 2026-11-30 09:00"),
    ("13/1 at 10", "exact 2027-01-13 10:00"),
    ("1/13 at 10", "exact 2027-01-13 10:00"),
    ("the twenty-first of december", "window 12-21"),
    ("the 14th", "window 12-14"),
    ("on the 3", "window 12-03"),
    ("Can I have the 10th at quarter past two please?", "exact 2026-12-10 14:15"),
    # counted from today
    ("tomorrow lunch", "window 11-26 12:00-14:00"),
    ("tomorow", "window 11-26"),
    ("tmrw at 11", "exact 2026-11-26 11:00"),
    ("the day after tomorrow at 11", "exact 2026-11-27 11:00"),
    ("today 4pm", "exact 2026-11-25 16:00"),
    ("in two weeks", "window 12-09..12-15"),
    ("in 2 weeks on monday", "window 12-07 Mon"),
    ("2 weeks", "window 12-09..12-15"),
    ("a fortnight", "window 12-09..12-15"),
    ("in 5 days", "window 11-30"),
    ("a week from tuesday", "window 12-08"),
    ("next week", "window 11-30..12-06"),
    ("the week after next", "window 12-07..12-13"),
    ("week of 7 december", "window 12-07..12-13"),
    ("second week of december", "window 12-08..12-14"),
    ("the first monday in december", "window 12-07"),
    ("the last friday in november", "window 11-27"),
    ("in december", "window 12-01..12-31"),
    ("early december", "window 12-01..12-10"),
    ("end of the month", "window 11-25..11-30"),
    ("in the next two weeks", "window 11-25..12-09"),
    ("from 3 to 10 december", "window 12-03..12-10"),
    ("between the 3rd and the 10th", "window 12-03..12-10"),
    # weekdays
    ("thursady", "window any Thu"),
    ("wensday", "window any Wed"),
    ("monday or wednesday", "window any Mon | any Wed"),
    ("tues / thurs after 3", "window any Tue 15:00-24:00 | any Thu 15:00-24:00"),
    ("mon-wed mornings", "window any Mon,Tue,Wed 00:00-12:00"),
    ("tuesday 10", "exact 2026-12-01 10:00"),
    ("tuesday 15", "window 12-15 Tue"),
    ("tuesday the 15th", "window 12-15 Tue"),
    ("friday next week", "window 12-04 Fri"),
    ("monday or tuesday next week", "window 11-30 Mon | 12-01 Tue"),
    ("this friday 2pm", "exact 2026-11-27 14:00"),
    ("can i come at 10 on tuesday?", "exact 2026-12-01 10:00"),
    ("tuesday, 10 or 11", "exact 2026-12-01 10:00, 2026-12-01 11:00"),
    ("monday at 10 or tuesday at 3", "exact 2026-11-30 10:00, 2026-12-01 15:00"),
    ("tuesday morning or afternoon", "window any Tue 00:00-12:00 | any Tue 12:00-17:00"),
    ("any weekday", "window any Mon,Tue,Wed,Thu,Fri"),
    # hours only, read by the opening hours
    ("17:30", "window any 17:30"),
    ("1730", "window any 17:30"),
    ("half past ten", "window any 10:30"),
    ("at 5", "window any 17:00"),
    ("10", "window any 10:00"),
    ("quarter to four", "window any 15:45"),
    ("ten o'clock", "window any 10:00"),
    ("around 11", "window any 10:30-11:31"),
    ("noon", "window any 12:00"),
    ("thursday 18h", "exact 2026-11-26 18:00"),
    ("3 in the afternoon on tuesday", "exact 2026-12-01 15:00"),
    ("Tuesday. 10.", "exact 2026-12-01 10:00"),
    ("twenty to four tuesday", "exact 2026-12-01 15:40"),
    # limits
    ("any day after 4pm", "window any 16:00-24:00"),
    ("thursday 5pm or later", "window any Thu 17:00-24:00"),
    ("between 2 and 4 on thursday", "window any Thu 14:00-16:00"),
    ("thursday 2-4pm", "window any Thu 14:00-16:00"),
    ("10 to 12 tomorrow", "window 11-26 10:00-12:00"),
    ("after the 10th", "window 12-11..01-24"),
    ("before friday", "window 11-25..11-26"),
    ("from monday on after 2", "window 11-30..01-24 14:00-24:00"),
    ("after christmas", "window 12-27..01-24"),
    ("after work", "window any 17:00-24:00"),
    ("first thing monday", "window any Mon 00:00-10:00"),
    # refusals
    ("a Tuesday after five, not next week", "window any Tue 17:00-24:00 not 11-30..12-06"),
    ("not mondays", "window any Tue,Wed,Thu,Fri,Sat,Sun"),
    ("any time but not friday", "window any Mon,Tue,Wed,Thu,Sat,Sun"),
    ("I can't do mornings", "window any not 00:00-12:00"),
    ("not before 10 tomorrow", "window 11-26 10:00-24:00"),
    ("not after 3", "window any 00:00-15:00"),
    ("friday doesn't work, thursday at 6", "exact 2026-11-26 18:00"),
    ("no mondays please", "window any Tue,Wed,Thu,Fri,Sat,Sun"),
    ("next week but not friday next week", "window 11-30..12-06 not 12-04"),
    ("any afternoon but wednesdays", "window any Mon,Tue,Thu,Fri,Sat,Sun 12:00-17:00"),
    ("tuesday but not before 11", "window any Tue 11:00-24:00"),
    ("thursday, if not friday", "window any Thu | any Fri"),
    # anything goes
    ("asap", "window any"),
    ("as soon as possible please", "window any"),
    ("whenever", "window any"),
    ("I don't mind", "window any"),
    ("when can u fit me in", "window any"),
    # read back before they count
    ("12/5", "ambiguous: closed 12-05 or too_far 05-12"),
    ("12-05", "ambiguous: closed 12-05 or too_far 05-12"),
    ("12-5", "ambiguous: closed 12-05 or too_far 05-12 or window any 12:00-17:00"),
    ("10-12", "ambiguous: window 12-10 or window any 10:00-12:00"),
    ("1-12 at 10", "ambiguous: exact 2026-12-01 10:00 or exact 2027-01-12 10:00"),
    ("15-12", "window 12-15"),
    ("2-4", "window any 14:00-16:00"),  # neither 2 April nor 4 February can be booked yet
    ("between 10-12", "window any 10:00-12:00"),
    ("tomorrow 10-12", "window 11-26 10:00-12:00"),
    ("10-12 or 2-4", "window any 10:00-12:00 | any 14:00-16:00"),
    ("12/1 at 10", "ambiguous: exact 2026-12-01 10:00 or exact 2027-01-12 10:00"),
    ("next friday morning", "ambiguous: window 11-27 00:00-12:00 or window 12-04 00:00-12:00"),
    ("tuesday 7 december", "ambiguous: window 12-07 Mon or window 12-08 Tue"),
    ("12/5/2026", "closed 12-05"),  # May is over, so December is meant
    ("next tuesday at 10", "exact 2026-12-01 10:00"),  # no other Tuesday is left this week
    ("wed 2/12", "window 12-02 Wed"),  # only 2 December is a Wednesday
    ("05/01/2027", "ambiguous: window 01-05 or too_far 05-01"),
    # refused
    ("yesterday", "past 11-24"),
    ("last friday", "past 11-20"),
    ("today at 8", "past 2026-11-25 08:00"),
    ("3 november", "past 11-03"),
    ("3.12.2025", "past 12-03"),
    ("sunday at 10", "closed 2026-11-29 10:00"),
    ("weekend", "closed any Sat,Sun"),
    ("25 december", "closed 12-25"),
    ("thursday at 20:00", "closed 2026-11-26 20:00"),
    ("after 8pm", "closed any 20:00-24:00"),
    ("8 in the evening", "closed any 20:00"),
    ("friday at 16:00", "closed 2026-11-27 16:00"),
    ("3 march", "too_far 03-03"),
    ("in 4 months", "too_far 03-25..03-31"),
    # no time at all
    ("I have pain, 2 kids", "not_understood"),
    ("", "not_understood"),
    ("hello", "not_understood"),
    ("I have 2 kids", "not_understood"),
    ("I was sick for 2 weeks", "not_understood"),
    ("30 feb", "not_understood"),
    ("32.12.", "not_understood"),
    ("until monday after monday", "not_understood"),
    ("tomorrow at 25:00", "not_understood"),
    ("😀😀", "not_understood"),
    ("may I ask something", "not_understood"),
]


@pytest.mark.parametrize(("text", "meant"), WISHES, ids=[text or "empty" for text, _ in WISHES])
def test_a_wish_is_understood(text: str, meant: str) -> None:
    assert told(understand_wish(text, NOW, CLINIC)) == meant


@pytest.mark.parametrize(
    ("text", "opens"),
    [
        ("sunday at 10", "2026-11-30 09:00"),
        ("saturday", "2026-11-30 09:00"),
        ("25 december", "2026-12-28 09:00"),
        ("thursday at 20:00", "2026-11-27 09:00"),
    ],
)
def test_a_closed_time_comes_with_the_next_opening(text: str, opens: str) -> None:
    assert understand_wish(text, NOW, CLINIC).next_open == at(opens)


@pytest.mark.parametrize("text", ["12/1 at 10", "next friday morning", "next friday after two", "12/1"])
def test_each_reading_is_spelled_so_that_it_is_read_one_way_only(text: str) -> None:
    wish = understand_wish(text, NOW, CLINIC)
    assert wish.kind == "ambiguous"
    for reading in wish.readings:
        again = understand_wish(spell(reading), NOW, CLINIC)
        assert (again.kind, again.starts, again.windows[0].days) == (
            reading.kind,
            reading.starts,
            reading.windows[0].days,
        )
        assert again.windows[0].spans == reading.windows[0].spans


def test_the_clinics_clock_counts_and_not_the_servers() -> None:
    late = datetime.fromisoformat("2026-11-25T23:30:00+00:00")  # already Thursday in Berlin
    assert told(understand_wish("tomorrow at 10", late, CLINIC)) == "exact 2026-11-27 10:00"


def test_ten_o_clock_stays_ten_o_clock_when_the_clocks_change() -> None:
    summer = at("2026-10-23 10:00")  # clocks go back on Sunday 25 October
    before, after = (understand_wish(f"{day} at 10", summer, CLINIC).starts[0] for day in ("today", "26 october"))
    assert (before.utcoffset(), after.utcoffset()) == (timedelta(hours=2), timedelta(hours=1))
    assert after.timestamp() - before.timestamp() == timedelta(days=3, hours=1).total_seconds()


def test_a_time_the_spring_change_skips_becomes_the_moment_one_hour_on() -> None:
    assert CLINIC.at(at("2027-03-28").date(), 2 * 60 + 30) == at("2027-03-28 03:30")


def test_a_moment_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        understand_wish("tomorrow", NOW.replace(tzinfo=None), CLINIC)


def test_a_clinic_that_never_opens_is_closed_and_names_no_opening() -> None:
    wish = understand_wish("monday", NOW, replace(CLINIC, hours={}))
    assert (wish.kind, wish.next_open) == ("closed", None)


def test_hours_are_read_by_when_the_clinic_is_open() -> None:
    evening = replace(
        CLINIC, hours={day: ((at("2026-01-01 14:00").time(), at("2026-01-01 22:00").time()),) for day in range(5)}
    )
    assert told(understand_wish("tuesday at 8", NOW, evening)) == "exact 2026-12-01 20:00"
    assert told(understand_wish("tuesday at 9", NOW, CLINIC)) == "exact 2026-12-01 09:00"


@pytest.mark.parametrize("text", ["monday", "tomorrow", "the 3rd", "next week"])
def test_a_day_is_told_from_an_hour(text: str) -> None:
    assert names_a_day(text, NOW, CLINIC)
    assert not names_a_day("at ten", NOW, CLINIC)


def test_a_text_of_time_words_alone_is_told_from_one_with_others() -> None:
    assert is_only_about_time("tomorrow at ten", NOW, CLINIC)
    assert not is_only_about_time("June Carter", NOW, CLINIC)


@pytest.mark.parametrize("text", ["a Tuesday after five, not next week", "12/1 at 10", "sunday at 10", "asap"])
def test_a_wish_survives_being_written_down(text: str) -> None:
    wish = understand_wish(text, NOW, CLINIC)
    assert wish_from_dict(wish_to_dict(wish)) == wish


WORDS = st.sampled_from(
    words(
        "monday tuesday next week not after before 5 10 at or and the 3rd december 12/5 3.12. tomorrow morning , but -",
        "between to half past quarter 17:30 pm in two weeks any asap until from 2026-12-03 last friday week",
    )
)


@given(st.lists(WORDS, max_size=9))
def test_any_mixture_of_time_words_comes_to_a_wish(typed: list[str]) -> None:
    wish = understand_wish(" ".join(typed), NOW, CLINIC)
    if wish.kind == "ambiguous":
        assert len(wish.readings) == 2
    if wish.usable:
        assert wish.windows
        assert all(start > NOW for start in wish.starts[-1:])
        assert all(window.last >= CLINIC.today(NOW) for window in wish.windows)


@given(st.text(max_size=300))
def test_no_text_is_too_odd_to_be_read(text: str) -> None:
    understand_wish(text, NOW, CLINIC)


def test_ten_thousand_characters_are_read_as_far_as_a_wish_can_go() -> None:
    assert told(understand_wish("tuesday 10 " + "x" * 10_000, NOW, CLINIC)) == "exact 2026-12-01 10:00"
    understand_wish("1" * 10_000, NOW, CLINIC)


def test_any_time_reaches_from_today_to_the_last_day_that_can_be_booked() -> None:
    (window,) = any_time(NOW, CLINIC).windows
    assert window.days == ((CLINIC.today(NOW), LAST),)


def test_a_date_too_far_ahead_beside_one_gone_by_is_no_window() -> None:
    wish = understand_wish("12/5 past monday", NOW, CLINIC)
    assert {reading.kind for reading in wish.readings} == {"closed", "too_far"}
