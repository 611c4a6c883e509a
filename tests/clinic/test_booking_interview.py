"""The booking conversation: what is asked, what is understood beside the question, and how it ends.

Tests speak through `Talk`, which answers with response names; wording is the domain's.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clinic.booking import interview
from bot.clinic.booking.responses import RESPONSES
from bot.clinic.booking.turns import FIELDS, Heard, Turn

from .diary import CLINIC, NOW, at

ALL = "Ana Example, 202 555 0123, facial, tuesday 10"


class Talk:
    """A booking in progress."""

    def __init__(self, taken: Sequence[tuple[datetime, int]] = (), now: datetime = NOW) -> None:
        self.taken, self.now = list(taken), now
        self.turn = Turn({}, ())

    def begin(self, text: str = "", treatment: str | None = None, **known: Any) -> str:
        self.turn = interview.begin(heard(text, "book_appointment", treatment), known, CLINIC, self.taken, self.now)
        return self.said

    def say(self, text: str, intent: str = "inform", treatment: str | None = None) -> str:
        return self._hear(heard(text, intent, treatment))

    def press(self, question: str, answer: str) -> str:
        return self._hear(Heard("inform", question=question, answer=answer))

    def _hear(self, message: Heard) -> str:
        before = json.dumps(self.turn.state)
        state = json.loads(before)
        self.turn = interview.hear(state, message, CLINIC, self.taken, self.now)
        assert json.dumps(state) == before, "the state given was changed"
        return self.said

    @property
    def said(self) -> str:
        for say in self.turn.says:
            assert set(RESPONSES[say.response]) <= set(say.values)
        return self.turn.says[-1].response if self.turn.says else ""

    @property
    def values(self) -> dict[str, str]:
        return dict(self.turn.says[-1].values)

    @property
    def titles(self) -> list[str]:
        return [button["title"] for button in self.turn.says[-1].buttons]

    @property
    def answers(self) -> dict[str, Any]:
        return self.turn.state["answers"]


def heard(text: str, intent: str, treatment: str | None = None) -> Heard:
    return Heard(intent, text, [{"entity": "treatment", "value": treatment}] if treatment else [])


def talk_at(field: str, **options: Any) -> Talk:
    """A booking in which this field is asked for."""
    talk = Talk(**options)
    talk.begin()
    for asked, (text, treatment) in {
        "treatment": ("facial", "facial"),
        "name": ("Ana Example", None),
        "contact": ("202 555 0123", None),
        "when": ("tuesday 10", None),
        "note": ("no", None),
    }.items():
        if asked == field:
            break
        talk.say(text, treatment=treatment)
    assert talk.turn.state["asking"] == field
    return talk


# --- the straight way -------------------------------------------------------------------------------------------------


def test_fields_are_asked_in_order_then_read_back_then_confirmed() -> None:
    talk = Talk()
    assert talk.begin("I want to book") == "utter_ask_booking_treatment"
    assert talk.titles == [one.title for one in CLINIC.treatments.values()]
    assert talk.say("facial", treatment="facial") == "utter_ask_booking_name"
    assert talk.say("my name is Ana Example") == "utter_ask_booking_contact"
    assert talk.say("you can reach me at Ana@example.org") == "utter_ask_booking_when"
    assert talk.say("tuesday 10") == "utter_ask_booking_note"
    assert talk.say("I am afraid of needles") == "utter_ask_booking_confirm_with_note"
    assert talk.values == {
        "treatment": "Facial mesotherapy",
        "name": "Ana Example",
        "contact": "ana@example.org",
        "when": "Tuesday 1 December, 10:00",
        "note": "I am afraid of needles",
    }
    assert talk.say("yes", "affirm") == ""
    assert talk.turn.status == "confirmed"
    assert interview.request(talk.turn.state, CLINIC) == {
        "treatment": "facial",
        "name": "Ana Example",
        "contact": "ana@example.org",
        "contact_kind": "email",
        "contact_display": "ana@example.org",
        "starts_at": at("2026-12-01 10:00"),
        "minutes": 40,
        "note": "I am afraid of needles",
        "wish": "tuesday 10",
    }


def test_every_question_says_what_it_asks() -> None:
    for field in FIELDS:
        metadata = talk_at(field).turn.says[-1].metadata
        assert (metadata["kind"], metadata["asks"]) == ("question", field)


def test_the_next_three_free_times_are_offered_as_buttons() -> None:
    talk = talk_at("when")
    assert talk.titles == ["Thu 26 Nov, 10:00", "Thu 26 Nov, 10:30", "Thu 26 Nov, 11:00"]
    assert talk.turn.says[-1].buttons[0]["payload"] == '/inform{"question": "when", "answer": "2026-11-26T10:00"}'


def test_what_is_known_already_is_not_asked_again() -> None:
    contact = {"kind": "email", "value": "ana@example.org", "display": "ana@example.org"}
    talk = Talk()
    turn = interview.begin(
        Heard("book_appointment"), {"treatment": "hair", "name": "Ana", "contact": contact}, CLINIC, [], NOW
    )
    talk.turn = turn
    assert talk.said == "utter_ask_booking_when"


def test_a_treatment_the_clinic_does_not_book_is_asked_for() -> None:
    turn = interview.begin(Heard("book_appointment"), {"treatment": "botox"}, CLINIC, [], NOW)
    assert turn.says[-1].response == "utter_ask_booking_treatment"


def test_a_booking_whose_state_was_lost_begins_again() -> None:
    assert (
        interview.hear({}, Heard("inform", "Ana"), CLINIC, [], NOW).says[-1].response == "utter_ask_booking_treatment"
    )


# --- several things at once -------------------------------------------------------------------------------------------


def test_one_message_can_answer_everything() -> None:
    talk = Talk()
    assert talk.begin(ALL, "facial") == "utter_ask_booking_note"
    assert talk.answers["name"] == "Ana Example"
    assert talk.answers["contact"]["value"] == "+12025550123"
    assert talk.answers["when"] == at("2026-12-01 10:00").isoformat()


def test_the_first_message_can_bring_a_wish_that_is_used_when_its_turn_comes() -> None:
    talk = Talk()
    assert talk.begin("a facial next tuesday after two please", "facial") == "utter_ask_booking_name"
    talk.say("Ana")
    assert talk.say("ana@example.org") == "utter_booking_times_fitting"
    assert talk.titles == ["Tue 1 Dec, 14:00", "Tue 1 Dec, 14:30", "Tue 1 Dec, 15:00"]


def test_a_month_that_is_a_name_is_taken_as_the_name() -> None:
    assert talk_at("name").say("June Carter") == "utter_ask_booking_contact"
    assert talk_at("name").say("April") == "utter_ask_booking_contact"


def test_when_to_call_is_no_wish_for_an_appointment() -> None:
    talk = talk_at("contact")
    assert talk.say("call me on friday after 5 at 202 555 0123") == "utter_ask_booking_when"
    assert talk.turn.state["wish"] is None


def test_a_name_that_is_also_a_word_is_taken_as_names_are_written_or_at_the_second_time() -> None:
    assert talk_at("name").say("Kim Hi") == "utter_ask_booking_contact"
    for text, name in (("hi", "Hi"), ("kim person", "Kim Person")):
        talk = talk_at("name")
        assert talk.say(text) == "utter_booking_name_unclear"
        assert talk.say(f" {text.upper()}") == "utter_ask_booking_contact"
        assert talk.answers["name"].lower() == name.lower()


@pytest.mark.parametrize("text", ["<b>x</b>", "not sure, 3 of us", "Not Sure", "x" * 200])
def test_what_cannot_be_a_name_is_none_the_first_time(text: str) -> None:
    assert talk_at("name").say(text) == "utter_booking_name_unclear"


def test_words_beside_a_number_do_not_replace_a_name_given_before() -> None:
    talk = talk_at("contact")
    talk.say("work, 202 555 0123")
    assert talk.answers["name"] == "Ana Example"


# --- the time ---------------------------------------------------------------------------------------------------------


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


# --- what cannot be used ----------------------------------------------------------------------------------------------

UNUSABLE = {"treatment": "purple", "name": "<b>x</b>", "contact": "later", "when": "bananas", "note": "\x00\x07"}


@pytest.mark.parametrize("field", FIELDS)
def test_the_second_unusable_answer_is_met_with_another_explanation(field: str) -> None:
    talk = talk_at(field)
    first = talk.say(UNUSABLE[field])
    assert first != f"utter_booking_explain_{field}"
    assert talk.say(UNUSABLE[field]) == f"utter_booking_explain_{field}"
    assert talk.press("booking", "go_on") == f"utter_ask_booking_{field}"
    assert talk.say(UNUSABLE[field]) == first


@pytest.mark.parametrize(
    ("text", "response"),
    [
        ("later", "utter_booking_contact_missing"),
        ("555 0123", "utter_booking_contact_phone_wrong"),
        ("ana@example", "utter_booking_contact_email_wrong"),
    ],
)
def test_a_contact_that_cannot_be_used_is_refused_with_the_reason(text: str, response: str) -> None:
    assert talk_at("contact").say(text) == response


@pytest.mark.parametrize("field", ["name", "contact"])
def test_prefer_not_to_say_explains_why_the_clinic_needs_it(field: str) -> None:
    talk = talk_at(field)
    assert talk.say("prefer not to say", "refuse") == f"utter_booking_{field}_needed"
    assert talk.turn.state["asking"] == field


@pytest.mark.parametrize("field", FIELDS)
def test_why_is_answered_and_the_question_asked_again(field: str) -> None:
    talk = talk_at(field)
    talk.say("why do you need that", "ask_why")
    assert [say.response for say in talk.turn.says] == [f"utter_booking_why_{field}", f"utter_ask_booking_{field}"]


@pytest.mark.parametrize(("text", "intent"), [("not sure", "unsure"), ("prefer not to say", "refuse")])
def test_a_treatment_can_stay_open(text: str, intent: str) -> None:
    talk = talk_at("treatment")
    assert talk.say(text, intent) == "utter_ask_booking_name"
    assert talk.answers["treatment"] == "undecided"


@pytest.mark.parametrize(
    ("text", "intent"), [("no", "deny"), ("no thanks", "inform"), ("skip", "inform"), ("-", "inform")]
)
def test_the_note_can_be_left_out(text: str, intent: str) -> None:
    assert talk_at("note").say(text, intent) == "utter_ask_booking_confirm"


def test_a_long_note_is_cut() -> None:
    talk = talk_at("note")
    talk.say("x" * 10_000)
    assert len(talk.answers["note"]) == 500


def test_the_question_is_asked_again_after_something_else_was_answered() -> None:
    for field in (*FIELDS, "confirm"):
        talk = talk_at(field)
        again = interview.ask_again(talk.turn.state, CLINIC, [], NOW)
        assert again.says == talk.turn.says


# --- changes ----------------------------------------------------------------------------------------------------------


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


# --- leaving ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", [*FIELDS, "confirm"])
@pytest.mark.parametrize(
    ("text", "intent"), [("stop", "stop"), ("Stop.", "inform"), ("forget it", "stop"), ("cancel", "cancel_booking")]
)
def test_stop_leaves_and_keeps_nothing(field: str, text: str, intent: str) -> None:
    talk = talk_at(field)
    assert talk.say(text, intent) == "utter_booking_stopped"
    assert (talk.turn.status, talk.turn.state) == ("stopped", {})


@pytest.mark.parametrize("question", ["booking", "confirm"])
def test_the_stop_button_leaves(question: str) -> None:
    talk = talk_at("confirm")
    assert talk.press(question, "stop") == "utter_booking_stopped"


def test_a_person_can_be_asked_for_at_any_time() -> None:
    talk = talk_at("contact")
    talk.press("booking", "person")
    assert talk.turn.status == "wants_person"
    assert talk.answers["name"] == "Ana Example"
    assert talk_at("contact").say("I want a human", "talk_to_human") == ""


# --- whatever is said -------------------------------------------------------------------------------------------------

ASKED = st.sampled_from([*FIELDS, "confirm", "change", "booking", "nonsense"])
ANSWER = st.sampled_from(
    ["yes", "no", "when", "other", "facial", "2026-12-03T10:00", "go_on", "person", "", "x", '"}', "{}"]
)
INTENTS = st.sampled_from(["inform", "affirm", "deny", "unsure", "refuse", "ask_why", "greet", "book_appointment"])
TEXTS = st.sampled_from(
    ["", "Ana Example", "202 555 0123", "ana@example.org", "tuesday 10", "12/1", "sunday", "yes", "the second one", ALL,
     "change the time", "whenever", "<b>", "😀", "x" * 3000, "no", "facial", "next week", "0", "\x00"]
)  # fmt: skip
MESSAGES = st.one_of(
    st.builds(lambda question, answer: Heard("inform", question=question, answer=answer), ASKED, ANSWER),
    st.builds(Heard, INTENTS, TEXTS),
    st.builds(Heard, INTENTS, st.text(max_size=40)),
)


@given(st.lists(MESSAGES, max_size=12))
def test_no_conversation_breaks_and_only_a_complete_booking_is_confirmed(messages: list[Heard]) -> None:
    turn = interview.begin(Heard("book_appointment", "book me in"), {}, CLINIC, [], NOW)
    for message in messages:
        turn = interview.hear(json.loads(json.dumps(turn.state)), message, CLINIC, [], NOW)
        if turn.status == "confirmed":
            request = interview.request(turn.state, CLINIC)
            assert all(request[key] for key in ("name", "contact", "starts_at", "minutes"))
            assert request["starts_at"] >= NOW + CLINIC.lead_time
        if turn.status != "asking":
            return
        assert turn.says
        assert turn.says[-1].metadata["kind"] == "question"
