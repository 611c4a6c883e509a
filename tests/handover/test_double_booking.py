"""One time, several patients: never more appointments at once than rooms, on both databases, in real processes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, func, select

from bot.store import bookings, slots
from bot.store.conversations import open_conversation
from bot.store.engine import Sessions, reading, unit_of_work
from bot.store.models import Booking, OutboxItem
from bot.store.slots_models import DiaryDay, SlotHold
from tests.clinic.diary import CLINIC, NOW
from tests.handover import takers
from tests.handover.takers import FIRST, request, rules
from tests.store import racing
from tests.store.conftest import address

LATER = timedelta(minutes=10)


@pytest.fixture(scope="module")
def racers() -> Iterator[racing.Racers]:
    both = racing.Racers()
    yield both
    both.close()


def fill_one_room(sessions: Sessions) -> None:
    """Two rooms less one: what is left in every round is one place."""
    for turn in range(racing.ROUNDS):
        with unit_of_work(sessions) as session:
            other = open_conversation(session, channel="website", now=NOW).id
            slots.book(session, other, request(takers.wanted_in(turn)), rules())
            session.commit()


def most_at_once(sessions: Sessions) -> int:
    with reading(sessions) as session:
        starts = [row.starts_at for row in session.scalars(select(Booking)) if row.starts_at]
    hour = timedelta(minutes=60)
    return max(sum(one <= moment < one + hour for one in starts) for moment in starts)


def test_of_two_patients_racing_for_the_last_room_one_gets_it_and_the_other_the_next_best(
    engine: Engine, sessions: Sessions, key: str, racers: racing.Racers
) -> None:
    fill_one_room(sessions)
    one, two = racers.race(takers.take, address(engine), key)
    for turn, both in enumerate(zip(one, two, strict=True)):
        assert sorted(how for how, _ in both) == ["first", "next"], f"round {turn}: {both}"
    assert most_at_once(sessions) == CLINIC.rooms
    with reading(sessions) as session:
        assert session.scalar(select(func.count()).select_from(Booking)) == 3 * racing.ROUNDS


def test_of_two_patients_choosing_the_last_room_one_holds_it(
    engine: Engine, sessions: Sessions, key: str, racers: racing.Racers
) -> None:
    fill_one_room(sessions)
    one, two = racers.race(takers.choose, address(engine), key)
    assert Counter(map(sum, zip(one, two, strict=True))) == {1: racing.ROUNDS}


def ask_for_visits(sessions: Sessions, later: timedelta) -> None:
    """One visit a round, `later` than the round's time, found again by its key."""
    with unit_of_work(sessions) as session:
        for turn in range(racing.ROUNDS):
            mine = open_conversation(session, channel="website", now=NOW).id
            slots.book(session, mine, request(takers.wanted_in(turn) + later, key=f"visit {turn}"), rules())
        session.commit()


def test_a_patient_and_the_desk_racing_for_the_last_room_do_not_both_get_it(
    engine: Engine, sessions: Sessions, key: str, racers: racing.Racers
) -> None:
    fill_one_room(sessions)
    ask_for_visits(sessions, timedelta(hours=3))
    one, two = racers.race(takers.give_or_take, address(engine), key)
    assert Counter(map(sum, zip(one, two, strict=True))) == {1: racing.ROUNDS}
    assert most_at_once(sessions) == CLINIC.rooms


def test_a_visit_confirmed_and_moved_at_the_same_moment_tells_every_change_once_and_in_order(
    engine: Engine, sessions: Sessions, key: str, racers: racing.Racers
) -> None:
    ask_for_visits(sessions, timedelta())
    racers.race(takers.move_or_confirm, address(engine), key)
    with reading(sessions) as session:
        for row in session.scalars(select(Booking)):
            told = list(session.scalars(select(OutboxItem).where(OutboxItem.subject == row.id)))
            assert [item.payload["version"] for item in told] == list(range(row.version + 1))
            assert (row.status, row.starts_at) == (told[-1].payload["status"], row.starts_at)
            assert told[-1].payload["starts_at"] == row.starts_at.isoformat()  # type: ignore[union-attr]
            assert row.status == "proposed"  # moved last, or first, whereupon the desk's page was old


def another_chat(sessions: Sessions) -> str:
    with unit_of_work(sessions) as session:
        row = open_conversation(session, channel="website", now=NOW)
        session.commit()
        return row.id


ONE_ROOM = replace(CLINIC, rooms=1)


def hold(sessions: Sessions, chat: str, after: timedelta = timedelta()) -> None:
    with unit_of_work(sessions) as session:
        slots.hold(session, chat, FIRST, "body", rules(ONE_ROOM, NOW + after))
        session.commit()


def book(sessions: Sessions, chat: str, after: timedelta = timedelta(), **changes: object) -> Booking:
    with unit_of_work(sessions) as session:
        row = slots.book(session, chat, request(FIRST, **changes), rules(ONE_ROOM, NOW + after))
        session.commit()
        return row


def test_a_time_held_by_somebody_else_can_be_neither_held_nor_booked(sessions: Sessions, chat: str) -> None:
    hold(sessions, chat)
    other = another_chat(sessions)
    with pytest.raises(slots.TimeGone):
        hold(sessions, other)
    with pytest.raises(slots.TimeGone):
        book(sessions, other)
    with reading(sessions) as session:
        assert session.scalar(select(func.count()).select_from(Booking)) == 0


def test_a_held_time_is_free_again_after_ten_minutes_and_not_before(sessions: Sessions, chat: str) -> None:
    hold(sessions, chat)
    other = another_chat(sessions)
    with pytest.raises(slots.TimeGone):
        book(sessions, other, LATER - timedelta(seconds=1))
    book(sessions, other, LATER)
    with pytest.raises(slots.TimeGone):
        book(sessions, chat, LATER)


def test_choosing_the_same_time_again_does_not_keep_it_longer(sessions: Sessions, chat: str) -> None:
    hold(sessions, chat)
    hold(sessions, chat, timedelta(minutes=9))
    book(sessions, another_chat(sessions), LATER)


def test_the_holder_books_the_time_and_the_hold_ends_with_it(sessions: Sessions, chat: str) -> None:
    hold(sessions, chat)
    book(sessions, chat)
    with reading(sessions) as session:
        assert session.scalars(select(SlotHold)).all() == []
        assert [length for _, length in slots.taken(session, rules(ONE_ROOM), NOW)] == [60]


def test_a_confirmation_repeated_after_a_crash_finds_its_own_booking(sessions: Sessions, chat: str) -> None:
    first = book(sessions, chat, key="run-1")
    assert book(sessions, chat, key="run-1").reference == first.reference


def test_a_cancelled_booking_gives_its_time_back(sessions: Sessions, chat: str) -> None:
    row = book(sessions, chat)
    with unit_of_work(sessions) as session:
        bookings.set_status(session, session.merge(row), "cancelled", actor="patient", now=NOW)
        session.commit()
    book(sessions, another_chat(sessions))


def test_a_released_hold_gives_its_time_back(sessions: Sessions, chat: str) -> None:
    hold(sessions, chat)
    with unit_of_work(sessions) as session:
        slots.release(session, chat)
        session.commit()
    book(sessions, another_chat(sessions))


def test_a_booking_moves_half_an_hour_into_its_own_time_but_not_into_somebody_elses(
    sessions: Sessions, chat: str
) -> None:
    row = book(sessions, chat)
    half = FIRST + timedelta(minutes=30)
    with unit_of_work(sessions) as session:
        slots.move(session, session.merge(row), half, "half past", rules(ONE_ROOM), actor="patient")
        session.commit()
    with unit_of_work(sessions) as session:
        other = slots.book(session, another_chat(sessions), request(half + timedelta(hours=1)), rules(ONE_ROOM))
        with pytest.raises(slots.TimeGone):
            slots.move(session, other, half, "half past", rules(ONE_ROOM), actor="patient")


def test_what_ran_out_is_tidied_away(sessions: Sessions, chat: str) -> None:
    hold(sessions, chat)
    with unit_of_work(sessions) as session:
        assert slots.tidy(session, NOW + LATER - timedelta(seconds=1)) == 0
        assert slots.tidy(session, NOW + LATER) == 1


def test_every_row_that_a_booking_writes_can_be_written_to_a_backup(sessions: Sessions, chat: str) -> None:
    hold(sessions, another_chat(sessions))
    book(sessions, chat, LATER)
    with reading(sessions) as session:
        for table in (DiaryDay.__table__, SlotHold.__table__, Booking.__table__):
            for row in session.execute(select(*table.columns)).mappings():
                kinds = {type(value) for value in row.values()}
                assert kinds <= {str, int, float, bool, datetime, type(None)}, table.name
