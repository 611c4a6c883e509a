"""For whom a visit is, and which screening decides whether it may be asked for: the stored one of that person."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.actions.booking import ActionOpenBooking, ValidateBookingForm
from bot.actions.screening import ValidateScreeningForm
from bot.store import screenings
from bot.store.engine import Sessions, reading
from bot.store.models import Booking, OutboxItem, Screening, TriageItem
from tests.clinic.diary import at
from tests.handover.patients import Patient, Said

NOW = at("2026-11-25 10:00")
WHEN = "2026-12-01T10:00"


@pytest.fixture
def anna(sessions: Sessions) -> Patient:
    return Patient(sessions, "anna", NOW)


def check(patient: Patient, ask: str = "can you check if I can have it", age: str = "40", **told: str) -> Said:
    """A whole check that ends with an outcome; what is not told is a no."""
    patient.now += timedelta(minutes=1)
    patient.tell(ValidateScreeningForm(), ask, "check_eligibility")
    patient.tell(ValidateScreeningForm(), age, age=age)
    for question, answer in told.items():
        said = patient.tell(ValidateScreeningForm(), question=question, answer=answer)
        if said[-1]["metadata"]["kind"] == "outcome":
            return said
    said = patient.tell(ValidateScreeningForm(), "none of those", none_of_these="no")
    assert said[-1]["metadata"]["kind"] == "outcome"
    return said


def pregnant(patient: Patient) -> None:
    patient.tell(ValidateScreeningForm(), "can you check if I can have it", "check_eligibility")
    patient.tell(ValidateScreeningForm(), "I am 30 and pregnant", age="30", pregnant="yes")
    patient.tell(ValidateScreeningForm(), "none of the rest", none_of_these="no")
    assert patient.slots["screening_outcome"] == "not_suitable"


def opens(patient: Patient, text: str = "", intent: str = "book_appointment", **entities: str) -> tuple[str, Said]:
    """The gate after a message that asks for a visit, and what is said."""
    said = patient.tell(ActionOpenBooking(), text, intent, **entities)
    return patient.slots["booking_gate"], said


def booked(patient: Patient, text: str = "book a visit") -> Booking:
    """A visit asked for once the gate is open."""
    patient.tell(ValidateBookingForm(), text, "book_appointment")
    patient.choose(WHEN)
    patient.press("note", "no")
    assert patient.press("confirm", "yes") == ["utter_booking_confirmed"]
    return visit(patient)


def visit(patient: Patient) -> Booking:
    with reading(patient.sessions) as session:
        row = session.scalars(select(Booking)).one()
        session.expunge_all()
        return row


def screening_of(row: Booking, sessions: Sessions) -> Screening:
    with reading(sessions) as session:
        found = screenings.get(session, str(row.screening_id))
        assert found is not None
        session.expunge_all()
        return found


def payloads(said: Said) -> list[str]:
    return [button["payload"] for button in said[-1]["buttons"]]


HUSBAND = '{"answer": "for:husband"}'


def test_a_husbands_outcome_opens_no_visit_for_the_patient_whom_the_check_found_it_is_not_for(anna: Patient) -> None:
    pregnant(anna)
    check(anna, "and can you check for my husband")
    gate, said = opens(anna, "book a visit")
    assert (gate, said[-1]["response"]) == ("closed", "utter_booking_not_suitable")
    assert said[-1]["buttons"] == [{"title": "For your husband", "payload": f"/book_appointment{HUSBAND}"}]


@pytest.mark.parametrize(
    ("text", "intent", "entities"),
    [
        ("book a visit for my husband", "book_appointment", {}),
        ("book it for him", "book_appointment", {}),
        ("", "book_appointment", {"answer": "for:husband"}),
        ("yes please", "affirm", {}),
    ],
    ids=["said", "him", "button", "yes to the offer"],
)
def test_a_visit_for_the_husband_stands_on_the_husbands_check(
    anna: Patient, text: str, intent: str, entities: dict[str, str]
) -> None:
    pregnant(anna)
    said = check(anna, "and can you check for my husband")
    assert f"/book_appointment{HUSBAND}" in payloads(said)
    assert opens(anna, text, intent, **entities)[0] == "open"
    first = anna.tell(ValidateBookingForm(), text, intent, **entities)[0]
    assert (first["response"], first["person"]) == ("utter_booking_for_other", "your husband")
    row = booked(anna)
    assert (row.person, row.screening_status) == ("husband", "suitable")
    assert screening_of(row, anna.sessions).answers["person"] == "husband"


def test_a_mothers_outcome_is_not_said_of_the_patient(anna: Patient) -> None:
    check(anna)
    check(anna, "and can you check for my mother", diabetes="yes")
    assert opens(anna, "book a visit")[0] == "open"
    row = booked(anna)
    assert (row.person, row.screening_status) == (None, "suitable")
    assert screening_of(row, anna.sessions).answers["about"] == "self"


def test_who_is_refused_a_visit_for_their_mother_hears_it_of_her(anna: Patient) -> None:
    check(anna)
    check(anna, "and can you check for my mother", diabetes="yes")
    gate, said = opens(anna, "book a visit for my mum")
    assert (gate, said[-1]["response"], said[-1]["person"]) == (
        "closed",
        "utter_booking_not_suitable_other",
        "your mum",
    )
    again = anna.tell(ValidateScreeningForm(), "", "check_eligibility", answer="for:mum")
    assert again[-1]["metadata"]["reasons"] == ["diabetes"]


def test_only_somebody_else_was_checked_so_the_patient_is_asked_to_check_first(anna: Patient) -> None:
    check(anna, "can you check for my husband")
    gate, said = opens(anna, "book a visit")
    assert (gate, said[-1]["response"]) == ("check_first", "utter_ask_check_first")
    assert payloads(said) == [f"/book_appointment{HUSBAND}"]
    assert opens(anna, "", answer="without_check")[0] == "open"
    row = booked(anna, "")
    assert (row.person, row.screening_status, row.screening_id) == (None, "not_screened", None)


def test_the_check_before_a_visit_for_somebody_else_is_theirs(anna: Patient) -> None:
    check(anna)
    gate, said = opens(anna, "book a visit for my sister")
    assert (gate, said[-1]["response"]) == ("check_first", "utter_ask_check_first_other")
    asked = anna.tell(ValidateScreeningForm(), "", "check_eligibility")
    assert "your sister" in asked[-1]["text"]
    anna.tell(ValidateScreeningForm(), "33", age="33")
    anna.now += timedelta(minutes=1)
    anna.tell(ValidateScreeningForm(), "none of those", none_of_these="no")
    assert opens(anna, "book a visit")[0] == "open"
    assert booked(anna).person == "sister"


def test_a_visit_without_a_check_for_somebody_else_is_not_the_patients(anna: Patient) -> None:
    check(anna)
    opens(anna, "book a visit for my sister")
    assert opens(anna, "", answer="without_check")[0] == "open"
    row = booked(anna, "")
    assert (row.person, row.screening_status) == ("sister", "not_screened")


def test_a_sister_after_a_mother_has_a_check_of_her_own(anna: Patient) -> None:
    check(anna, "can you check for my mother", diabetes="yes")
    check(anna, "can you check for my sister")
    assert opens(anna, "book a visit for my sister")[0] == "open"
    assert opens(anna, "book a visit for my mother")[0] == "closed"


def test_a_check_started_anew_is_about_the_same_person(anna: Patient) -> None:
    pregnant(anna)
    check(anna, "can you check for my husband")
    said = anna.tell(ValidateScreeningForm(), "", "check_eligibility", answer="again")
    assert "your husband" in said[-1]["text"]


# ---- the gate stands on what is stored


@pytest.mark.parametrize("way", ["stop", "talk_to_human", "restart"])
def test_a_second_check_left_or_a_conversation_begun_anew_does_not_open_the_gate(anna: Patient, way: str) -> None:
    pregnant(anna)
    anna.tell(ValidateScreeningForm(), "", "check_eligibility", answer="again")
    if way == "restart":
        anna.slots = {"consent": anna.slots["consent"]}
    else:
        anna.tell(ValidateScreeningForm(), "stop", way)
    assert anna.slots.get("screening_outcome") != "not_suitable"
    gate, said = opens(anna, "book a visit")
    assert (gate, said[-1]["response"]) == ("closed", "utter_booking_not_suitable")
    assert anna.slots["offered"] == "person"
    assert opens(anna, "", answer="without_check")[0] == "closed"
    assert opens(anna, "book it without the check")[0] == "closed"
    assert opens(anna, "no", "deny")[0] == "closed"


def test_a_second_check_that_ends_otherwise_opens_the_gate(anna: Patient) -> None:
    pregnant(anna)
    anna.now += timedelta(minutes=1)
    anna.tell(ValidateScreeningForm(), "", "check_eligibility", answer="again")
    anna.tell(ValidateScreeningForm(), "30", age="30")
    anna.tell(ValidateScreeningForm(), "none of those", none_of_these="no")
    assert opens(anna, "book a visit")[0] == "open"


# ---- an answer that changes after the visit was asked for


def of_the_visit(patient: Patient) -> tuple[list[str], list[dict[str, str]]]:
    """What the systems behind the desk hear of the visit, and the rows of the desk's queue, in order."""
    with reading(patient.sessions) as session:
        sent = session.scalars(select(OutboxItem).order_by(OutboxItem.position)).all()
        rows = session.scalars(select(TriageItem).where(TriageItem.kind == "booking").order_by(TriageItem.created_at))
        return [one.kind for one in sent], [dict(one.details) for one in rows]


def test_a_changed_answer_reaches_the_visit_the_desk_and_the_systems_behind_it(anna: Patient) -> None:
    check(anna)
    opens(anna, "book a visit")
    before = booked(anna)
    anna.now += timedelta(minutes=1)
    said = anna.tell(ValidateScreeningForm(), "wait, I take insulin", diabetes="yes")
    assert before.reference in said[-1]["text"]
    after = visit(anna)
    assert (after.status, after.screening_status, after.version) == ("proposed", "not_suitable", before.version + 1)
    assert screening_of(after, anna.sessions).outcome == "not_suitable"
    sent, rows = of_the_visit(anna)
    assert sent == ["booking.created", "booking.rescreened"]
    assert rows[-1] == {"reference": before.reference, "screening": "not_suitable"}


def test_a_changed_answer_of_the_patient_leaves_the_visit_of_somebody_else(anna: Patient) -> None:
    check(anna)
    check(anna, "can you check for my husband")
    opens(anna, "book a visit for my husband")
    booked(anna)
    anna.now += timedelta(minutes=1)
    said = anna.tell(ValidateScreeningForm(), "wait, I take insulin", diabetes="yes")
    assert said[-1]["metadata"]["outcome"] == "not_suitable"
    assert visit(anna).screening_status == "suitable"
    with reading(anna.sessions) as session:
        rows = {row.answers["about"]: row for row in screenings.current(session, "anna")}
        assert (rows["self"].outcome, rows["other"].outcome) == ("not_suitable", "suitable")
        assert rows["self"].amends is not None


def test_a_check_after_a_visit_without_one_reaches_it(anna: Patient) -> None:
    opens(anna, "book without the check")
    booked(anna)
    check(anna, pregnant="yes")
    assert visit(anna).screening_status == "not_suitable"


def test_a_visit_that_is_over_stays_as_it_was(anna: Patient) -> None:
    check(anna)
    opens(anna, "book a visit")
    row = booked(anna)
    with anna.sessions() as session:
        session.get_one(Booking, row.id).status = "fulfilled"
        session.commit()
    anna.now += timedelta(minutes=1)
    anna.tell(ValidateScreeningForm(), "I take insulin", diabetes="yes")
    assert (visit(anna).screening_status, visit(anna).version) == ("suitable", row.version)
