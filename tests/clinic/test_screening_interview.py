"""The course of a screening: what is asked, what a message changes, and how it ends. Keys and facts, not wording."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.clinic.screening import Heard, begin, hear, next_question, resume, verdict
from tests.clinic.screening_talk import BLAH, CONTENT, MAIN, NO, NONE, TODAY, YES, age, asks, facts, talk


def test_the_first_question_is_the_age() -> None:
    assert asks(talk()) == "age"


def test_all_clear_is_suitable_after_eight_answers() -> None:
    turn = talk(age(34), *[NO] * 7)
    assert turn.says[-1].metadata == {
        "kind": "outcome",
        "outcome": "suitable",
        "reasons": [],
        "facts": ["F18", "F19", "F20", "F21", "F22", "F23", "F24", "F25"],
    }
    assert turn.state.status == "done"


def test_the_criteria_are_asked_in_the_order_of_the_content() -> None:
    assert [asks(talk(age(34), *[NO] * count)) for count in range(7)] == list(MAIN)


def test_under_18_ends_at_once() -> None:
    turn = talk(age(17))
    assert turn.says[-1].key == "under_18"
    assert (turn.verdict and turn.verdict.reasons, turn.state.status) == (("under_18",), "done")


@pytest.mark.parametrize("value", [-3, 121, 300])
def test_an_implausible_age_is_asked_again(value: int) -> None:
    turn = talk(age(value))
    assert (asks(turn), turn.notes, dict(turn.state.answers)) == ("age", ("missed",), {})


def test_several_volunteered_facts_count_at_once_and_are_not_asked_again() -> None:
    turn = talk(first=Heard("check_eligibility", {"diabetes": "no", "pregnant": "no"}, 41, text="41, not pregnant …"))
    assert (asks(turn), "noted" in turn.notes) == ("breastfeeding", True)


def test_a_yes_does_not_stop_the_check_so_every_reason_is_found() -> None:
    turn = talk(age(40), NO, NO, YES, NO, NO, YES, NO)
    assert turn.verdict is not None
    assert turn.verdict.reasons == ("diabetes", "liver_disease")
    assert turn.says[-1].metadata["facts"] == ["F21", "F24"]


@pytest.mark.parametrize(("intent", "value"), [("unsure", "unsure"), ("refuse", "refused")])
def test_unsure_and_refused_are_answers_that_a_clinician_settles(intent: str, value: str) -> None:
    turn = talk(age(40), Heard(intent), *[NO] * 6)
    assert turn.state.values["pregnant"] == value
    assert turn.says[-1].metadata["outcome"] == "clinician_review"
    assert turn.says[-1].metadata["reasons"] == ["pregnant"]


@pytest.mark.parametrize(
    ("main", "asked", "answer", "outcome"),
    [
        ({"cancer": "past"}, "cancer_treated", NO, "clinician_review"),
        ({"cancer": "past"}, "cancer_treated", YES, "not_suitable"),
        ({"cancer": "past"}, "cancer_treated", Heard("unsure"), "clinician_review"),
        ({"cancer": "past"}, "cancer_treated", facts(cancer="yes"), "not_suitable"),
        ({"cancer": "past"}, "cancer_treated", facts(cancer="past"), "clinician_review"),
        ({"heart_multi_drug": "unsure"}, "heart_medicines", YES, "not_suitable"),
        ({"heart_multi_drug": "unsure"}, "heart_medicines", NO, "clinician_review"),
        ({"heart_multi_drug": "unsure"}, "heart_medicines", Heard("inform", text="Two!"), "not_suitable"),
        ({"heart_multi_drug": "unsure"}, "heart_medicines", Heard("inform", text="just one"), "clinician_review"),
        ({"heart_multi_drug": "unsure"}, "heart_medicines", facts(heart_multi_drug="yes"), "not_suitable"),
        ({"heart_multi_drug": "unsure"}, "heart_medicines", facts(heart_multi_drug="unsure"), "clinician_review"),
        ({"diabetes": "past"}, "diabetes_in_pregnancy", YES, "clinician_review"),
        ({"pregnant": "past"}, "pregnant_now", NO, "suitable"),
        ({"breastfeeding": "past"}, "breastfeeding_now", NO, "suitable"),
    ],
)
def test_a_follow_up_is_asked_and_decides(main: dict[str, str], asked: str, answer: Heard, outcome: str) -> None:
    others = {criterion: "no" for criterion in MAIN if criterion not in main}
    turn = talk(first=Heard("check_eligibility", main | others, 50, text="I am 50 …"))
    assert asks(turn) == asked
    done = hear(turn.state, answer, CONTENT, TODAY)
    if asks(done) == "cancer_over":
        done = hear(done.state, Heard("inform", text="in 2019"), CONTENT, TODAY)
    assert done.verdict is not None
    assert done.verdict.outcome == outcome


def test_correcting_the_main_answer_to_no_drops_its_follow_up() -> None:
    before = talk(age(50), facts(heart_multi_drug="unsure"))
    button = Heard("inform", question="heart_multi_drug", answer="no")
    after = hear(before.state, button, CONTENT, TODAY)
    asked = {asks(after)}
    while after.verdict is None:
        after = hear(after.state, NO, CONTENT, TODAY)
        asked.add(asks(after))
    assert "heart_medicines" not in asked
    assert after.verdict.outcome == "suitable"


def test_several_heart_medicines_told_at_once_need_no_follow_up() -> None:
    turn = talk(first=Heard("check_eligibility", {"heart_multi_drug": "yes"}, text="three heart pills"))
    assert turn.state.values == {"heart_multi_drug": "yes", "heart_medicines": "yes"}


def test_a_yes_to_the_heart_question_asks_for_the_medicines() -> None:
    turn = talk(age(40), NO, NO, NO, NO, YES)
    assert turn.says[-1].metadata == {"kind": "question", "asks": "heart_multi_drug", "part": "heart_medicines"}


def test_a_changed_main_answer_asks_its_follow_up_anew() -> None:
    since = Heard("inform", text="in 2019")
    turn = talk(age(40), NO, NO, NO, facts(cancer="past"), NO, since, facts(cancer="yes"), facts(cancer="past"))
    assert (asks(turn), turn.state.values.get("cancer_treated")) == ("cancer_treated", None)
    assert [one.question for one in turn.state.amendments] == ["cancer_treated", "cancer_over", "cancer", "cancer"]


def test_an_amended_answer_counts_and_the_first_one_stays_on_record() -> None:
    turn = talk(age(40), NO, NO, facts(pregnant="yes"))
    assert turn.notes == ("amended",)
    assert turn.state.values["pregnant"] == "yes"
    assert [(one.question, one.was.value, one.was.text) for one in turn.state.amendments] == [("pregnant", "no", "no")]


def test_an_amendment_after_the_outcome_changes_the_outcome() -> None:
    turn = talk(age(40), NONE, facts(diabetes="yes"))
    assert turn.verdict is not None
    assert turn.verdict.outcome == "not_suitable"


def test_an_age_amended_after_under_18_goes_on_with_the_questions_and_stays_on_record() -> None:
    turn = talk(age(17), Heard("inform", age=27, text="sorry, 27"))
    assert asks(turn) == "pregnant"
    assert turn.state.amendments[0].was.value == 17


def test_none_of_these_answers_all_open_criteria_and_no_others() -> None:
    turn = talk(age(40), facts(diabetes="unsure"), NONE)
    assert turn.state.values == {"age": 40, **dict.fromkeys(MAIN, "no"), "diabetes": "unsure"}


def test_none_of_these_still_asks_for_the_age() -> None:
    assert asks(talk(NONE)) == "age"


def test_none_except_one_records_that_one() -> None:
    turn = talk(age(40), facts(none_of_these="no", diabetes="yes"))
    assert turn.verdict is not None
    assert turn.verdict.reasons == ("diabetes",)


def test_a_none_to_a_follow_up_answers_only_the_follow_up() -> None:
    turn = talk(age(40), NO, NO, NO, NO, facts(heart_multi_drug="unsure"), NONE)
    assert turn.state.values["heart_medicines"] == "no"
    assert asks(turn) == "liver_disease"


def test_a_simple_no_answers_one_question_only() -> None:
    assert set(talk(age(40), NO).state.answers) == {"age", "pregnant"}


def test_the_first_miss_asks_again_and_the_second_explains_and_offers_ways_out() -> None:
    once, twice = talk(age(40), BLAH), talk(age(40), BLAH, BLAH)
    assert (asks(once), once.notes) == ("pregnant", ("missed",))
    assert (twice.says[-1].key, twice.notes) == ("pregnant/offer", ("missed", "offer"))
    assert [button["payload"] for button in twice.says[-1].buttons] == [
        '/inform{"question": "pregnant", "answer": "skip"}',
        "/talk_to_human",
        "/stop",
    ]


def test_an_answer_after_misses_is_taken_and_misses_are_counted_anew() -> None:
    turn = talk(age(40), BLAH, BLAH, NO, BLAH)
    assert (asks(turn), turn.state.misses) == ("breastfeeding", 1)


def test_a_skipped_question_goes_to_a_clinician() -> None:
    turn = talk(age(40), BLAH, BLAH, Heard("inform", question="pregnant", answer="skip"), NONE)
    assert turn.verdict is not None
    assert turn.verdict.open == ("pregnant",)


def test_a_button_answers_the_question_it_belongs_to() -> None:
    turn = talk(age(40), Heard("inform", question="cancer", answer="no"))
    assert (turn.state.values["cancer"], asks(turn)) == ("no", "pregnant")


def test_a_button_pressed_twice_is_no_miss() -> None:
    press = Heard("inform", question="pregnant", answer="no")
    turn = talk(age(40), press, press)
    assert (asks(turn), turn.state.misses) == ("breastfeeding", 0)


@pytest.mark.parametrize(
    ("question", "answer"), [("shoe_size", "no"), ("pregnant", "maybe"), ("age", "999"), ("age", "old")]
)
def test_a_button_nobody_offered_changes_nothing(question: str, answer: str) -> None:
    before = talk(age(40))
    assert (
        hear(before.state, Heard("inform", question=question, answer=answer), CONTENT, TODAY).state.answers
        == before.state.answers
    )


def test_why_is_answered_with_the_fact_and_the_question_comes_again() -> None:
    turn = talk(age(40), Heard("ask_why"))
    assert [say.key for say in turn.says] == ["pregnant/why", "pregnant"]
    assert turn.says[0].metadata["facts"] == ["F19"]
    assert turn.state.misses == 0


def test_help_asks_in_other_words() -> None:
    assert talk(age(40), Heard("help")).says[-1].key == "pregnant/help"


def test_a_question_of_the_patients_is_no_miss() -> None:
    turn = talk(age(40), Heard("ask_pain"))
    assert (turn.notes, turn.state.misses, asks(turn)) == (("digression",), 0, "pregnant")


def test_stop_stops_and_resume_goes_on_where_it_was() -> None:
    stopped = talk(age(40), NO, Heard("stop"))
    assert (stopped.state.status, stopped.verdict, stopped.says[-1].key) == ("stopped", None, "stopped")
    assert hear(stopped.state, NO, CONTENT, TODAY).state == stopped.state
    assert asks(resume(stopped.state, CONTENT)) == "breastfeeding"


def test_a_person_ends_the_check() -> None:
    assert talk(age(40), Heard("talk_to_human")).state.status == "person"


def test_nobody_past_the_age_is_asked_whether_they_are_pregnant_unless_the_age_changes() -> None:
    turn = talk(age(71))
    assert asks(turn) == "diabetes"
    younger = Heard("inform", age=41, text="sorry, I meant 41")
    assert asks(hear(turn.state, younger, CONTENT, TODAY)) == "pregnant"
    told = hear(turn.state, facts(pregnant="yes"), CONTENT, TODAY)
    assert "pregnant" in verdict(told.state, CONTENT).reasons


def test_a_finished_check_asked_for_again_says_its_outcome_and_offers_a_new_one() -> None:
    done = talk(age(40), facts(diabetes="yes", none_of_these="no"))
    again = hear(done.state, Heard("check_eligibility", text="can I have it?"), CONTENT, TODAY)
    assert (again.state, again.verdict, again.says[-1].values["outcome"]) == (done.state, None, "not_suitable")
    assert '/check_eligibility{"answer": "again"}' in {button["payload"] for button in again.says[-1].buttons}


@pytest.mark.parametrize(
    ("answer", "note"),
    [(YES, "told"), (facts(pregnant="partial"), "told"), (Heard("refuse"), "respected"), (NO, None)],
)
def test_a_hard_answer_is_acknowledged_before_the_next_question(answer: Heard, note: str | None) -> None:
    turn = talk(age(40), answer)
    assert turn.notes == ((note,) if note else ())
    assert note is None or getattr(CONTENT.screening.phrases, note) in turn.says[-1].text


@pytest.mark.parametrize(
    ("intent", "note"), [("greet", "greeted"), ("thank", "thanked"), ("chitchat", "chatted"), ("goodbye", "left")]
)
def test_small_talk_in_the_middle_gets_a_word_and_is_no_miss(intent: str, note: str) -> None:
    turn = talk(age(40), Heard(intent, text="hello there"))
    assert getattr(CONTENT.screening.phrases, note) in turn.says[-1].text
    assert (turn.state.misses, turn.state.asked) == (0, "pregnant")


def test_the_last_question_is_announced_once() -> None:
    turn = talk(age(40), *[NO] * 6)
    assert CONTENT.screening.phrases.nearly in turn.says[-1].text
    again = hear(turn.state, Heard("ask_pain", text="does it hurt?"), CONTENT, TODAY)
    assert CONTENT.screening.phrases.nearly not in again.says[-1].text


def test_the_number_of_questions_announced_is_what_is_left() -> None:
    told = dict.fromkeys(MAIN[:5], "no")
    assert "up to 3 short" in talk(first=Heard("check_eligibility", told)).says[-1].text
    assert "short questions" not in talk(first=Heard("check_eligibility", dict.fromkeys(MAIN, "no"))).says[-1].text


# ---- properties

heard = st.builds(
    Heard,
    intent=st.sampled_from(
        ["affirm", "deny", "unsure", "refuse", "inform", "chitchat", "ask_why", "help", "ask_pain", "stop"]
    ),
    facts=st.dictionaries(
        st.sampled_from([*MAIN, "cancer_treated", "heart_medicines", "none_of_these", "under_18", "nonsense"]),
        st.sampled_from(["yes", "no", "unsure", "past", "partial", "refused", "blue"]),
        max_size=3,
    ),
    age=st.one_of(st.none(), st.integers(-5, 130)),
    about=st.sampled_from(["self", "self", "self", "other"]),
    question=st.sampled_from([None, None, "pregnant", "age", "cancer_treated", "nonsense"]),
    answer=st.sampled_from([None, "yes", "no", "skip", "34", "blue"]),
    text=st.sampled_from(["", "yes", "34", "I am that old"]),
)
some = settings(max_examples=120, deadline=None)


@given(st.lists(heard, max_size=8))
@some
def test_any_conversation_either_asks_ends_or_stays_silent_after_its_end(messages: list[Heard]) -> None:
    turn = talk(*messages)
    assert turn.says or turn.state.status != "open"
    assert (turn.state.status == "open") == (turn.state.asked is not None)
    assert {"open", "done", "stopped", "person"} >= {turn.state.status}


@given(st.lists(heard, max_size=6), heard)
@some
def test_hearing_never_changes_the_state_it_was_given(messages: list[Heard], last: Heard) -> None:
    state = talk(*messages).state
    before = copy.deepcopy(state)
    hear(state, last, CONTENT, TODAY)
    assert state == before


@given(st.lists(heard, max_size=8))
@some
def test_no_answer_is_ever_lost(messages: list[Heard]) -> None:
    turn = begin(CONTENT, None, TODAY)
    for message in messages:
        after = hear(turn.state, message, CONTENT, TODAY)
        kept = [given for given in after.state.answers.values()] + [one.was for one in after.state.amendments]
        is_another = turn.state.status == "done" and after.state.about != turn.state.about  # a check of somebody else
        assert is_another or all(given in kept for given in turn.state.answers.values())
        turn = after


@given(st.lists(heard, max_size=8))
@some
def test_suitable_is_only_reached_with_an_adult_age_and_every_criterion_denied(messages: list[Heard]) -> None:
    turn = talk(*messages, *[NO] * 3)
    if turn.verdict is not None and turn.verdict.outcome == "suitable":
        assert next_question(turn.state, CONTENT) is None
        assert verdict(turn.state, CONTENT).open == ()
        assert all(turn.state.values[criterion] in ("no", "past") for criterion in MAIN)


def test_what_is_said_again_after_the_outcome_hears_the_outcome_again() -> None:
    turn = talk(age(17), age(17))
    assert (turn.notes, turn.says[-1].values["outcome"]) == (("again",), "not_suitable")
