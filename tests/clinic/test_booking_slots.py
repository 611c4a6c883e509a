"""Free times keep to the diary, whatever the diary, what is taken, and the time of year."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from bot.clinic.booking.clinic import Clinic
from bot.clinic.booking.plan import clinic_from
from bot.clinic.booking.slots import free_times, is_free, nearest_times
from bot.clinic.booking.times import any_time, understand_wish
from bot.clinic.booking.wish import Wish
from bot.clinic.content import load_content

from .diary import CLINIC, NOW, at

UTC = timezone.utc


def wish(text: str) -> Wish:
    return understand_wish(text, NOW, CLINIC)


def test_the_next_three_times_after_the_lead_time_are_offered() -> None:
    free = free_times(any_time(NOW, CLINIC), CLINIC, [], NOW)
    assert free == [at("2026-11-26 10:00"), at("2026-11-26 10:30"), at("2026-11-26 11:00")]


def test_a_wish_narrows_the_offer() -> None:
    free = free_times(wish("a Tuesday after four, not next week"), CLINIC, [], NOW, minutes=40)
    assert free == [at("2026-12-08 16:00"), at("2026-12-08 16:30"), at("2026-12-15 16:00")]


def test_the_whole_appointment_lies_inside_the_opening_hours() -> None:
    assert free_times(wish("friday next week after 3"), CLINIC, [], NOW, minutes=60) == [at("2026-12-04 15:00")]
    assert not is_free(at("2026-12-04 15:30"), CLINIC, [], NOW, 40)
    assert is_free(at("2026-12-04 15:30"), CLINIC, [], NOW, 30)


def test_a_second_room_takes_a_second_patient_and_no_third() -> None:
    start = at("2026-12-01 10:00")
    assert is_free(start, CLINIC, [(start, 40)], NOW, 40)
    assert not is_free(start, CLINIC, [(start, 40), (start, 40)], NOW, 40)


def test_appointments_that_follow_each_other_need_one_room_only() -> None:
    one_room = replace(CLINIC, rooms=1)
    taken = [(at("2026-12-01 09:30"), 30), (at("2026-12-01 10:30"), 30)]
    assert is_free(at("2026-12-01 10:00"), one_room, taken, NOW, 30)
    assert not is_free(at("2026-12-01 10:00"), one_room, taken, NOW, 40)


def test_times_closest_to_a_taken_one_are_offered_in_order() -> None:
    wanted = at("2026-12-01 12:00")
    near = nearest_times(wanted, CLINIC, [(wanted, 40), (wanted, 40)], NOW, minutes=30)
    assert near == [at("2026-12-01 11:00"), at("2026-12-01 11:30"), at("2026-12-01 13:00")]


def test_later_times_are_offered_when_the_first_do_not_suit() -> None:
    every = any_time(NOW, CLINIC)
    first = free_times(every, CLINIC, [], NOW)
    more = free_times(every, CLINIC, [], NOW, after=first[-1])
    assert min(more) > max(first)


def test_a_wish_that_is_refused_has_no_times() -> None:
    assert free_times(wish("sunday"), CLINIC, [], NOW) == []


def test_a_break_at_noon_is_kept_free() -> None:
    split = replace(CLINIC, hours={1: ((time(9), time(12)), (time(13), time(17)))})
    starts = free_times(any_time(NOW, split), split, [], NOW, count=100, minutes=60)
    assert time(11) in {start.time() for start in starts}
    assert not {time(11, 30), time(12), time(12, 30)} & {start.time() for start in starts}


def test_the_demo_clinics_content_becomes_a_diary(root) -> None:  # type: ignore[no-untyped-def]
    clinic = clinic_from(load_content(root / "bot" / "content").clinic)
    assert set(clinic.treatments) == {"facial", "hair", "no_needle", "body"}
    assert clinic.hours.keys() == {0, 1, 2, 3, 4}
    assert free_times(any_time(NOW, clinic), clinic, [], NOW)


def test_a_lunch_break_in_the_content_is_kept_free_and_said(root: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(root / "bot" / "content", tmp_path / "content")
    text = (folder / "clinic.yml").read_text()
    pause = '    closes: "19:00"\n    pause: {start: "12:30", end: "13:30"}\n'
    (folder / "clinic.yml").write_text(text.replace('    closes: "19:00"\n', pause, 1))
    content = load_content(folder)
    clinic = clinic_from(content.clinic)
    thursdays = [one for one in free_times(any_time(NOW, clinic), clinic, [], NOW, count=500) if one.weekday() == 3]
    assert {time(11, 30), time(13, 30)} <= {one.time() for one in thursdays}
    assert not {time(12), time(12, 30), time(13)} & {one.time() for one in thursdays}
    assert "Thursday from 09:00 to 19:00 (closed 12:30 to 13:30)" in content.placeholders()["clinic_hours"]


# --- whatever the diary -----------------------------------------------------------------------------------------------

ZONES = st.sampled_from(
    ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Cairo", "UTC"]
)
MINUTES = st.integers(0, 95).map(lambda quarter: quarter * 15)


@st.composite
def periods(draw: st.DrawFn) -> tuple[tuple[time, time], ...]:
    cuts = sorted(draw(st.sets(MINUTES, min_size=2, max_size=4)))
    clocks = [time(minute // 60, minute % 60) for minute in cuts]
    return tuple(zip(clocks[::2], clocks[1::2], strict=False))


@st.composite
def diaries(draw: st.DrawFn) -> tuple[Clinic, datetime, list[tuple[datetime, int]], int]:
    """A clinic open at any hours, a now near a change of the clocks, appointments held, and a length."""
    now = draw(st.sampled_from(["2026-03-06", "2026-03-27", "2026-04-03", "2026-10-23", "2026-10-30", "2026-12-30"]))
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC) + timedelta(minutes=draw(st.integers(0, 2880)))
    clinic = replace(
        CLINIC,
        time_zone=ZoneInfo(draw(ZONES)),
        hours=draw(st.dictionaries(st.integers(0, 6), periods(), min_size=1)),
        closed_days=frozenset(
            moment.date() + timedelta(days=one) for one in draw(st.sets(st.integers(0, 9), max_size=3))
        ),
        rooms=draw(st.integers(1, 3)),
        lead_time=timedelta(hours=draw(st.integers(0, 48))),
        horizon_days=9,
        step_minutes=draw(st.sampled_from([15, 30])),
    )
    held = st.tuples(st.integers(0, 9 * 96), st.sampled_from([15, 30, 40, 60, 120]))
    taken = [(moment + timedelta(minutes=15 * step), length) for step, length in draw(st.lists(held, max_size=30))]
    return clinic, moment, taken, draw(st.sampled_from([15, 30, 40, 60]))


def crowd(start: datetime, minutes: int, taken: list[tuple[datetime, int]]) -> int:
    """The most appointments held at once during an appointment, counted minute by minute."""
    each = [start.astimezone(UTC) + timedelta(minutes=one) for one in range(minutes)]
    spans = [(low.astimezone(UTC), low.astimezone(UTC) + timedelta(minutes=length)) for low, length in taken]
    return max(sum(low <= moment < high for low, high in spans) for moment in each)


@given(diaries())
def test_no_free_time_breaks_a_rule_of_the_diary(
    diary: tuple[Clinic, datetime, list[tuple[datetime, int]], int],
) -> None:
    clinic, now, taken, minutes = diary
    free = free_times(any_time(now, clinic), clinic, taken, now, count=40, minutes=minutes)
    moments = [start.astimezone(UTC) for start in free]
    assert moments == sorted(set(moments))
    for start in free:
        end = start.astimezone(UTC) + timedelta(minutes=minutes)
        assert start.utcoffset() == clinic.local(start).utcoffset()
        assert start.date() not in clinic.closed_days
        assert start.astimezone(UTC) >= now + clinic.lead_time
        assert any(
            opens.timestamp() <= start.timestamp() and end.timestamp() <= closes.timestamp()
            for opens, closes in clinic.openings(start.date())
        )
        assert crowd(start, minutes, taken) < clinic.rooms
        assert is_free(start, clinic, taken, now, minutes)


@given(diaries())
def test_no_time_with_room_is_left_out(diary: tuple[Clinic, datetime, list[tuple[datetime, int]], int]) -> None:
    clinic, now, taken, minutes = diary
    length, step = timedelta(minutes=minutes), timedelta(minutes=clinic.step_minutes)
    days = [clinic.today(now) + timedelta(days=one) for one in range(clinic.horizon_days + 1)]
    periods = [(a.astimezone(UTC), b.astimezone(UTC)) for day in days for a, b in clinic.openings(day)]
    steps = [opens + step * one for opens, closes in periods for one in range((closes - opens) // step + 1)]
    inside = [start for start in steps if any(a <= start and start + length <= b for a, b in periods)]
    wanted = {
        start for start in inside if start >= now + clinic.lead_time and crowd(start, minutes, taken) < clinic.rooms
    }
    free = free_times(any_time(now, clinic), clinic, taken, now, count=10_000, minutes=minutes)
    assert wanted <= {start.astimezone(UTC) for start in free}


@given(diaries())
def test_taking_every_free_time_one_by_one_never_overbooks(
    diary: tuple[Clinic, datetime, list[tuple[datetime, int]], int],
) -> None:
    clinic, now, _, minutes = diary
    taken: list[tuple[datetime, int]] = []
    for _ in range(12):
        free = free_times(any_time(now, clinic), clinic, taken, now, count=1, minutes=minutes)
        if not free:
            break
        taken.append((free[0], minutes))
    assert all(crowd(start, length, taken) <= clinic.rooms for start, length in taken)


@given(diaries(), st.integers(0, 9 * 96))
def test_the_nearest_times_are_free_and_none_free_lies_nearer(
    diary: tuple[Clinic, datetime, list[tuple[datetime, int]], int], step: int
) -> None:
    clinic, now, taken, minutes = diary
    wanted = now + timedelta(minutes=15 * step)
    near = nearest_times(wanted, clinic, taken, now, minutes=minutes)
    free = free_times(any_time(now, clinic), clinic, taken, now, count=10_000, minutes=minutes)
    apart = sorted(abs(start.timestamp() - wanted.timestamp()) for start in free)
    assert {start.isoformat() for start in near} <= {start.isoformat() for start in free}
    if len(apart) >= 3 and apart[2] <= timedelta(days=7).total_seconds():
        assert sorted(abs(start.timestamp() - wanted.timestamp()) for start in near) == apart[:3]


def test_an_hour_is_an_hour_on_the_day_the_clocks_go_back() -> None:
    nights = replace(CLINIC, hours={6: ((time(1), time(4)),)}, lead_time=timedelta(), rooms=1)
    now = datetime(2026, 10, 24, 12, tzinfo=UTC)
    starts = free_times(any_time(now, nights), nights, [], now, count=4, minutes=60)
    assert [f"{start:%H:%M%z}" for start in starts[:4]] == ["01:00+0200", "01:30+0200", "02:00+0200", "02:30+0200"]
    full = [(start, 60) for start in (starts[0], starts[2])]  # 01:00 and the first 02:00 of two
    assert f"{free_times(any_time(now, nights), nights, full, now, count=1, minutes=60)[0]:%H:%M%z}" == "02:00+0100"


def test_the_hour_the_clocks_skip_is_never_offered() -> None:
    nights = replace(CLINIC, hours={6: ((time(1), time(4)),)}, lead_time=timedelta())
    now = datetime(2027, 3, 27, 12, tzinfo=UTC)
    starts = free_times(any_time(now, nights), nights, [], now, count=9, minutes=30)
    sunday = [f"{start:%H:%M}" for start in starts if start.date() == date(2027, 3, 28)]
    assert sunday == ["01:00", "01:30", "03:00", "03:30"]
