"""The booking form on a real store: who comes too late is offered other times, and a repeated yes books once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from bot.actions import booking
from bot.actions.answer import ActionNoteUnknown
from bot.actions.booking import ActionOpenBooking, ValidateBookingForm
from bot.actions.handoff import ActionHandoff, ActionRaiseAlert
from bot.actions.privacy import ActionOfferDeletion
from bot.clinic.content.model import ClosedDay, Series
from bot.store import screenings
from bot.store.conversations import ensure_conversation
from bot.store.engine import Sessions, reading, unit_of_work
from bot.store.models import Booking, OutboxItem
from bot.store.slots_models import Delivery, SlotHold
from tests.clinic.diary import at
from tests.handover.patients import Patient, content
from tests.trust.seeding import found

NOW = at("2026-11-25 10:00")
WHEN = "2026-12-01T10:00"
TOLD = (Booking.__table__, OutboxItem.__table__, Delivery.__table__)


@pytest.fixture
def patients(sessions: Sessions) -> list[Patient]:
    return [Patient(sessions, name, NOW) for name in ("anna", "ben", "cleo")]


def booked(sessions: Sessions) -> list[str]:
    with reading(sessions) as session:
        return sorted(row.conversation_id for row in session.scalars(select(Booking)))


def test_a_chosen_time_is_held_so_that_the_third_patient_of_two_rooms_is_offered_others(
    patients: list[Patient], sessions: Sessions
) -> None:
    anna, ben, cleo = patients
    for patient in (anna, ben):
        assert patient.choose(WHEN) == ["utter_ask_booking_note"]
    assert cleo.choose(WHEN) == ["utter_booking_time_taken"]
    assert WHEN not in str(cleo.slots["booking"]["offered"])
    assert booked(sessions) == []


def test_a_held_time_is_offered_again_after_ten_minutes_and_who_slept_is_told(
    patients: list[Patient], sessions: Sessions
) -> None:
    anna, ben, cleo = patients
    anna.choose(WHEN)
    ben.choose(WHEN)
    cleo.now += timedelta(minutes=10)
    assert cleo.choose(WHEN) == ["utter_ask_booking_note"]
    cleo.press("note", "no")
    assert cleo.press("confirm", "yes") == ["utter_booking_confirmed"]
    for patient in (anna, ben):
        patient.now += timedelta(minutes=11)
        patient.press("note", "no")
    assert anna.press("confirm", "yes") == ["utter_booking_confirmed"]
    assert ben.press("confirm", "yes") == ["utter_booking_time_gone"]
    assert ben.slots["booking"]["offered"]
    assert booked(sessions) == ["anna", "cleo"]


def test_a_time_lost_between_the_look_and_the_hold_is_offered_to_nobody(
    patients: list[Patient], sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, ben, cleo = patients
    anna.choose(WHEN)
    ben.choose(WHEN)
    seen: list[int] = []
    look = booking._taken

    def too_early(*arguments: object) -> object:
        seen.append(1)
        return [] if len(seen) <= 4 else look(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(booking, "_taken", too_early)
    assert cleo.choose(WHEN) == ["utter_booking_time_gone"]
    assert WHEN not in str(cleo.slots["booking"]["offered"])


def test_a_yes_repeated_after_a_crash_books_once_and_says_the_same_reference(
    patients: list[Patient], sessions: Sessions
) -> None:
    anna = patients[0]
    anna.choose(WHEN)
    anna.press("note", "no")
    before = dict(anna.slots)
    first = anna.tell(ValidateBookingForm(), question="confirm", answer="yes")
    anna.slots = before  # the action server wrote the booking, and Rasa died before it stored the turn
    second = anna.tell(ValidateBookingForm(), question="confirm", answer="yes")
    assert first[0]["reference"] == second[0]["reference"]
    assert booked(sessions) == ["anna"]


def test_stopping_gives_the_held_time_back(patients: list[Patient], sessions: Sessions) -> None:
    anna, ben, cleo = patients
    anna.choose(WHEN)
    ben.choose(WHEN)
    assert anna.press("confirm", "stop") == ["utter_booking_stopped"]
    assert cleo.choose(WHEN) == ["utter_ask_booking_note"]


WAYS_OUT = {
    "stop": (ValidateBookingForm(), "stop", "stop", {}),
    "a button": (ValidateBookingForm(), "", "inform", {"question": "confirm", "answer": "stop"}),
    "a person, in the form": (ValidateBookingForm(), "a person please", "talk_to_human", {}),
    "a person, by the rule": (ActionHandoff(), "a person please", "talk_to_human", {}),
    "a danger": (ActionRaiseAlert(), "my lips swell", "report_emergency", {}),
    "their data": (ActionOfferDeletion(), "delete my data", "delete_my_data", {}),
}


@pytest.mark.parametrize("way", WAYS_OUT)
@pytest.mark.parametrize("told", [1, 2, 3, 4])
def test_a_booking_left_half_way_leaves_no_name_contact_or_time_anywhere(
    patients: list[Patient], sessions: Sessions, way: str, told: int
) -> None:
    anna = patients[0]
    steps = [
        {"treatment": "body"},
        "Wilhelmina Obersdorf",
        "obersdorf@example.org",
        {"question": "when", "answer": WHEN},
    ]
    for step in steps[:told]:
        anna.book(step) if isinstance(step, str) else anna.book("", **step)
    action, text, intent, entities = WAYS_OUT[way]
    anna.tell(action, text, intent, **entities)
    assert anna.slots["booking"] is None
    assert [one for one in ("Wilhelmina", "obersdorf") if one in str(anna.slots)] == []
    with reading(sessions) as session:
        assert found(session, "Wilhelmina") == found(session, "obersdorf") == set()
        told_of = {table.name: session.scalar(select(func.count()).select_from(table)) for table in TOLD}
        assert set(told_of.values()) == {0}
        holds = list(session.scalars(select(SlotHold.conversation_id)))
    assert holds == [] or way in ("a danger", "their data"), "these free the time when ten minutes are over"


def test_who_books_a_treatment_given_in_a_series_hears_of_the_course_and_free_dates(patients: list[Patient]) -> None:
    anna = patients[0]
    anna.choose(WHEN)
    anna.press("treatment", "hair")
    anna.press("note", "no")
    confirmed, course = anna.tell(ValidateBookingForm(), question="confirm", answer="yes")
    assert confirmed["metadata"]["starts_at"] == "2026-12-01T10:00:00+01:00"
    assert course["response"] == "utter_booking_course"
    assert (course["least"], course["most"], course["weeks"]) == ("4", "10", "1–2")
    assert "Tue 8 Dec, 10:00" in course["dates"]
    assert (course["metadata"]["treatment"], course["metadata"]["facts"]) == ("hair", ["F41"])


def test_a_series_on_another_treatment_cites_its_own_fact_and_is_explained_without_free_dates(
    patients: list[Patient], sessions: Sessions
) -> None:
    anna = patients[0]
    clinic = content().clinic
    treatments = tuple(
        one.model_copy(update={"series": Series(least=3, most=3, weeks=(12,), fact="F15")}) if one.id == "body" else one
        for one in clinic.treatments
    )
    shut = tuple(ClosedDay(date=at(WHEN).date() + timedelta(days=one), reason="away") for one in range(1, 400))
    changed = clinic.model_copy(update={"treatments": treatments, "closed_days": shut})
    anna.content = replace(content(), clinic=changed)
    anna.choose(WHEN)
    anna.press("note", "no")
    _, course = anna.tell(ValidateBookingForm(), question="confirm", answer="yes")
    assert course["response"] == "utter_booking_course_later"
    assert (course["metadata"]["treatment"], course["metadata"]["facts"]) == ("body", ["F15"])


@pytest.mark.parametrize(
    ("said", "gate"),
    [
        (["I want to book a visit"], "check_first"),
        (["book a visit without the check please"], "open"),
        (["can I skip the check and book"], "open"),
        (["I want to book a visit", "book without check"], "open"),
    ],
    ids=["first", "without", "skips", "asks again"],
)
def test_the_check_is_offered_once_and_not_pressed_on_anybody(
    patients: list[Patient], said: list[str], gate: str
) -> None:
    anna = patients[0]
    for text in said:
        anna.tell(ActionOpenBooking(), text, "book_appointment")
    assert anna.slots["booking_gate"] == gate


def test_who_has_a_visit_is_not_sent_to_the_check_again(patients: list[Patient]) -> None:
    anna = patients[0]
    anna.choose(WHEN)
    anna.press("note", "no")
    anna.press("confirm", "yes")
    anna.tell(ActionOpenBooking(), "book another visit", "book_appointment")
    assert anna.slots["booking_gate"] == "open"


def test_a_time_taken_for_a_greeting_still_answers_the_question_of_the_time(patients: list[Patient]) -> None:
    anna = patients[0]
    anna.book("", treatment="body")
    anna.book("Kim Example")
    anna.book("kim@example.org")
    said = anna.tell(ValidateBookingForm(), "something in the evening", "greet")
    assert [one["response"] for one in said] == ["utter_booking_times_fitting"]


def test_what_is_told_of_the_visit_before_the_check_is_kept_for_the_booking(patients: list[Patient]) -> None:
    anna = patients[0]
    anna.tell(ActionOpenBooking(), "I want to book a visit", "book_appointment")
    (noted,) = anna.tell(ActionNoteUnknown(), "tuesday 1 december at 10, kim@example.org", "out_of_scope")
    assert noted["response"] == "utter_check_first_noted"
    suitable = screenings.Decision({"about": "self"}, "suitable", "c1", "demo-1")
    with unit_of_work(anna.sessions) as session:
        ensure_conversation(session, anna.name, channel="website", now=NOW)
        screenings.save(session, anna.name, suitable, NOW)
        session.commit()
    anna.tell(ActionOpenBooking(), "book it", "book_appointment")
    anna.tell(ValidateBookingForm(), "book it", "book_appointment")
    anna.press("treatment", "body")
    assert anna.book("Kim Example") == ["utter_ask_booking_note"]


def test_of_two_times_told_before_the_booking_the_later_counts(patients: list[Patient]) -> None:
    anna = patients[0]
    anna.tell(ActionOpenBooking(), "a facial on monday 30 november at 10, kim@example.org", "book_appointment")
    anna.tell(ActionOpenBooking(), "no, on tuesday 1 december at 10", "book_appointment")
    anna.tell(ValidateBookingForm(), "no, on tuesday 1 december at 10", "book_appointment")
    anna.press("treatment", "body")
    assert anna.book("Kim Example") == ["utter_ask_booking_note"]
    assert anna.slots["booking"]["answers"]["when"].startswith("2026-12-01T10:00")


def test_what_tells_nothing_of_the_visit_is_answered_as_anywhere(patients: list[Patient]) -> None:
    anna = patients[0]
    anna.tell(ActionOpenBooking(), "I want to book a visit", "book_appointment")
    (said,) = anna.tell(ActionNoteUnknown(), "what is the weather", "out_of_scope")
    assert said["response"] == "utter_out_of_scope"


def test_a_bare_yes_to_the_note_is_no_note(patients: list[Patient]) -> None:
    anna = patients[0]
    anna.choose(WHEN)
    assert anna.book("yes there is") == ["utter_booking_note_unclear"]
    assert anna.book("I am afraid of needles") == ["utter_ask_booking_confirm_with_note"]
