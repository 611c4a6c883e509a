"""Who names an illness of their own hears what the leaflet says of it, also where the rest is out of scope."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.actions.answer import ActionNoteUnknown
from bot.store.opening import open_store
from tests.handover.patients import Patient
from tests.trust.conftest import empty_installation
from tests.trust.databases import NOW


@pytest.fixture
def anna(request: pytest.FixtureRequest, tmp_path: Path, keys: tuple[str, ...]) -> Patient:
    return Patient(open_store(empty_installation(request, "sqlite", tmp_path, keys)), "anna", NOW)


def said(patient: Patient, text: str, **facts: str) -> list[str]:
    found = patient.tell(ActionNoteUnknown(), text, "out_of_scope", **facts)
    return [one.get("response") or one["metadata"]["answer"] for one in found]


def test_an_illness_of_ones_own_is_answered_from_the_leaflet_and_the_rest_left_to_a_doctor(anna: Patient) -> None:
    text = "I take warfarin for my heart. is that a problem?"
    assert said(anna, text, heart_multi_drug="unsure") == ["suitability_heart", "utter_rest_elsewhere"]


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("is diabetes dangerous in old people", {"diabetes": "yes"}),
        ("I have no diabetes but can I eat sugar", {"diabetes": "no"}),
    ],
)
def test_what_is_not_said_of_oneself_is_only_out_of_scope(anna: Patient, text: str, facts: dict[str, str]) -> None:
    assert said(anna, text, **facts) == ["utter_out_of_scope"]
