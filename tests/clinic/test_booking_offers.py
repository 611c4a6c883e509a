"""The question of the time: what is offered, what of it is chosen in words, and what cannot be had."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from bot.clinic.booking import interview
from tests.clinic.booking_talk import talk_at

from .diary import CLINIC, NOW, at


@pytest.mark.parametrize(
    ("text", "response"),
    [
        ("yesterday", "utter_booking_past"),
        ("sunday at 10", "utter_booking_closed"),
        ("25 december", "utter_booking_closed"),
        ("today at 4", "utter_booking_too_soon"),
        ("3 march", "utter_booking_too_far"),
        ("tuesday 10:10", "utter_booking_time_taken"),
        ("any day after 4pm", "utter_booking_times_fitting"),
        ("whenever", "utter_booking_times_fitting"),
        ("bananas", "utter_booking_when_unclear"),
    ],
)
def test_a_time_that_cannot_be_taken_comes_with_three_that_can(text: str, response: str) -> None:
    talk = talk_at("when")
    assert talk.say(text) == response
    assert len(talk.titles) == 3
    assert (
        talk.press("when", json.loads(talk.turn.says[-1].buttons[1]["payload"][7:])["answer"])
        == "utter_ask_booking_note"
    )


def test_a_closed_day_offers_the_next_open_times() -> None:
    talk = talk_at("when")
    talk.say("sunday at 10")
    assert talk.titles == ["Mon 30 Nov, 09:00", "Mon 30 Nov, 09:30", "Mon 30 Nov, 10:00"]


def test_an_ambiguous_date_is_read_back_before_it_counts() -> None:
    talk = talk_at("when")
    assert talk.say("12/1 at 10") == "utter_booking_which_date"
    assert talk.titles == ["Tue 1 Dec, 10:00", "Tue 12 Jan, 10:00"]
    assert "when" not in talk.answers
    talk.press("when", json.loads(talk.turn.says[-1].buttons[1]["payload"][7:])["answer"])
    assert talk.answers["when"] == at("2027-01-12 10:00").isoformat()


def test_two_numbers_with_a_hyphen_are_read_back_as_the_dates_and_the_hours_they_can_be() -> None:
    talk = talk_at("when")
    assert talk.say("10-12") == "utter_booking_which_date"
    assert talk.titles == ["Thu 10 Dec 2026", "10:00 to 12:00"]
    assert "when" not in talk.answers
    talk.press("when", json.loads(talk.turn.says[-1].buttons[0]["payload"][7:])["answer"])
    assert talk.titles[0] == "Thu 10 Dec, 09:00"


@pytest.mark.parametrize(
    ("text", "chosen"),
    [("the second one", "10:30"), ("10:30", "10:30"), ("last one please", "11:00"), ("half past ten", "10:30")],
)
def test_an_offer_can_be_chosen_in_words(text: str, chosen: str) -> None:
    talk = talk_at("when")
    talk.say(text)
    assert talk.answers["when"] == at(f"2026-11-26 {chosen}").isoformat()


def test_none_of_these_brings_later_times() -> None:
    talk = talk_at("when")
    talk.say("no", "deny")
    assert talk.titles == ["Thu 26 Nov, 11:30", "Thu 26 Nov, 12:00", "Thu 26 Nov, 12:30"]
    assert talk.press("when", "other") == "utter_ask_booking_when"
    assert talk.titles[0] == "Thu 26 Nov, 13:00"


def test_an_hour_that_is_not_among_the_offers_of_one_day_means_that_day() -> None:
    talk = talk_at("when")
    talk.say("thursday next week")
    assert talk.say("16:30 please") == "utter_ask_booking_note"
    assert talk.answers["when"] == at("2026-12-03 16:30").isoformat()


def test_other_times_stay_within_the_wish() -> None:
    talk = talk_at("when")
    talk.say("thursday evening")
    assert talk.titles == ["Thu 26 Nov, 17:00", "Thu 26 Nov, 17:30", "Thu 26 Nov, 18:00"]
    talk.press("when", "other")
    assert talk.titles[0] == "Thu 3 Dec, 17:00"


def test_a_wish_that_nothing_fits_brings_its_hours_on_other_days_and_the_nearest_hour_on_its_days() -> None:
    talk = talk_at("when")
    assert talk.say("a tuesday after five, not next week") == "utter_booking_none_fitting"
    assert talk.titles == ["Thu 26 Nov, 17:00", "Thu 26 Nov, 17:30", "Tue 8 Dec, 16:30"]


def test_a_full_time_offers_the_nearest_free_ones() -> None:
    start = at("2026-12-01 10:00")
    talk = talk_at("when", taken=[(start, 40), (start, 40)])
    assert talk.say("tuesday 10") == "utter_booking_time_taken"
    assert talk.values == {"wished": "Tuesday 1 December, 10:00"}
    assert "Tue 1 Dec, 09:00" in talk.titles


def test_a_diary_that_is_full_says_so() -> None:
    every = [(NOW + timedelta(days=day), 24 * 60) for day in range(62)] * 2
    assert talk_at("when", taken=[*every, *[(NOW, 24 * 60)] * 2]).said == "utter_booking_full"


def test_a_time_lost_before_the_yes_is_not_confirmed() -> None:
    talk = talk_at("confirm")
    start = at("2026-12-01 10:00")
    talk.taken += [(start, 40), (start, 40)]
    assert talk.say("yes", "affirm") == "utter_booking_time_gone"
    assert talk.turn.status == "asking"
    assert talk.say("the first one") == "utter_ask_booking_confirm"


def test_a_time_lost_in_the_store_is_offered_anew() -> None:
    talk = talk_at("confirm")
    talk.say("yes", "affirm")
    start = at("2026-12-01 10:00")
    turn = interview.time_gone(talk.turn.state, CLINIC, [(start, 40), (start, 40)], NOW)
    assert turn.says[0].response == "utter_booking_time_gone"
    assert "when" not in turn.state["answers"]
