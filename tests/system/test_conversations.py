"""Whole conversations with the running installation, over the HTTP that patients' browsers use."""

from __future__ import annotations

import sqlite3
import time
import uuid
from dataclasses import dataclass
from datetime import datetime, timezone

import pytest

from bot.store import bookings, conversations, triage
from bot.store.engine import make_engine, make_sessions, reading
from tests.installation import Installation
from tests.patient import Message, Patient, answers, kinds

pytestmark = pytest.mark.slow

NONE = {"pregnant": "no", "breastfeeding": "no", "diabetes": "no", "cancer": "no", "heart_multi_drug": "no"} | {
    "liver_disease": "no",
    "kidney_disease": "no",
}


@pytest.fixture
def patient(installation: Installation) -> Patient:
    return installation.patient()


def screen(patient: Patient, told: dict[str, str], opening: str = "can you check if I can have it") -> Message:
    """Answer whichever question is asked until the outcome."""
    patient.say(opening)
    for _ in range(20):
        last = patient.heard[-1]
        if last["metadata"]["kind"] == "outcome":
            return last
        assert patient.asked in told, f"{patient.asked}: {last['text']}"
        patient.say(told[patient.asked])
    raise AssertionError("no outcome after 20 answers")


def test_the_start_says_only_what_whoever_starts_it_can_use(installation: Installation) -> None:
    until = time.monotonic() + 20  # the page answers a moment before the line is written
    while len(lines := installation.log.read_text().splitlines()) < 2 and time.monotonic() < until:
        time.sleep(0.1)
    start, ready = lines[:2]
    assert start.startswith("Starting web")
    assert ready.startswith("Mesoguide is ready")


# ---- questions


def test_the_first_message_says_that_it_is_a_machine_and_no_doctor(patient: Patient) -> None:
    first = patient.history()[0]
    assert first["from"] == "bot"
    assert "computer program" in first["text"]
    assert "not a doctor" in first["text"]


@pytest.mark.parametrize(
    ("text", "topic", "facts"),
    [
        ("does it hurt??", "ask_pain", {"F14"}),
        ("what r the side effects", "ask_side_effects", {"F29", "F33"}),
        ("how many sessions for my hair", "ask_sessions", {"F41"}),
        ("is no needle as good as the needles", "ask_comparison", {"F47"}),
        ("who should not get mesotherapy", "ask_suitability", {"F18", "F25"}),
    ],
)
def test_a_question_is_answered_from_the_leaflets_facts(
    patient: Patient, text: str, topic: str, facts: set[str]
) -> None:
    said = answers(patient.say(text))
    assert [message["metadata"]["topic"] for message in said] == [topic]
    assert facts <= set(said[0]["metadata"]["facts"])
    assert len(said[0]["buttons"]) <= 3


def test_two_questions_in_one_message_are_both_answered_in_order(patient: Patient) -> None:
    said = answers(patient.say("does it hurt and what does it cost?"))
    assert [message["metadata"]["topic"] for message in said] == ["ask_pain", "ask_cost"]


def test_a_follow_up_repeats_the_topic_for_the_new_treatment(patient: Patient) -> None:
    patient.say("how many sessions do I need for the face?")
    said = answers(patient.say("and for hair?"))
    assert (said[0]["metadata"]["topic"], said[0]["metadata"]["treatment"]) == ("ask_sessions", "hair")


def test_what_the_leaflet_does_not_say_goes_to_the_desk(installation: Installation, patient: Patient) -> None:
    said = patient.say("how long does one session take?")
    assert kinds(said) == ["fallback"]
    assert said[0]["metadata"]["topic"] == "ask_session_duration"
    items = queue(installation, patient)
    assert [(item.kind, item.question) for item in items] == [("question", "how long does one session take?")]


def test_a_message_of_emoji_alone_gets_a_clear_answer(patient: Patient) -> None:
    assert kinds(patient.say("🙂🙂🙂")) == ["fallback"]


# ---- consent


def test_the_notice_comes_once_before_anything_personal_and_a_no_keeps_nothing(
    installation: Installation, patient: Patient
) -> None:
    patient.agrees = False
    said = patient.say("can you check if I can have it")
    assert [message["metadata"].get("asks") for message in said] == ["consent"]
    assert said[0]["metadata"]["link"]["url"] == "/privacy"
    assert patient.press("No, thanks")[-1]["metadata"]["kind"] == "smalltalk"
    assert kinds(patient.say("does it hurt?")) == ["answer"]
    patient.say("I want to book an appointment")
    patient.say("no")
    assert patient.asked == "consent"
    patient.press("Yes, go on")
    assert patient.asked == "treatment"
    patient.say("stop")
    patient.say("can you check if I can have it")
    assert patient.asked == "age"


def test_questions_and_danger_do_not_wait_for_consent(patient: Patient) -> None:
    patient.agrees = False
    patient.say("can you check if I can have it")
    assert kinds(patient.say("does it hurt?")) == ["answer", "question"]
    assert kinds(patient.say("my lips are swelling and i cant breathe"))[0] == "emergency"
    patient.say("yes")
    assert patient.asked is None, "a yes to nothing is no consent"


# ---- screening


@pytest.mark.parametrize(
    ("told", "outcome", "reasons"),
    [
        ({"age": "34", **NONE}, "suitable", []),
        ({"age": "I was born in 1990", **NONE}, "suitable", []),
        ({"age": "forty two", **NONE, "diabetes": "yes, type 2"}, "not_suitable", ["diabetes"]),
        ({"age": "34", **NONE, "pregnant": "yes", "cancer": "yes"}, "not_suitable", ["pregnant", "cancer"]),
        ({"age": "34", **NONE, "pregnant": "prefer not to say"}, "clinician_review", ["pregnant"]),
        ({"age": "34", **NONE, "kidney_disease": "not sure"}, "clinician_review", ["kidney_disease"]),
        ({"age": "16"}, "not_suitable", ["under_18"]),
    ],
    ids=["suitable", "birth year", "diabetes", "two reasons", "refused", "unsure", "minor"],
)
def test_the_screening_ends_as_the_rules_say(
    patient: Patient, told: dict[str, str], outcome: str, reasons: list[str]
) -> None:
    last = screen(patient, told)
    assert last["metadata"]["outcome"] == outcome
    assert last["metadata"]["reasons"] == reasons


def test_several_facts_in_one_message_are_not_asked_again(patient: Patient) -> None:
    patient.say("can you check if I can have it")
    patient.say("I'm 34, not pregnant, type 2 diabetic")
    asked = {message["metadata"].get("asks") for message in patient.heard}
    assert patient.asked == "breastfeeding"
    assert not asked & {"pregnant", "diabetes"}


def test_a_question_full_of_ones_own_facts_starts_the_check_with_them(patient: Patient) -> None:
    patient.say("i'm 34, not pregnant, type 2 diabetic, can i have it")
    assert patient.asked == "breastfeeding"


def test_a_criterion_the_patient_rules_out_is_not_held_against_them(patient: Patient) -> None:
    said = patient.say("I am not pregnant, who can not have it?")
    assert "suitability_pregnant" not in {message["metadata"].get("answer") for message in said}


def test_wanting_to_book_in_the_middle_of_the_check_is_no_failed_answer(patient: Patient) -> None:
    patient.say("can you check if I can have it")
    for _ in range(3):
        said = patient.say("I want to book an appointment")
        assert kinds(said) == ["smalltalk", "question"]
        assert "/talk_to_human" not in {button["payload"] for button in said[-1]["buttons"]}


def test_why_is_explained_and_the_question_asked_again(patient: Patient) -> None:
    patient.say("can you check if I can have it")
    said = patient.say("why do you need to know that?")
    assert kinds(said) == ["answer", "question"]
    assert said[0]["metadata"]["facts"] == ["F18"]
    assert said[-1]["metadata"]["asks"] == "age"


def test_a_question_in_between_is_answered_and_the_screening_goes_on(patient: Patient) -> None:
    patient.say("can you check if I can have it")
    said = patient.say("wait, does it hurt?")
    assert kinds(said) == ["answer", "question"]
    assert said[-1]["metadata"]["asks"] == "age"


def test_after_two_unusable_answers_there_are_ways_out(patient: Patient) -> None:
    patient.say("can you check if I can have it")
    patient.say("purple bananas")
    said = patient.say("flying carpets")
    assert {button["payload"] for button in said[-1]["buttons"]} >= {"/talk_to_human", "/stop"}


def test_a_correction_changes_the_answer(patient: Patient) -> None:
    patient.say("can you check if I can have it")
    patient.say("16 no wait")
    patient.say("can you check if I can have it")
    last = screen(patient, {"age": "43", **NONE, "pregnant": "sorry, I meant 43. not pregnant"})
    assert last["metadata"]["outcome"] == "suitable"


def test_a_forgotten_illness_after_the_outcome_reopens_it(patient: Patient) -> None:
    assert screen(patient, {"age": "34", **NONE})["metadata"]["outcome"] == "suitable"
    said = patient.say("wait, I forgot, I am diabetic")
    assert said[-1]["metadata"]["outcome"] == "not_suitable"
    assert said[-1]["metadata"]["reasons"] == ["diabetes"]


def test_stop_leaves_the_screening(patient: Patient) -> None:
    patient.say("can you check if I can have it")
    patient.say("stop")
    assert kinds(patient.say("does it hurt?")) == ["answer"]


# ---- booking


BOOKING = {
    "check_first": "no",
    "treatment": "facial",
    "name": "Ana Example",
    "contact": "ana@example.org",
    "when": "in two weeks on a tuesday at 10",
    "note": "no note",
    "confirm": "yes",
}


def book(patient: Patient, told: dict[str, str] = BOOKING) -> Message:
    patient.say("I want to book an appointment")
    for _ in range(15):
        last = patient.heard[-1]
        if last["metadata"]["kind"] != "question":
            return last
        if patient.asked == "when" and len(last["buttons"]) > 1 and "free" in last["text"]:
            patient.press(last["buttons"][0]["title"])
        else:
            patient.say(told[patient.asked])
    raise AssertionError("the booking did not end")


def test_a_booking_is_stored_with_its_screening_and_queued(installation: Installation, patient: Patient) -> None:
    screen(patient, {"age": "34", **NONE})
    last = book(patient)
    assert last["metadata"]["kind"] == "confirmation"
    with reading(make_sessions(make_engine(installation.database_url))) as session:
        row = bookings.of_conversation(session, patient.conversation_id)[0]
        assert row.reference == last["metadata"]["reference"]
        assert (row.status, row.screening_status) == ("proposed", "suitable")
        assert (row.name, row.contact) == ("Ana Example", "ana@example.org")
        booking_id = row.id
    database = installation.database_url.removeprefix("sqlite:///")
    with sqlite3.connect(database) as plain:
        kinds_queued = [kind for (kind,) in plain.execute("select kind from outbox where subject = ?", (booking_id,))]
        stored = plain.execute("select name, contact from booking where id = ?", (booking_id,)).fetchone()
    assert kinds_queued == ["booking.created"]
    assert "Ana" not in str(stored), "contact details are encrypted at rest"


def test_the_minutes_of_the_time_wished_for_are_not_taken_for_an_age(patient: Patient) -> None:
    screen(patient, {"age": "34", **NONE})
    said = book(patient, {**BOOKING, "when": "in two weeks on a tuesday at 10:30"})
    assert said["metadata"]["kind"] == "confirmation"


def test_a_booking_without_the_check_says_so(installation: Installation, patient: Patient) -> None:
    book(patient)
    with reading(make_sessions(make_engine(installation.database_url))) as session:
        assert bookings.of_conversation(session, patient.conversation_id)[0].screening_status == "not_screened"


def test_who_is_not_suitable_is_offered_a_person_instead(patient: Patient) -> None:
    screen(patient, {"age": "34", **NONE, "pregnant": "yes"})
    said = patient.say("I want to book an appointment")
    assert kinds(said) == ["handoff"]
    assert "/talk_to_human" in {button["payload"] for button in said[0]["buttons"]}


def test_a_button_of_the_booking_after_the_check_answers_the_booking(patient: Patient) -> None:
    screen(patient, {"age": "34", **NONE})
    patient.press("Book a visit")
    patient.press("Facial mesotherapy")
    assert patient.asked == "name"


def test_stopping_half_way_keeps_nothing(installation: Installation, patient: Patient) -> None:
    patient.say("I want to book an appointment")
    patient.say("no")
    patient.say("facial")
    patient.say("Ana Example")
    patient.say("stop")
    with reading(make_sessions(make_engine(installation.database_url))) as session:
        assert bookings.of_conversation(session, patient.conversation_id) == []


# ---- danger


STATES = {
    "at the start": [],
    "in the screening": ["can you check if I can have it", "34"],
    "in the booking": ["I want to book an appointment", "no"],
    "after an outcome": ["can you check if I can have it", "16"],
}


@pytest.mark.parametrize("before", STATES.values(), ids=STATES)
@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("my lips are swelling and i cant breathe", "emergency"),
        ("there is pus coming out and i have a fever", "urgent"),
    ],
    ids=["emergency", "urgent"],
)
def test_danger_is_caught_first_in_every_state(
    installation: Installation, patient: Patient, before: list[str], text: str, kind: str
) -> None:
    for line in before:
        patient.say(line)
    said = patient.say(text)
    assert kinds(said)[0] == kind
    dangers = [item for item in queue(installation, patient) if item.kind == "danger"]
    assert len(dangers) == 1


def test_emergency_advice_names_the_number(patient: Patient) -> None:
    assert "112" in patient.say("I think I am having a seizure")[0]["text"]


# ---- people and data


def test_asking_for_a_person_queues_the_patient(installation: Installation, patient: Patient) -> None:
    assert kinds(patient.say("can I talk to a real person please")) == ["handoff"]
    assert [item.kind for item in queue(installation, patient)] == ["person"]


def test_deleting_removes_every_word(installation: Installation, patient: Patient) -> None:
    patient.say("does it hurt?")
    patient.say("delete my data")
    patient.say("yes")
    assert patient.post(text="hello").status_code == 401
    with reading(make_sessions(make_engine(installation.database_url))) as session, pytest.raises(LookupError):
        conversations.get_conversation(session, patient.conversation_id)


def test_a_repeated_id_is_answered_with_the_first_answer(patient: Patient) -> None:
    identity = str(uuid.uuid4())
    first = patient.post(id=identity, text="does it hurt?").json()
    before = len(patient.history())
    assert patient.post(id=identity, text="does it hurt?").json() == first
    assert len(patient.history()) == before


@dataclass(frozen=True)
class Waiting:
    """What a test needs of a row in the desk's queue."""

    kind: str
    question: str | None


def queue(installation: Installation, patient: Patient) -> list[Waiting]:
    with reading(make_sessions(make_engine(installation.database_url))) as session:
        page = triage.queue(session, datetime.now(timezone.utc), limit=500)
        mine = [item for item in page.items if item.conversation_id == patient.conversation_id]
        return [Waiting(item.kind, item.question) for item in mine]
