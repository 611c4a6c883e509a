"""Nothing personal is asked or kept before a yes to the privacy notice; questions and danger wait for nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot.actions.answer import ActionAnswer, ActionNoteUnknown
from bot.actions.base import ClinicAction
from bot.actions.booking import ActionOpenBooking, ValidateBookingForm
from bot.actions.manage import ValidateVisitForm
from bot.actions.screening import ValidateScreeningForm
from bot.store import consents
from bot.store.engine import Sessions, reading
from bot.store.models import AuditEntry, Booking, Consent, Conversation, Screening
from bot.store.opening import open_store
from tests.handover.patients import Patient, content
from tests.trust.conftest import empty_installation
from tests.trust.databases import NOW

FORMS = [ValidateScreeningForm(), ValidateBookingForm(), ValidateVisitForm()]
YES, NO = {"question": "consent", "answer": "yes"}, {"question": "consent", "answer": "no"}


@pytest.fixture
def sessions(request: pytest.FixtureRequest, tmp_path: Path, keys: tuple[str, ...]) -> Sessions:
    return open_store(empty_installation(request, "sqlite", tmp_path, keys))


@pytest.fixture
def patient(sessions: Sessions) -> Patient:
    """Somebody who was never asked."""
    return Patient(sessions, "anna", NOW, slots={})


def asks(said: list[dict[str, Any]]) -> list[str | None]:
    """What was said: the response's name, or what a text asks or is about."""
    return [
        one.get("response")
        or one["metadata"].get("asks")
        or one["metadata"].get("answer")
        or one["metadata"].get("outcome")
        for one in said
    ]


def rows(sessions: Sessions, *models: Any) -> int:
    with reading(sessions) as session:
        return sum(len(list(session.scalars(select(model)))) for model in models)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name())
def test_every_form_asks_for_consent_first_and_goes_on_after_the_yes(
    form: ClinicAction, patient: Patient, sessions: Sessions
) -> None:
    assert asks(patient.tell(form, "please", "affirm")) == ["utter_ask_consent"]
    first = asks(patient.tell(form, **YES))
    assert first
    assert "utter_ask_consent" not in first
    assert patient.slots["consent"] == content().clinic.privacy.version
    with reading(sessions) as session:
        row = consents.latest(session, "anna")
        assert row is not None
        assert (row.given, row.version, row.at) == (True, content().clinic.privacy.version, NOW)
        noted = [(one.action, one.details) for one in session.scalars(select(AuditEntry))]
    assert noted == [("consent.given", {"version": content().clinic.privacy.version})]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name())
def test_after_a_no_nothing_personal_is_kept(form: Any, patient: Patient, sessions: Sessions) -> None:
    patient.tell(form, "I am 34 and pregnant", "inform", age="34", pregnant="yes")
    assert asks(patient.tell(form, **NO)) == ["utter_consent_declined"]
    assert patient.slots[form.ended_by] == "declined"
    kept = {name: value for name, value in patient.slots.items() if value not in (None, "none", "declined")}
    assert kept == {"consent": "no"}
    assert rows(sessions, Screening, Booking) == 0
    with reading(sessions) as session:
        assert [one.given for one in session.scalars(select(Consent))] == [False]


def test_what_was_told_of_a_visit_before_the_notice_goes_with_the_no(patient: Patient, sessions: Sessions) -> None:
    patient.tell(ActionOpenBooking(), "I am pregnant, book me in, I am Kim Example", "book_appointment")
    patient.tell(ActionNoteUnknown(), "tuesday 1 december at 10, kim@example.org", "out_of_scope")
    patient.tell(ActionOpenBooking(), "no", "deny")
    assert patient.slots["booking_gate"] == "open"
    assert asks(patient.tell(ValidateBookingForm(), "no", "deny")) == ["utter_ask_consent"]
    assert "kim@example.org" in str(patient.slots)
    patient.tell(ValidateBookingForm(), **NO)
    assert {name: value for name, value in patient.slots.items() if value not in (None, "none", "declined", 0)} == {
        "consent": "no"
    }
    assert rows(sessions, Screening, Booking) == 0


def test_it_is_asked_once_for_all_forms(patient: Patient) -> None:
    patient.tell(ValidateScreeningForm(), "check me", "check_eligibility")
    patient.tell(ValidateScreeningForm(), **YES)
    assert asks(patient.tell(ValidateBookingForm(), "book", "book_appointment")) == ["utter_ask_booking_treatment"]
    assert rows(patient.sessions, Consent) == 1


def test_a_new_version_of_the_notice_is_asked_again_and_the_screening_goes_on_where_it_was(
    patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = ValidateScreeningForm()
    patient.tell(form, "check me, I am 34", "check_eligibility", age="34")
    assert asks(patient.tell(form, **YES)) == ["pregnant"]
    clinic = content().clinic
    newer = clinic.model_copy(update={"privacy": clinic.privacy.model_copy(update={"version": "newer"})})
    changed = replace(content(), clinic=newer)
    monkeypatch.setattr("tests.handover.patients.content", lambda: changed)
    assert asks(patient.tell(form, "no", "deny")) == ["utter_ask_consent"]
    assert asks(patient.tell(form, **YES)) == ["breastfeeding"]
    assert patient.slots["consent"] == "newer"


def test_a_yes_to_an_older_notice_is_no_yes_to_the_present_one(patient: Patient) -> None:
    form = ValidateScreeningForm()
    patient.tell(form, "check me", "check_eligibility")
    patient.slots["consent_asked_for"]["version"] = "older"
    assert asks(patient.tell(form, **YES)) == ["utter_ask_consent"]
    assert rows(patient.sessions, Consent) == 0


def test_what_started_the_check_counts_after_the_yes(patient: Patient) -> None:
    form = ValidateScreeningForm()
    patient.tell(form, "I'm 34, not pregnant, check me", "inform", age="34", pregnant="no")
    assert patient.slots.get("screening") is None
    assert asks(patient.tell(form, "yes, and not breastfeeding", "inform", breastfeeding="no")) == ["diabetes"]


def test_a_question_with_an_illness_is_answered_before_the_notice_and_after_a_no_without_it(
    patient: Patient, sessions: Sessions
) -> None:
    form = ValidateScreeningForm()
    told = {"text": "I'm diabetic, can I have it?", "intent": "check_eligibility", "diabetes": "yes"}
    assert asks(patient.tell(form, **told)) == ["suitability_diabetes", "utter_ask_consent"]
    patient.tell(form, **NO)
    assert asks(patient.tell(form, **told)) == ["suitability_diabetes"]
    assert patient.slots["screening_outcome"] == "declined"
    assert rows(sessions, Screening) == 0


def test_a_question_at_the_notice_is_answered_and_the_notice_asked_again_in_short(patient: Patient) -> None:
    form = ValidateScreeningForm()
    patient.tell(form, "check me", "check_eligibility")
    assert asks(patient.tell(form, "does it hurt?", "ask_pain")) == ["pain", "utter_ask_consent_again"]
    assert asks(patient.tell(form, "why do you ask?", "ask_why")) == ["utter_consent_why", "utter_ask_consent_again"]


def test_who_said_no_and_tells_of_health_is_not_asked_again(patient: Patient) -> None:
    patient.slots["consent"] = "no"
    assert asks(patient.tell(ActionAnswer(), "I'm 34 and not pregnant", "inform", age="34", pregnant="no")) == [
        "utter_told_without_consent"
    ]


def test_when_the_yes_cannot_be_written_down_nothing_is_asked(
    patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = ValidateScreeningForm()
    patient.tell(form, "check me", "check_eligibility")

    def full(*_: object, **__: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(consents, "record", full)
    with pytest.raises(OSError, match="full"):
        patient.tell(form, **YES)
    assert patient.slots.get("consent") is None


def test_a_conversation_that_only_asks_leaves_no_consent(patient: Patient, sessions: Sessions) -> None:
    patient.tell(ActionAnswer(), "does it hurt?", "ask_pain")
    assert rows(sessions, Consent, Conversation) == 0
