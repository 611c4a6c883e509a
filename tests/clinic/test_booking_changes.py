"""Every field can be changed at the read-back, by words or by a button."""

from __future__ import annotations

from typing import Any

import pytest

from tests.clinic.booking_talk import talk_at

from .diary import at


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("my name is wrong, it's Anna Sample", "name", "Anna Sample"),
        (
            "no, my number is 202 555 0199",
            "contact",
            {"kind": "phone", "value": "+12025550199", "display": "+1 202-555-0199"},
        ),
        ("change the time to thursday at 6pm", "when", at("2026-11-26 18:00").isoformat()),
        ("friday 10 instead", "when", at("2026-11-27 10:00").isoformat()),
        ("actually can it be 16:00", "when", at("2026-12-01 16:00").isoformat()),
        ("make that half past two", "when", at("2026-12-01 14:30").isoformat()),
        ("an hour later would be better", "when", at("2026-12-01 11:00").isoformat()),
    ],
)
def test_a_field_is_changed_at_the_read_back_in_one_message(text: str, field: str, value: Any) -> None:
    talk = talk_at("confirm")
    before = {key: answer for key, answer in talk.answers.items() if key != field}
    assert talk.say(text, "deny") == "utter_ask_booking_confirm"
    assert talk.answers == before | {field: value}


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("change the time", "when"),
        ("the name is not right", "name"),
        ("wrong number", "contact"),
        ("I want another treatment", "treatment"),
        ("change the note", "note"),
    ],
)
def test_naming_a_field_asks_for_it_anew(text: str, asks: str) -> None:
    assert talk_at("confirm").say(text) == f"utter_ask_booking_{asks}"


@pytest.mark.parametrize("text", ["no", "something is wrong"])
def test_a_no_asks_what_to_change(text: str) -> None:
    talk = talk_at("confirm")
    assert talk.say(text, "deny") == "utter_booking_change_what"
    assert talk.say("the time") == "utter_ask_booking_when"


def test_buttons_change_a_field_too() -> None:
    talk = talk_at("confirm")
    assert talk.press("confirm", "change") == "utter_booking_change_what"
    assert talk.press("change", "name") == "utter_ask_booking_name"
    assert talk.say("Anna") == "utter_ask_booking_confirm"


def test_a_change_is_heard_while_the_note_is_asked_for() -> None:
    talk = talk_at("note")
    talk.say("sorry, change the time to friday 10")
    assert talk.answers["when"] == at("2026-11-27 10:00").isoformat()
    assert talk.turn.state["asking"] == "note"


def test_a_yes_that_repeats_the_time_is_a_yes() -> None:
    talk = talk_at("confirm")
    talk.say("yes, tuesday is fine", "affirm")
    assert talk.turn.status == "confirmed"


def test_a_longer_treatment_that_still_fits_keeps_the_time() -> None:
    talk = talk_at("when")
    talk.press("when", "2026-12-04T15:00")
    assert talk.press("treatment", "body") == "utter_ask_booking_note"  # an hour, and the clinic closes at four


def test_a_longer_treatment_that_no_longer_fits_asks_for_the_time_again() -> None:
    talk = talk_at("when")
    talk.press("treatment", "no_needle")
    talk.press("when", "2026-12-04T15:30")
    assert talk.press("treatment", "body") == "utter_booking_time_taken"
