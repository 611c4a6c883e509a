"""The booking conversation: what is asked, what is understood beside the question, and how it ends.

Tests speak through `Talk`, which answers with response names; wording is the domain's.
"""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clinic.booking import interview
from bot.clinic.booking.turns import FIELDS, Heard
from tests.clinic.booking_talk import ALL, Talk, talk_at

from .diary import CLINIC, NOW, at

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


def test_what_is_told_instead_of_the_answer_is_said_to_be_noted() -> None:
    talk = talk_at("name")
    talk.say("ana@example.org")
    assert [say.response for say in talk.turn.says] == ["utter_booking_noted", "utter_ask_booking_name"]
    assert talk.say("Ana") == "utter_ask_booking_when", "and is not asked for again"
    assert "utter_booking_noted" not in [say.response for say in talk.turn.says]


def test_words_beside_a_number_do_not_replace_a_name_given_before() -> None:
    talk = talk_at("contact")
    talk.say("work, 202 555 0123")
    assert talk.answers["name"] == "Ana Example"


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
