"""What a patient hears who writes on after an alarm: neither sent away as not understood nor told that all is well."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from bot.actions.answer import ActionAnswer, ActionNoteUnknown
from bot.actions.base import ClinicAction
from bot.actions.handoff import ActionRaiseAlert
from bot.store.opening import open_store
from tests.handover.patients import Patient
from tests.trust.conftest import empty_installation
from tests.trust.databases import NOW


@pytest.fixture
def alarmed(request: pytest.FixtureRequest, tmp_path: Path, keys: tuple[str, ...]) -> Patient:
    """A patient who has just named a danger in the middle of the check."""
    patient = Patient(open_store(empty_installation(request, "sqlite", tmp_path, keys)), "anna", NOW)
    patient.slots["screening"] = {"status": "open"}
    patient.tell(ActionRaiseAlert(), "my lips are swelling and i cant breathe", "report_emergency")
    return patient


def said(patient: Patient, action: ClinicAction, text: str, intent: str) -> list[str]:
    return [one["response"] for one in patient.tell(action, text, intent)]


@pytest.mark.parametrize(
    ("action", "intent"), [(ActionNoteUnknown(), "nlu_fallback"), (ActionNoteUnknown(), "out_of_scope"),
                           (ActionAnswer(), "inform")]
)  # fmt: skip
def test_who_takes_it_back_hears_what_to_do_if_it_is_true_and_may_go_on(
    alarmed: Patient, action: ClinicAction, intent: str
) -> None:
    (reply,) = alarmed.tell(action, "sorry that was about my sister last year, im fine", intent)
    assert reply["response"] == "utter_after_danger"
    assert [button["payload"] for button in reply["buttons"]] == ["/check_eligibility", "/talk_to_human"]


def test_a_question_after_an_alarm_still_goes_to_the_desk(alarmed: Patient) -> None:
    assert said(alarmed, ActionNoteUnknown(), "do you sell vitamin c?", "out_of_scope") == ["utter_out_of_scope"]


def test_an_hour_later_the_alarm_is_over(alarmed: Patient) -> None:
    alarmed.now = NOW + timedelta(hours=2)
    assert said(alarmed, ActionNoteUnknown(), "blue cheese", "out_of_scope") == ["utter_out_of_scope"]
