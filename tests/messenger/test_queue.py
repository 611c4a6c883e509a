"""The durable queue itself, on SQLite and PostgreSQL: each event once, each person in one hand at a time."""

from __future__ import annotations

import threading
from datetime import timedelta

from bot.store import messenger
from bot.store.crypto import configure_keys
from bot.store.engine import Sessions, reading, unit_of_work
from bot.store.messenger_models import MessengerEvent, MessengerPerson
from bot.store.messenger_queue import (
    Arrival,
    backlog,
    block_lane,
    count,
    counted,
    enqueue,
    finish,
    forget_done,
    free_all_lanes,
    leave_lane,
    next_event,
    take_lane,
    waiting_people,
)
from tests.store.conftest import engine, key, server, sessions  # noqa: F401 - fixtures: both databases

from .clinic import NOW

MINUTE = timedelta(minutes=1)


def arrival(person: str, number: int) -> Arrival:
    return Arrival(f"{person}-{number}", person, "message", {"text": f"{number}"}, NOW + number * MINUTE)


def put(sessions: Sessions, *arrivals: Arrival) -> int:  # noqa: F811 - a fixture's name
    with unit_of_work(sessions) as session:
        new = enqueue(session, arrivals, NOW)
        session.commit()
        return new


def test_an_event_is_queued_once_whoever_delivers_it_again(sessions: Sessions) -> None:  # noqa: F811
    assert put(sessions, arrival("anna", 1), arrival("anna", 2), arrival("anna", 1)) == 2
    assert put(sessions, arrival("anna", 2), arrival("anna", 3)) == 1
    assert put(sessions) == 0
    assert put(sessions, *(arrival("ben", number) for number in range(250))) == 250


def test_twenty_processes_that_store_the_same_events_store_each_once(sessions: Sessions) -> None:  # noqa: F811
    events = [arrival("anna", number) for number in range(20)]
    counts: list[int] = []
    barrier = threading.Barrier(8)

    def store() -> None:
        barrier.wait()
        counts.append(put(sessions, *events))

    threads = [threading.Thread(target=store) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counts) == 20


def test_one_lane_is_taken_by_one_of_many_who_try_at_once(sessions: Sessions) -> None:  # noqa: F811
    taken: list[str] = []
    barrier = threading.Barrier(8)

    def take(name: str) -> None:
        barrier.wait()
        with unit_of_work(sessions) as session:
            if take_lane(session, "anna", name, NOW + MINUTE, NOW):
                taken.append(name)
            session.commit()

    threads = [threading.Thread(target=take, args=(f"worker {number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 1


def test_a_lane_is_held_kept_left_and_lost_when_its_time_is_up(sessions: Sessions) -> None:  # noqa: F811
    with unit_of_work(sessions) as session:
        assert take_lane(session, "anna", "one", NOW + MINUTE, NOW)
        assert not take_lane(session, "anna", "two", NOW + MINUTE, NOW)
        assert take_lane(session, "anna", "one", NOW + 2 * MINUTE, NOW)
        assert take_lane(session, "anna", "two", NOW + 9 * MINUTE, NOW + 3 * MINUTE)
        leave_lane(session, "anna", "one")
        assert not take_lane(session, "anna", "three", NOW + 9 * MINUTE, NOW + 4 * MINUTE)
        leave_lane(session, "anna", "two")
        assert take_lane(session, "anna", "three", NOW + 9 * MINUTE, NOW + 4 * MINUTE)
        free_all_lanes(session)
        assert take_lane(session, "anna", "four", NOW + 9 * MINUTE, NOW + 4 * MINUTE)


def test_a_person_whose_lane_is_held_or_blocked_is_not_offered(sessions: Sessions) -> None:  # noqa: F811
    put(sessions, arrival("anna", 1), arrival("ben", 1))
    with unit_of_work(sessions) as session:
        assert waiting_people(session, NOW) == ["anna", "ben"]
        take_lane(session, "anna", "one", NOW + MINUTE, NOW)
        assert waiting_people(session, NOW) == ["ben"]
        block_lane(session, "anna", "one", NOW + 5 * MINUTE)
        assert waiting_people(session, NOW + 2 * MINUTE) == ["ben"]
        assert not take_lane(session, "anna", "one", NOW + 9 * MINUTE, NOW + 2 * MINUTE)
        assert waiting_people(session, NOW + 6 * MINUTE) == ["anna", "ben"]


def test_a_persons_events_come_by_metas_clock_and_lose_their_body_when_done(sessions: Sessions) -> None:  # noqa: F811
    put(sessions, arrival("anna", 2), arrival("anna", 1))
    with unit_of_work(sessions) as session:
        first = next_event(session, "anna")
        assert first is not None
        assert first.body == {"text": "1"}
        finish(session, first.position, NOW)
        second = next_event(session, "anna")
        assert second is not None
        assert second.body == {"text": "2"}
        finish(session, second.position, NOW, "RuntimeError")
        assert next_event(session, "anna") is None
        assert {row.body for row in session.query(MessengerEvent)} == {None}
        assert backlog(session, NOW).given_up == 1


def test_the_backlog_tells_how_far_the_work_lags_and_old_keys_are_forgotten(sessions: Sessions) -> None:  # noqa: F811
    put(sessions, arrival("anna", 1), arrival("anna", 2))
    with unit_of_work(sessions) as session:
        assert backlog(session, NOW + MINUTE) == type(backlog(session, NOW))(2, 60.0, 0)
        event = next_event(session, "anna")
        assert event is not None
        finish(session, event.position, NOW)
        assert forget_done(session, NOW + timedelta(days=29)) == 0
        assert forget_done(session, NOW + timedelta(days=31)) == 1
        assert backlog(session, NOW).waiting == 1


def test_what_many_processes_count_adds_up(sessions: Sessions) -> None:  # noqa: F811
    barrier = threading.Barrier(4)

    def write() -> None:
        barrier.wait()
        with unit_of_work(sessions) as session:
            count(session, {"read": 2, "a_name_that_is_much_longer_than_the_column": 1})
            session.commit()

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with reading(sessions) as session:
        assert sorted(counted(session).values()) == [4, 8]
        assert counted(session)["read"] == 8


def test_a_person_is_found_again_after_the_keys_were_rotated(sessions: Sessions, key: str) -> None:  # noqa: F811
    from cryptography.fernet import Fernet

    with unit_of_work(sessions) as session:
        before = messenger.find_or_open(session, "page", "psid", NOW)
        session.commit()
    configure_keys([Fernet.generate_key().decode(), key])
    with unit_of_work(sessions) as session:
        assert messenger.reindex(session, "page") == 1
        assert messenger.reindex(session, "page") == 0
        after = messenger.find_or_open(session, "page", "psid", NOW)
        assert after.conversation_id == before.conversation_id
        assert after.person_index != before.person_index


def test_erasing_a_conversation_removes_the_person_and_all_that_points_to_it(sessions: Sessions) -> None:  # noqa: F811
    from bot.store.conversations import add_bot_message
    from bot.store.moving import issue_code
    from bot.store.privacy import erase_conversation

    with unit_of_work(sessions) as session:
        link = messenger.find_or_open(session, "page", "psid", NOW)
        row = add_bot_message(session, link.conversation_id, {"text": "Hello."}, NOW)
        messenger.note_delivery(session, link.conversation_id, row.id, state="sent", now=NOW)
        issue_code(session, link.conversation_id, NOW)
        session.commit()
    with unit_of_work(sessions) as session:
        erase_conversation(session, link.conversation_id, actor="patient", now=NOW)
        session.commit()
    with reading(sessions) as session:
        assert session.query(MessengerPerson).count() == 0
        assert messenger.deliveries(session, link.conversation_id) == {}
