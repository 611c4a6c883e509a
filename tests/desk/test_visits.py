"""Bookings: what can be done in which state, that the patient is told, and that two people do not overwrite each
other.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from bot.store import bookings, conversations, desk_bookings, messenger, triage
from bot.store.desk_models import Errand
from bot.store.engine import reading, unit_of_work
from bot.store.models import Booking

from .conftest import NOW, Front, Person


def visit(front: Front, **more: Any) -> tuple[str, str]:
    """A booking to confirm: its id and its conversation."""
    chat = front.chat()
    with unit_of_work(front.sessions) as session:
        request = bookings.Request("Rosa Lindner", "rosa@patients.example", "email", treatment="hair", **more)
        row = bookings.create(session, chat, request, NOW)
        session.commit()
        return row.id, chat


def state(front: Front, booking: str) -> tuple[str, int]:
    with reading(front.sessions) as session:
        row = desk_bookings.get(session, booking)
        assert row is not None
        return row.status, row.version


def last_words(front: Front, chat: str) -> str:
    with reading(front.sessions) as session:
        return conversations.transcript(session, chat)[-1].text


STEPS = [
    ([("confirm", {"at": "2026-03-05T10:30"})], "booked", "Thursday 5 March, 10:30"),
    ([("propose", {"at": "2026-03-06T11:00"})], "pending", "Friday 6 March, 11:00"),
    ([("decline", {"reason": "we are closed that week"})], "cancelled", "we are closed that week"),
    ([("confirm", {"at": "2026-03-05T10:30"}), ("arrived", {})], "arrived", "Welcome"),
    ([("confirm", {"at": "2026-03-05T10:30"}), ("noshow", {})], "noshow", "We missed you"),
    ([("confirm", {"at": "2026-03-05T10:30"}), ("arrived", {}), ("fulfilled", {})], "fulfilled", "Welcome"),
    ([("propose", {"at": "2026-03-06T11:00"}), ("confirm", {"at": "2026-03-06T11:00"})], "booked", "Friday 6 March"),
]


@pytest.mark.parametrize(
    ("steps", "status", "words"), STEPS, ids=["-".join(move for move, _ in steps) for steps, _, _ in STEPS]
)
def test_each_change_of_a_visit_reaches_the_patient_in_their_chat(
    front: Front, anna: Person, steps: list[tuple[str, dict[str, str]]], status: str, words: str
) -> None:
    booking, chat = visit(front)
    for move, data in steps:
        version = str(state(front, booking)[1])
        assert anna.post(f"/desk/bookings/{booking}/{move}", version=version, **data).status_code == 200
    assert state(front, booking)[0] == status
    assert words in last_words(front, chat)


def test_a_patient_whom_neither_chat_nor_email_reaches_is_a_row_at_the_desk_and_one_who_is_there_is_not(
    front: Front, anna: Person
) -> None:
    chats = [front.chat(), front.chat()]
    with unit_of_work(front.sessions) as session:
        request = bookings.Request("Rosa Lindner", "+49 151 23456789", "phone", treatment="hair")
        away, here = (bookings.create(session, chat, request, NOW).id for chat in chats)
        later = front.clock.now = NOW + timedelta(hours=1)
        conversations.accept_message(session, chats[1], "c2", "Is it confirmed?", later)
        session.commit()
    for booking in (away, here):
        version = str(state(front, booking)[1])
        assert anna.post(f"/desk/bookings/{booking}/confirm", version=version, at="2026-03-05T10:30").status_code == 200
    with reading(front.sessions) as session:
        rows = [row for row in triage.queue(session, later).items if row.details.get("note")]
        assert [(row.kind, row.booking_id) for row in rows] == [("booking", away)]
    assert "Please call them" in anna.get("/desk").text
    assert "The patient may not have seen this" in anna.get(f"/desk/c/{chats[0]}").text


@pytest.mark.parametrize(
    ("fate", "shown"),
    [
        (("waiting", "outside_24_hours"), "waits for the patient to write"),
        (("refused", "gone"), "Messenger cannot reach this patient any more"),
        (("refused", "too_late"), "its visit had begun"),
        (("sent", None), ""),
    ],
    ids=["waiting", "refused", "too-late", "sent"],
)
def test_the_transcript_shows_beside_a_line_what_became_of_it_on_messenger(
    front: Front, anna: Person, fate: tuple[Any, str | None], shown: str
) -> None:
    chat = front.chat()
    with unit_of_work(front.sessions) as session:
        line = conversations.add_bot_message(session, chat, {"text": "Your visit is tomorrow."}, NOW)
        messenger.note_delivery(session, chat, line.id, state=fate[0], reason=fate[1], now=NOW)
        session.commit()
    page = anna.get(f"/desk/c/{chat}").text
    assert shown in page
    assert ("Not delivered" in page) == bool(shown)


def letters(front: Front) -> list[dict[str, Any]]:
    with reading(front.sessions) as session:
        return [row.payload for row in session.scalars(select(Errand).where(Errand.kind == "email"))]


@pytest.mark.parametrize(
    ("smtp_url", "invited", "count"), [("", False, 0), ("smtp://x", False, 3), ("smtp://x", True, 2)]
)
def test_who_left_an_email_address_reads_there_what_became_of_the_request(
    front: Front, anna: Person, smtp_url: str, invited: bool, count: int
) -> None:
    front.router.desk.settings, front.router.desk.invites_patients = replace(front.settings, smtp_url=smtp_url), invited
    booking, _ = visit(front)
    for move, data in (
        ("propose", {"at": "2026-03-06T11:00"}),
        ("confirm", {"at": "2026-03-06T11:00"}),
        ("decline", {"reason": "we are closed"}),
    ):
        version = str(state(front, booking)[1])
        assert anna.post(f"/desk/bookings/{booking}/{move}", version=version, **data).status_code == 200
    sent = letters(front)
    assert [letter["to"] for letter in sent] == ["rosa@patients.example"] * count
    if sent:
        assert "Friday 6 March, 11:00" in sent[0]["text"]
        assert "we are closed" in sent[-1]["text"]


def test_confirming_takes_the_booking_out_of_the_queue(front: Front, anna: Person) -> None:
    booking, _ = visit(front)
    anna.post(f"/desk/bookings/{booking}/confirm", version="0", at="2026-03-05T10:30")
    with reading(front.sessions) as session:
        assert triage.counts(session, NOW) == {}


@pytest.mark.parametrize(
    ("move", "data", "status"),
    [
        ("confirm", {}, 400),
        ("confirm", {"at": "2026-02-01T10:00"}, 400),
        ("confirm", {"at": "soon"}, 400),
        ("propose", {}, 400),
        ("decline", {"reason": "  "}, 400),
        ("arrived", {}, 409),
        ("explode", {}, 400),
    ],
)
def test_a_change_that_makes_no_sense_is_refused_and_the_patient_hears_nothing(
    front: Front, anna: Person, move: str, data: dict[str, str], status: int
) -> None:
    booking, chat = visit(front)
    before = last_words(front, chat)
    assert anna.post(f"/desk/bookings/{booking}/{move}", version="0", **data).status_code == status
    assert (state(front, booking), last_words(front, chat)) == (("proposed", 0), before)


def test_the_second_of_two_people_who_change_one_visit_is_refused(front: Front, anna: Person, ben: Person) -> None:
    booking, _ = visit(front)
    assert anna.post(f"/desk/bookings/{booking}/confirm", version="0", at="2026-03-05T10:30").status_code == 200
    assert ben.post(f"/desk/bookings/{booking}/decline", version="0", reason="full").status_code == 409
    assert state(front, booking)[0] == "booked"


def test_a_time_is_not_given_when_every_room_is_taken_and_the_nearest_free_ones_are_named(
    front: Front, anna: Person
) -> None:
    for _ in range(2):  # the clinic has two rooms
        other, _ = visit(front)
        anna.post(f"/desk/bookings/{other}/confirm", version="0", at="2026-03-05T10:30")
    booking, chat = visit(front)
    before = last_words(front, chat)
    answer = anna.post(f"/desk/bookings/{booking}/confirm", version="0", at="2026-03-05T10:45")
    assert answer.status_code == 409
    assert "Thu 5 Mar, 09:30" in answer.text
    assert "Thu 5 Mar, 10:30" not in answer.text
    assert (state(front, booking), last_words(front, chat)) == (("proposed", 0), before)
    assert anna.post(f"/desk/bookings/{booking}/propose", version="0", at="2026-03-05T10:30").status_code == 409
    assert anna.post(f"/desk/bookings/{booking}/propose", version="0", at="2026-03-05T11:10").status_code == 200


def test_a_time_outside_the_opening_hours_is_given_only_when_that_is_ticked(front: Front, anna: Person) -> None:
    booking, _ = visit(front)
    late = {"version": "0", "at": "2026-03-05T18:45"}
    assert "also outside opening hours" in anna.post(f"/desk/bookings/{booking}/confirm", **late).text
    assert state(front, booking) == ("proposed", 0)
    assert anna.post(f"/desk/bookings/{booking}/confirm", outside="1", **late).status_code == 200


def test_while_a_person_has_the_chat_the_news_come_from_that_person_and_not_from_the_bot(
    front: Front, anna: Person
) -> None:
    booking, chat = visit(front)
    anna.post(f"/desk/c/{chat}/take-over")
    anna.post(f"/desk/bookings/{booking}/confirm", version="0", at="2026-03-05T10:30")
    with reading(front.sessions) as session:
        assert conversations.transcript(session, chat)[-1].sender == "staff"


def test_the_week_shows_a_visit_on_its_day_in_the_clinics_time(front: Front, anna: Person) -> None:
    booking, _ = visit(front)
    anna.post(f"/desk/bookings/{booking}/confirm", version="0", at="2026-03-05T00:30", outside="1")
    page = anna.get("/desk/bookings/week?of=2026-03-05").text
    day = page.split("Thu 5 Mar")[1].split("Fri 6 Mar")[0]
    assert "Rosa Lindner" in day
    assert "00:30" in day


def listed(person: Person, path: str, names: Collection[str]) -> list[str]:
    """The names of the patients in a list, in its order."""
    text = person.get(path).text
    return sorted(names, key=lambda name: text.index(f"{name} Lindner"))


def test_confirmed_visits_stand_in_the_order_of_their_days_and_past_ones_latest_first(
    front: Front, anna: Person
) -> None:
    days = {"Zoe": 3, "Ute": -40, "Ada": 1, "Mia": 0, "Eva": -2}
    for name, number in days.items():
        chat = front.chat()
        with unit_of_work(front.sessions) as session:
            at = NOW + timedelta(days=number, hours=-1 if number == 0 else 0)
            request = bookings.Request(f"{name} Lindner", f"{name}@patients.example", "email", starts_at=at)
            row = bookings.create(session, chat, request, NOW - timedelta(days=50))
            bookings.set_status(session, row, "booked", actor="test", now=NOW)
            session.commit()
    assert listed(anna, "/desk/bookings?show=booked", days) == ["Mia", "Ada", "Zoe", "Eva", "Ute"]
    with unit_of_work(front.sessions) as session:
        for row in session.scalars(select(Booking)):
            bookings.set_status(session, row, "arrived", actor="test", now=NOW)
        session.commit()
    assert listed(anna, "/desk/bookings?show=past", days) == ["Zoe", "Ada", "Mia", "Eva", "Ute"]


def test_bookings_to_confirm_stand_in_the_order_in_which_patients_asked(front: Front, anna: Person) -> None:
    for name, minutes, day in (("Ada", 20, 1), ("Zoe", 0, 9), ("Mia", 10, 5)):
        chat = front.chat()
        with unit_of_work(front.sessions) as session:
            at = NOW + timedelta(days=day)
            request = bookings.Request(f"{name} Lindner", f"{name}@patients.example", "email", starts_at=at)
            bookings.create(session, chat, request, NOW + timedelta(minutes=minutes))
            session.commit()
    assert listed(anna, "/desk/bookings", ("Ada", "Zoe", "Mia")) == ["Zoe", "Mia", "Ada"]


def test_ready_made_replies_call_the_patient_by_the_name_they_gave_and_others_by_none(
    front: Front, anna: Person
) -> None:
    _, named = visit(front)
    for chat, greeting in ((named, "Hello Rosa Lindner, this is Anna"), (front.chat(), "Hello, this is Anna")):
        assert anna.post(f"/desk/c/{chat}/take-over").is_success
        replies = anna.get(f"/desk/c/{chat}").text.split('id="canned"')[1].split("</select>")[0]
        assert greeting in replies
        assert "{name}" not in replies
        assert "{staff}" not in replies
