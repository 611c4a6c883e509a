"""A visit afterwards: seen, moved and cancelled only by who may, each confirmed; guesses are counted, tell nothing."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from bot.actions.booking import ValidateBookingForm
from bot.actions.manage import ValidateVisitForm
from bot.clinic.booking.card import calendar_path
from bot.clinic.booking.visit import payload
from bot.store import bookings, slots_guesses, triage
from bot.store.engine import Sessions, reading, unit_of_work
from bot.store.models import Booking
from bot.store.slots_guesses import LIMITS
from tests.clinic.diary import at
from tests.handover.clinic import on_sqlite
from tests.handover.patients import Patient

pytestmark = on_sqlite
NOW = at("2026-11-25 10:00")
WHEN = "2026-12-01T10:00"


@pytest.fixture
def anna(sessions: Sessions) -> Patient:
    """A patient with a visit asked for."""
    patient = Patient(sessions, "anna", NOW)
    patient.choose(WHEN)
    patient.press("note", "no")
    patient.press("confirm", "yes")
    return patient


@pytest.fixture
def elsewhere(sessions: Sessions) -> Patient:
    """Somebody in another chat, perhaps the same person on another device."""
    return Patient(sessions, "elsewhere", NOW)


def visit(sessions: Sessions) -> Booking:
    with reading(sessions) as session:
        row = bookings.of_conversation(session, "anna")[0]
        session.expunge_all()
        return row


def tell(patient: Patient, text: str = "", intent: str = "inform", **entities: str) -> list[str]:
    return [said["response"] for said in patient.tell(ValidateVisitForm(), text, intent, **entities)]


def test_the_patient_hears_how_the_visit_stands_and_may_leave_it(anna: Patient, sessions: Sessions) -> None:
    said = anna.tell(ValidateVisitForm(), "I want to change my booking", "change_booking")
    assert [one["response"] for one in said] == ["utter_visit_proposed", "utter_ask_visit_what"]
    assert said[0]["reference"] == visit(sessions).reference
    assert tell(anna, question="visit", answer="keep") == ["utter_visit_kept"]
    assert anna.slots["visit"] is None


def test_an_hour_alone_means_the_day_one_has_whatever_the_sentence_is_taken_for(anna: Patient) -> None:
    tell(anna, "I want to change my booking", "change_booking")
    (asked,) = anna.tell(ValidateVisitForm(), "can you make it 11 instead", "change_booking")
    assert (asked["response"], asked["when"]) == ("utter_ask_visit_move", "Tuesday 1 December, 11:00")
    assert anna.slots["visit"]["wished"] == "can you make it 11 instead"


def test_an_hour_among_the_times_offered_is_taken_though_it_says_change(anna: Patient) -> None:
    tell(anna, "I want to change my booking", "change_booking")
    anna.tell(ValidateVisitForm(), question="visit", answer="move")
    (asked,) = anna.tell(ValidateVisitForm(), "change it to 11:30 then", "change_booking")
    assert (asked["response"], asked["when"]) == ("utter_ask_visit_move", "Thursday 26 November, 11:30")


@pytest.fixture
def two(anna: Patient, sessions: Sessions) -> tuple[Patient, Booking, Booking]:
    """A patient with two visits: the first one asked for, and a newer one on the next day."""
    anna.choose("2026-12-02T10:00")
    anna.press("note", "no")
    anna.press("confirm", "yes")
    with reading(sessions) as session:
        older, newer = sorted(bookings.of_conversation(session, "anna"), key=lambda row: str(row.starts_at))
        session.expunge_all()
    return anna, older, newer


def pressed(patient: Patient, payload: str) -> list[dict[str, Any]]:
    """What is said to a button, by what it sends."""
    intent, entities = payload[1:].split("{", 1)
    return patient.tell(ValidateVisitForm(), "", intent, **json.loads("{" + entities))


@pytest.mark.parametrize("which", [0, 1])
def test_a_button_about_one_visit_is_about_that_one_whatever_else_is_open(
    two: tuple[Patient, Booking, Booking], which: int, sessions: Sessions
) -> None:
    patient, *rows = two
    (asked,) = pressed(patient, payload("cancel", rows[which].reference))
    assert (asked["response"], asked["reference"]) == ("utter_ask_cancel", rows[which].reference)
    (asked,) = pressed(patient, payload("cancel", rows[1 - which].reference))
    assert asked["reference"] == rows[1 - which].reference, "also while the other one is looked at"
    assert tell(patient, "yes", "affirm") == ["utter_cancelled"]
    with reading(sessions) as session:
        states = {row.reference: row.status for row in bookings.of_conversation(session, "anna")}
    assert states == {rows[1 - which].reference: "cancelled", rows[which].reference: "proposed"}


def test_yes_to_a_suggested_time_fixes_the_visit_it_was_suggested_for(
    two: tuple[Patient, Booking, Booking], sessions: Sessions
) -> None:
    patient, older, newer = two
    with unit_of_work(sessions) as session:
        for row in (older, newer):
            bookings.set_status(session, session.get_one(Booking, row.id), "pending", actor="staff", now=NOW)
        session.commit()
    (said,) = pressed(patient, payload("accept", older.reference))
    assert (said["response"], said["reference"]) == ("utter_visit_accepted", older.reference)
    pressed(patient, payload("change", newer.reference))
    (said,) = pressed(patient, payload("accept", newer.reference))
    assert (said["response"], said["reference"]) == ("utter_visit_accepted", newer.reference)


@pytest.mark.parametrize("answer", ["button", "reference", "the one on Tuesday please"])
def test_with_two_visits_open_the_patient_is_asked_which(two: tuple[Patient, Booking, Booking], answer: str) -> None:
    patient, older, _ = two
    (asked,) = patient.tell(ValidateVisitForm(), "cancel my appointment", "cancel_booking")
    assert asked["response"] == "utter_ask_which_visit"
    assert [one["title"] for one in asked["buttons"]] == ["Tue 1 Dec, 10:00", "Wed 2 Dec, 10:00"]
    assert tell(patient, "the green one") == ["utter_visit_unclear", "utter_ask_which_visit"]
    if answer == "button":
        (said,) = pressed(patient, asked["buttons"][0]["payload"])
    else:
        said = patient.tell(ValidateVisitForm(), older.reference if answer == "reference" else answer)[0]
    assert (said["response"], said["reference"]) == ("utter_ask_cancel", older.reference)


def test_a_new_time_said_before_it_is_clear_which_visit_is_meant_is_not_asked_again(
    two: tuple[Patient, Booking, Booking],
) -> None:
    patient, older, _ = two
    assert tell(patient, "move my visit to 3 December at 11:00", "change_booking") == ["utter_ask_which_visit"]
    (asked,) = patient.tell(ValidateVisitForm(), older.reference)
    assert (asked["response"], asked["reference"]) == ("utter_ask_visit_move", older.reference)
    assert asked["when"] == "Thursday 3 December, 11:00"


def test_a_button_about_a_visit_pressed_in_the_middle_of_a_booking_is_about_that_visit(
    anna: Patient, sessions: Sessions
) -> None:
    anna.choose("2026-12-02T10:00")
    sent = json.loads(payload("cancel", visit(sessions).reference).removeprefix("/cancel_booking"))
    assert anna.tell(ValidateBookingForm(), "", "cancel_booking", **sent) == []
    assert anna.slots["booking"] is None
    (asked,) = anna.tell(ValidateVisitForm(), "", "cancel_booking", **sent)
    assert asked["response"] == "utter_ask_cancel"


def test_a_fixed_visit_whose_day_is_over_is_past_and_offers_no_change(anna: Patient, sessions: Sessions) -> None:
    with unit_of_work(sessions) as session:
        bookings.set_status(session, session.get_one(Booking, visit(sessions).id), "booked", actor="staff", now=NOW)
        session.commit()
    anna.now = at("2026-12-01 18:00")
    assert tell(anna, "my booking", "change_booking") == ["utter_visit_booked", "utter_ask_visit_what"]
    tell(anna, question="visit", answer="cancel")
    anna.now = at("2026-12-02 00:30")
    assert tell(anna, "yes", "affirm") == ["utter_visit_past"]
    assert tell(anna, "my booking", "change_booking") == ["utter_visit_past"]
    assert tell(anna, "", "cancel_booking", question="visit", answer=visit(sessions).reference) == ["utter_visit_past"]
    assert visit(sessions).status == "booked"


def test_a_question_meanwhile_is_meant_after_the_one_before_it(anna: Patient) -> None:
    tell(anna, "I want to change my booking", "change_booking")
    anna.tell(ValidateVisitForm(), "what does it cost?", "ask_cost")
    said, *again = anna.tell(ValidateVisitForm(), "and for hair?", "inform", treatment="hair")
    assert said["metadata"]["topic"] == "ask_cost"
    assert [one["response"] for one in again] == ["utter_visit_proposed", "utter_ask_visit_what"]


def test_cancel_it_is_about_the_visit_that_is_looked_at_and_asked_once_more(anna: Patient, sessions: Sessions) -> None:
    tell(anna, "I want to change my booking", "change_booking")
    tell(anna, question="visit", answer="move")
    assert tell(anna, "cancel it", "stop") == ["utter_ask_cancel"]
    assert visit(sessions).status == "proposed"
    assert tell(anna, "stop", "stop") == ["utter_visit_kept"]


def test_the_check_waits_until_the_visit_is_settled(anna: Patient) -> None:
    tell(anna, "I want to change my booking", "change_booking")
    said = tell(anna, "I'm 34, can you check if I can have it", "check_eligibility")
    assert said == ["utter_first_visit", "utter_visit_proposed", "utter_ask_visit_what"]


def test_my_booking_pressed_once_more_shows_it_once_more(anna: Patient) -> None:
    tell(anna, "", "change_booking")
    assert tell(anna, "", "change_booking") == ["utter_visit_proposed", "utter_ask_visit_what"]


def test_a_cancellation_counts_after_the_yes_and_not_before(anna: Patient, sessions: Sessions) -> None:
    assert tell(anna, "cancel my appointment", "cancel_booking") == ["utter_ask_cancel"]
    assert visit(sessions).status == "proposed"
    assert tell(anna, "yes", "affirm") == ["utter_cancelled"]
    assert visit(sessions).status == "cancelled"
    assert tell(anna, "cancel my appointment", "cancel_booking") == ["utter_visit_cancelled"]


def test_every_message_about_a_visit_carries_its_instant_the_clinics_zone_and_the_calendar_file(
    anna: Patient, sessions: Sessions
) -> None:
    standing = anna.tell(ValidateVisitForm(), "change my booking", "change_booking")[0]["metadata"]
    offer = anna.tell(ValidateVisitForm(), question="visit", answer="move")[0]
    asked = anna.tell(ValidateVisitForm(), question="when", answer="2026-12-03T09:00")[0]["metadata"]
    moved = anna.tell(ValidateVisitForm(), "yes", "affirm")[0]["metadata"]
    anna.tell(ValidateVisitForm(), "cancel my booking", "cancel_booking")
    off = anna.tell(ValidateVisitForm(), "yes", "affirm")[0]["metadata"]
    for card, status, start in (
        (standing, "proposed", "2026-12-01T10:00:00+01:00"),
        (moved, "proposed", "2026-12-03T09:00:00+01:00"),
        (off, "cancelled", "2026-12-03T09:00:00+01:00"),
    ):
        assert (card["status"], card["starts_at"], card["minutes"]) == (status, start, 60)
        assert card["time_zone"] == "Europe/Berlin"
        assert card["calendar"] == calendar_path("a secret for tests", visit(sessions).id)
    times = offer["metadata"]["times"]
    assert [one["title"] for one in times] == [one["title"] for one in offer["buttons"]]
    assert times[0]["starts_at"] == "2026-11-26T10:00:00+01:00"
    assert (asked["asks"], asked["starts_at"]) == ("move", "2026-12-03T09:00:00+01:00")


def propose(sessions: Sessions, start: str) -> None:
    with unit_of_work(sessions) as session:
        row = session.merge(visit(sessions))
        bookings.reschedule(session, row, at(start), None, actor="staff", now=NOW)
        bookings.set_status(session, row, "pending", actor="staff", now=NOW)
        session.commit()


def test_a_time_the_clinic_suggests_is_fixed_when_the_patient_says_that_it_suits(
    anna: Patient, sessions: Sessions
) -> None:
    propose(sessions, "2026-12-02 14:00")
    assert tell(anna, "", "change_booking", answer="accept") == ["utter_visit_accepted"]
    assert (visit(sessions).status, visit(sessions).starts_at) == ("booked", at("2026-12-02 14:00"))
    assert tell(anna, "", "change_booking", answer="accept") == ["utter_visit_booked", "utter_ask_visit_what"]


def test_a_suggestion_that_changed_before_the_yes_is_shown_and_not_fixed(anna: Patient, sessions: Sessions) -> None:
    propose(sessions, "2026-12-02 14:00")
    assert tell(anna, "my booking", "change_booking") == ["utter_visit_pending", "utter_ask_visit_suits"]
    propose(sessions, "2026-12-03 14:00")
    assert tell(anna, "yes", "affirm") == ["utter_visit_pending", "utter_ask_visit_suits"]
    assert visit(sessions).status == "pending"
    assert tell(anna, "yes", "affirm") == ["utter_visit_accepted"]


@pytest.mark.parametrize(
    ("wish", "start"),
    [
        ("same time on friday", "2026-11-27 10:00"),
        ("can we do the same time next week", "2026-11-30 10:00"),
        ("an hour later please", "2026-12-01 11:00"),
        ("half an hour earlier", "2026-12-01 09:30"),
        ("a week later", "2026-12-08 10:00"),
        ("two days later at 3pm", "2026-12-03 15:00"),
        ("same day but at 2pm", "2026-12-01 14:00"),
    ],
)
def test_a_wish_may_be_told_by_the_time_one_has(anna: Patient, sessions: Sessions, wish: str, start: str) -> None:
    tell(anna, "change my booking", "change_booking")
    said = anna.tell(ValidateVisitForm(), wish)
    times = [one["starts_at"] for one in said[-1]["metadata"].get("times", [said[-1]["metadata"]])]
    assert times[0] == at(start).isoformat()


def test_a_move_that_sounds_like_a_question_is_no_question(anna: Patient, sessions: Sessions) -> None:
    tell(anna, "change my booking", "change_booking")
    said = anna.tell(ValidateVisitForm(), "can i come an hour later?", "ask_recovery")
    assert said[-1]["metadata"]["starts_at"] == at("2026-12-01 11:00").isoformat()
    asked = anna.tell(ValidateVisitForm(), "can i exercise an hour later?", "ask_aftercare")
    assert asked[0]["metadata"]["topic"] == "ask_aftercare"


def test_the_time_one_has_counts_while_others_are_offered(anna: Patient, sessions: Sessions) -> None:
    tell(anna, "change my booking", "change_booking")
    tell(anna, question="visit", answer="move")
    said = anna.tell(ValidateVisitForm(), "an hour later")
    assert said[-1]["metadata"]["starts_at"] == at("2026-12-01 11:00").isoformat()


def test_a_move_repeated_after_a_crash_is_told_once(anna: Patient, sessions: Sessions) -> None:
    tell(anna, "can I come on 2 December at 14:00 instead", "change_booking")
    before = dict(anna.slots)
    assert tell(anna, "yes", "affirm") == ["utter_visit_moved"]
    anna.slots = before
    assert tell(anna, "yes", "affirm") == ["utter_visit_moved"]
    assert visit(sessions).version == 1


@pytest.mark.parametrize("intent", ["nlu_fallback", "deny"])
def test_who_would_rather_move_than_cancel_is_asked_about_the_move(
    anna: Patient, sessions: Sessions, intent: str
) -> None:
    tell(anna, "cancel my appointment", "cancel_booking")
    said = anna.tell(ValidateVisitForm(), "no keep it, can i move it to the 8th at the same time", intent)
    assert (said[-1]["response"], said[-1]["metadata"]["starts_at"]) == (
        "utter_ask_visit_move", at("2026-12-08 10:00").isoformat()
    )  # fmt: skip


def test_who_comes_after_all_keeps_the_visit(anna: Patient, sessions: Sessions) -> None:
    tell(anna, "cancel my appointment", "cancel_booking")
    assert tell(anna, "no, tuesday is fine", "deny") == ["utter_visit_kept"]


def test_a_no_cancels_nothing(anna: Patient, sessions: Sessions) -> None:
    tell(anna, "cancel my appointment", "cancel_booking")
    assert tell(anna, "no", "deny") == ["utter_visit_kept"]
    assert visit(sessions).status == "proposed"


@pytest.mark.parametrize("status", ["proposed", "booked"])
def test_a_visit_moves_after_the_yes_and_is_proposed_again(anna: Patient, sessions: Sessions, status: Any) -> None:
    with unit_of_work(sessions) as session:
        bookings.set_status(session, session.merge(visit(sessions)), status, actor="staff", now=NOW)
        session.commit()
    assert tell(anna, "can I come on 2 December at 14:00 instead", "change_booking") == ["utter_ask_visit_move"]
    assert visit(sessions).starts_at == at("2026-12-01 10:00")
    assert tell(anna, "yes", "affirm") == ["utter_visit_moved"]
    moved = visit(sessions)
    assert (moved.starts_at, moved.status) == (at("2026-12-02 14:00"), "proposed")


def wanted(sessions: Sessions) -> list[str | None]:
    """What the desk's open rows of visits ask for; None: to confirm one that is new."""
    with reading(sessions) as session:
        return [one.details.get("wants") for one in triage.queue(session, NOW, kinds=("booking",)).items]


@pytest.mark.parametrize(("status", "rows"), [("proposed", []), ("pending", ["cancelled"]), ("booked", ["cancelled"])])
def test_the_desk_hears_of_a_cancelled_visit_it_had_settled_and_one_to_confirm_leaves_its_queue(
    anna: Patient, sessions: Sessions, status: Any, rows: list[str]
) -> None:
    assert wanted(sessions) == [None]
    with unit_of_work(sessions) as session:
        bookings.set_status(session, session.merge(visit(sessions)), status, actor="staff", now=NOW)
        session.commit()
    tell(anna, "cancel my appointment", "cancel_booking")
    assert tell(anna, "yes", "affirm") == ["utter_cancelled"]
    assert wanted(sessions) == rows


def test_the_desk_hears_once_of_a_visit_that_is_moved(anna: Patient, sessions: Sessions) -> None:
    tell(anna, "can I come on 2 December at 14:00 instead", "change_booking")
    assert tell(anna, "yes", "affirm") == ["utter_visit_moved"]
    assert wanted(sessions) == ["change"]


def test_another_time_is_offered_and_chosen_by_button(anna: Patient, sessions: Sessions) -> None:
    tell(anna, "change my booking", "change_booking")
    assert tell(anna, question="visit", answer="move") == ["utter_ask_booking_when"]
    assert tell(anna, question="when", answer="2026-12-03T09:00") == ["utter_ask_visit_move"]
    assert tell(anna, "yes", "affirm") == ["utter_visit_moved"]
    assert visit(sessions).starts_at == at("2026-12-03 09:00")


def test_a_time_that_goes_before_the_yes_is_replaced_by_others(anna: Patient, sessions: Sessions) -> None:
    tell(anna, "can I come on 2 December at 14:00 instead", "change_booking")
    for name in ("ben", "cleo"):
        other = Patient(sessions, name, NOW)
        other.choose("2026-12-02T14:00")
        other.press("note", "no")
        assert other.press("confirm", "yes") == ["utter_booking_confirmed"]
    assert tell(anna, "yes", "affirm") == ["utter_booking_time_gone"]
    assert visit(sessions).starts_at == at("2026-12-01 10:00")


def test_from_another_chat_both_halves_open_the_visit(anna: Patient, elsewhere: Patient, sessions: Sessions) -> None:
    assert tell(elsewhere, "cancel my appointment", "cancel_booking") == ["utter_ask_visit_reference"]
    assert tell(elsewhere, visit(sessions).reference.lower()) == ["utter_ask_visit_contact"]
    assert tell(elsewhere, "it is anna@example.org") == ["utter_ask_cancel"]
    assert tell(elsewhere, "yes", "affirm") == ["utter_cancelled"]
    assert visit(sessions).status == "cancelled"


def test_a_wrong_half_says_the_same_whichever_it_is(anna: Patient, elsewhere: Patient, sessions: Sessions) -> None:
    tell(elsewhere, "change my booking", "change_booking")
    wrong_contact = elsewhere.tell(ValidateVisitForm(), f"{visit(sessions).reference} ben@example.org")
    wrong_reference = elsewhere.tell(ValidateVisitForm(), "MG-222222 anna@example.org")
    assert wrong_contact == wrong_reference
    assert wrong_contact[0]["response"] == "utter_visit_not_found"


def test_after_too_many_guesses_even_the_right_answer_opens_nothing(
    anna: Patient, elsewhere: Patient, sessions: Sessions
) -> None:
    right = f"{visit(sessions).reference} anna@example.org"
    for letter in "ACDEFGH"[: LIMITS["chat"][0]]:
        elsewhere.slots["visit"] = None
        tell(elsewhere, f"change MG-2222A{letter} anna@example.org", "change_booking")
    elsewhere.slots["visit"] = None
    assert tell(elsewhere, f"change {right}", "change_booking") == ["utter_visit_too_many"]
    elsewhere.now += timedelta(hours=1, seconds=1)
    elsewhere.slots["visit"] = None
    assert tell(elsewhere, f"change {right}", "change_booking") == ["utter_visit_proposed", "utter_ask_visit_what"]


def test_one_reference_cannot_be_tried_from_many_chats(anna: Patient, sessions: Sessions) -> None:
    reference = visit(sessions).reference
    with unit_of_work(sessions) as session:
        for number in range(LIMITS["reference"][0]):
            assert slots_guesses.look_up(session, f"chat-{number}", reference, f"{number}@example.org", NOW) is None
        with pytest.raises(slots_guesses.TooManyGuesses):
            slots_guesses.look_up(session, "another", reference, "anna@example.org", NOW)
        assert slots_guesses.tidy(session, NOW + timedelta(days=1)) == 3 * LIMITS["reference"][0]


def test_what_guesses_leave_behind_names_nobody(anna: Patient, elsewhere: Patient, sessions: Sessions) -> None:
    tell(elsewhere, "change MG-222222 secret@example.org", "change_booking")
    with reading(sessions) as session:
        stored = str(session.execute(text("SELECT * FROM booking_guess")).all())
    assert "222222" not in stored
    assert "secret" not in stored


def test_a_question_in_between_is_answered_and_the_open_one_asked_again(anna: Patient) -> None:
    tell(anna, "cancel my appointment", "cancel_booking")
    assert tell(anna, "hello", "greet") == ["utter_greet", "utter_ask_cancel"]


def test_who_is_not_understood_three_times_gets_a_person(anna: Patient) -> None:
    tell(anna, "cancel my appointment", "cancel_booking")
    assert tell(anna, "purple") == ["utter_visit_unclear", "utter_ask_cancel"]
    tell(anna, "purple")
    assert tell(anna, "purple") == ["utter_handoff"]
