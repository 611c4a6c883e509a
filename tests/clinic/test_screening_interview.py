"""The course of a screening: what is asked, what a message changes, and how it ends. Keys and facts, not wording."""

from __future__ import annotations

import copy
import json
from datetime import date
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.clinic.content import load_content
from bot.clinic.screening import Heard, Screening, Turn, begin, hear, next_question, resume, verdict
from bot.clinic.screening.telling import says

CONTENT = load_content(Path(__file__).resolve().parents[2] / "bot" / "content")
TODAY = date(2026, 11, 23)
NO = Heard("deny", text="no")
YES = Heard("affirm", text="yes")
NONE = Heard("inform", {"none_of_these": "no"}, text="none of those")
BLAH = Heard("", text="hm")
MAIN = ("pregnant", "breastfeeding", "diabetes", "cancer", "heart_multi_drug", "liver_disease", "kidney_disease")


def age(years: int) -> Heard:
    return Heard("inform", age=years, text=str(years))


def facts(about: str = "self", **values: str) -> Heard:
    return Heard("inform", values, about=about, text="as typed")


def talk(*messages: Heard, first: Heard | None = None) -> Turn:
    """The last turn of a conversation; the state goes through JSON between the turns, as in the slot."""
    turn = begin(CONTENT, first, TODAY)
    for message in messages:
        state = Screening.from_dict(json.loads(json.dumps(turn.state.to_dict())))
        turn = hear(state, message, CONTENT, TODAY)
    return turn


def asks(turn: Turn) -> str | None:
    """What is asked: the follow-up's own id, else `age` or the criterion."""
    asked = turn.says[-1].metadata if turn.says else {}
    return asked.get("part") or asked.get("asks")


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


@pytest.mark.parametrize(
    ("typed", "value"),
    [("1990", 35), ("born in march 2012", 13), ("2008", None), ("1066", None)],
    ids=["adult", "minor", "the birthday decides", "no year of birth"],
)
def test_a_year_of_birth_gives_an_age_unless_the_birthday_decides(typed: str, value: int | None) -> None:
    assert talk(Heard("inform", text=typed)).state.values.get("age") == value


def test_yes_is_no_age() -> None:
    assert asks(talk(YES)) == "age"


def test_a_bare_number_is_no_age_when_something_else_was_asked() -> None:
    turn = talk(
        age(34), facts(heart_multi_drug="unsure", pregnant="no", breastfeeding="no", diabetes="no", cancer="no"), age(2)
    )
    assert turn.state.values["age"] == 34


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


def test_a_yes_that_names_another_illness_is_not_taken_for_the_question_asked() -> None:
    turn = talk(age(40), Heard("affirm", {"diabetes": "yes"}, text="yes i have diabetes"))
    assert (asks(turn), turn.state.values.get("pregnant"), turn.state.values["diabetes"]) == ("pregnant", None, "yes")


def test_a_no_that_names_another_illness_is_not_taken_for_the_question_asked() -> None:
    turn = talk(age(40), Heard("deny", {"diabetes": "no"}, text="no diabetes"))
    assert (asks(turn), turn.state.values.get("pregnant")) == ("pregnant", None)


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


def test_a_typed_no_to_a_follow_up_does_not_wipe_out_the_illness() -> None:
    others = {criterion: "no" for criterion in MAIN if criterion != "cancer"}
    first = Heard("check_eligibility", others | {"cancer": "past"}, 50, text="I am 50 …")
    turn = talk(Heard("deny", {"cancer": "no"}, text="no, the cancer is not gone"), first=first)
    assert turn.state.values["cancer"] == "past"
    assert turn.verdict is not None
    assert turn.verdict.outcome == "clinician_review"


def test_several_heart_medicines_told_at_once_need_no_follow_up() -> None:
    turn = talk(first=Heard("check_eligibility", {"heart_multi_drug": "yes"}, text="three heart pills"))
    assert turn.state.values == {"heart_multi_drug": "yes", "heart_medicines": "yes"}


def test_a_yes_to_the_heart_question_asks_for_the_medicines() -> None:
    turn = talk(age(40), NO, NO, NO, NO, YES)
    assert turn.says[-1].metadata == {"kind": "question", "asks": "heart_multi_drug", "part": "heart_medicines"}


@pytest.mark.parametrize("typed", ["Trying for a baby", "trying for a baby."])
def test_a_typed_button_title_is_that_button(typed: str) -> None:
    assert talk(age(40), Heard("chitchat", text=typed)).state.values["pregnant"] == "partial"


def test_a_changed_main_answer_asks_its_follow_up_anew() -> None:
    since = Heard("inform", text="in 2019")
    turn = talk(age(40), NO, NO, NO, facts(cancer="past"), NO, since, facts(cancer="yes"), facts(cancer="past"))
    assert (asks(turn), turn.state.values.get("cancer_treated")) == ("cancer_treated", None)
    assert [one.question for one in turn.state.amendments] == ["cancer_treated", "cancer_over", "cancer", "cancer"]


def test_an_answer_in_words_is_kept_as_it_is_and_decides_nothing() -> None:
    asked = talk(age(40), NO, NO, NO, facts(cancer="past"), NO)
    said = Heard("out_of_scope", {"cancer": "yes"}, age=20, text="the last chemo was when I was 20")
    turn = hear(asked.state, said, CONTENT, TODAY)
    given = turn.state.answers["cancer_over"]
    assert (given.value, given.text, turn.state.values["cancer"], turn.state.values["age"]) == (
        "told",
        "the last chemo was when I was 20",
        "past",
        40,
    )
    assert verdict(turn.state, CONTENT) == verdict(asked.state, CONTENT)


@pytest.mark.parametrize("intent", ["ask_pain", "greet", "ask_why", "help", "stop"])
def test_what_is_no_answer_is_not_kept_for_one_in_words(intent: str) -> None:
    turn = talk(age(40), NO, NO, NO, facts(cancer="past"), NO, Heard(intent, text="something else"))
    assert "cancer_over" not in turn.state.answers


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


@pytest.mark.parametrize("text", ["no im healthy", "Nope, I feel great"])
def test_a_no_with_something_added_is_a_no(text: str) -> None:
    assert talk(age(40), Heard("inform", text=text)).state.values == {"age": 40, "pregnant": "no"}


@pytest.mark.parametrize("text", ["no idea honestly", "my no is not a number that you can take"])
def test_not_every_no_is_one(text: str) -> None:
    assert talk(age(40), Heard("inform", text=text)).state.values == {"age": 40}


def test_somebody_elses_illness_is_not_written_down_as_the_patients() -> None:
    turn = talk(age(40), facts(about="other", diabetes="yes"))
    assert (turn.notes, asks(turn), set(turn.state.answers)) == (("about_other",), "pregnant", {"age"})


def test_in_a_check_for_somebody_else_what_patients_say_of_themselves_is_not_written_down() -> None:
    mum = Heard("check_eligibility", about="other", text="can my mum have it")
    turn = talk(
        Heard("inform", age=71, text="71"), Heard("inform", {"diabetes": "yes"}, text="I'm diabetic"), first=mum
    )
    assert (turn.notes, turn.state.values, asks(turn)) == (("about_self",), {"age": 71}, "diabetes")
    assert "about your mum" in turn.says[-1].text


def test_after_an_outcome_for_somebody_else_the_patient_gets_a_check_of_their_own() -> None:
    girl = Heard("check_eligibility", about="other", age=16, text="can my daughter have it, she is 16")
    turn = talk(Heard("ask_suitability", age=45, text="ok what about me then, I'm 45"), first=girl)
    assert (turn.state.about, turn.state.values, turn.state.status) == ("self", {"age": 45}, "open")


def test_a_check_for_somebody_else_is_about_that_person_from_the_start() -> None:
    turn = talk(
        first=Heard("check_eligibility", {"diabetes": "yes"}, about="other", text="for my mum, she has diabetes")
    )
    assert (turn.state.about, turn.state.values) == ("other", {"diabetes": "yes"})
    assert turn.says[-1].text.endswith("How old is your mum?")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("can you check for my elderly mother", "your mother"),
        ("is it ok for my MUM?", "your mum"),
        ("for our daughter", "your daughter"),
        ("for someone I know", "that person"),
        ("is it ok for my 37 year old brother", "your brother"),
        ("for my bloody <b>boss</b>", "that person"),
    ],
)
def test_somebody_else_is_named_by_the_clinics_words_only(text: str, named: str) -> None:
    turn = talk(first=Heard("check_eligibility", about="other", text=text))
    assert turn.says[-1].text.endswith(f"How old is {named}?")


def test_a_person_named_later_is_named_from_then_on() -> None:
    older = Heard("inform", age=40, about="other", text="my aunt is 40")
    turn = talk(Heard("inform", about="other", text="it's not for me"), older)
    assert turn.says[-1].text.endswith("Is your aunt pregnant?")


def test_a_check_of_somebody_else_after_ones_own_is_a_new_one() -> None:
    turn = talk(age(40), NONE, Heard("inform", age=71, about="other", text="and for my mother, she is 71"))
    assert (turn.state.about, turn.state.values, turn.state.amendments) == ("other", {"age": 71}, ())


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


def test_an_age_worked_out_from_a_year_is_not_taken_where_the_birthday_decides() -> None:
    told = Heard("check_eligibility", age=18, text="I was born in 2008, can I have it?")
    assert asks(talk(first=told)) == "age"
    assert talk(Heard("inform", age=18, text="2008")).notes == ("missed", "birthday")
    assert talk(Heard("inform", age=18, text="18, I started it in 2019")).state.values["age"] == 18


@pytest.mark.parametrize(
    ("text", "intent", "value"),
    [
        ("huh?", "affirm", None),
        ("I had it once", "deny", "past"),
        ("fine", "deny", None),
        ("NOOOO!!!", "deny", "no"),
        ("nope, never", "deny", "no"),
        ("yess", "affirm", "yes"),
        ("i do", "affirm", "yes"),
        ("\N{THUMBS UP SIGN}\N{EMOJI MODIFIER FITZPATRICK TYPE-4}", "affirm", "yes"),
        ("yes I\u2019m afraid so", "unsure", "yes"),
        ("no, not that I know of", "unsure", "no"),
        ("not any more", "deny", "past"),
        ("I used to", "", "past"),
        ("maybe", "unsure", "unsure"),
        ("years ago I read your leaflet, does it hurt?", "ask_pain", None),
        ("", "affirm", "yes"),
    ],
)
def test_a_typed_yes_or_no_counts_only_when_its_words_say_so(text: str, intent: str, value: str | None) -> None:
    turn = talk(age(40), NO, NO, NO, Heard(intent, text=text))
    assert turn.state.values.get("cancer") == value


def test_the_held_out_yes_and_no_have_a_word_that_says_so() -> None:
    heldout = yaml.safe_load((Path(__file__).parents[1] / "heldout" / "intents.yml").read_text(encoding="utf-8"))
    needs = CONTENT.screening.words.needs
    assert [text for text in heldout["affirm"] if not says(text, needs["yes"])] == []
    assert [text for text in heldout["deny"] if not says(text, needs["no"])] == []


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("two", None),
        ("34", None),
        ("two tablets", None),
        ("sorry, 41", 41),
        ("I'm 41", 41),
        ("she is 41 years old", 41),
    ],
)
def test_a_number_told_unasked_is_an_age_only_with_a_word_that_says_so(text: str, years: int | None) -> None:
    turn = talk(Heard("refuse", text="no"), Heard("inform", age=41 if years else 2, text=text))
    assert turn.state.values["age"] == (years or "refused")


@pytest.mark.parametrize(
    ("text", "intent", "value"),
    [
        ("no and no cancer either", "deny", "no"),
        ("No, but I have cancer", "inform", "no"),
        ("yes and cancer too", "affirm", "yes"),
        ("yes i have cancer", "affirm", None),
        ("no cancer", "deny", None),
        ("no, no cancer", "deny", None),
    ],
)
def test_a_yes_or_no_joined_to_another_illness_answers_what_was_asked(
    text: str, intent: str, value: str | None
) -> None:
    turn = talk(age(40), Heard(intent, {"cancer": "yes"}, text=text))
    assert (turn.state.values.get("pregnant"), turn.state.values["cancer"]) == (value, "yes")


@pytest.mark.parametrize(("text", "outcome"), [("over 18", None), ("I'm under 18.", "not_suitable")])
def test_who_says_only_on_which_side_of_18_they_are_is_believed(text: str, outcome: str | None) -> None:
    turn = talk(Heard("inform", text=text))
    assert (turn.verdict.outcome if turn.verdict else None) == outcome
    assert outcome or talk(Heard("inform", text=text), NONE).says[-1].metadata["outcome"] == "suitable"


def test_not_any_more_to_a_follow_up_is_a_no() -> None:
    turn = talk(age(40), NO, NO, NO, facts(cancer="past"), Heard("deny", text="not any more"))
    assert turn.state.values["cancer_treated"] == "no"


@pytest.mark.parametrize(
    ("text", "facts_", "known"),
    [
        ("I had gestational diabetes", {"diabetes": "past"}, {"diabetes_in_pregnancy": "yes"}),
        ("I am in remission since 2018", {"cancer": "past"}, {"cancer_over": "told"}),
        ("it is in remission", {"cancer": "past"}, {}),
        ("no, not even when I was pregnant in 2018", {"diabetes": "no", "cancer": "no"}, {}),
    ],
)
def test_what_the_answer_has_told_is_not_asked_after_it(
    text: str, facts_: dict[str, str], known: dict[str, str]
) -> None:
    turn = talk(age(40), NO, NO, Heard("inform", facts_, text=text))
    told = {id: value for id, value in turn.state.values.items() if id not in {"age", *MAIN}}
    assert told == known


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


@pytest.mark.parametrize(("typed", "note"), [("2008", "birthday"), ("old enough", "age_missed")])
def test_an_age_that_cannot_be_told_is_asked_with_the_reason(typed: str, note: str) -> None:
    turn = talk(Heard("inform", text=typed))
    assert turn.says[-1].text.startswith(getattr(CONTENT.screening.phrases, note))


def test_the_number_of_questions_announced_is_what_is_left() -> None:
    told = dict.fromkeys(MAIN[:5], "no")
    assert "up to 3 short" in talk(first=Heard("check_eligibility", told)).says[-1].text
    assert "short questions" not in talk(first=Heard("check_eligibility", dict.fromkeys(MAIN, "no"))).says[-1].text


def test_saying_first_that_it_is_for_somebody_else_is_no_miss() -> None:
    turn = talk(Heard("inform", about="other", text="it's for my sister"))
    assert (turn.state.about, turn.state.misses, asks(turn)) == ("other", 0, "age")


def test_every_button_of_every_question_is_understood() -> None:
    for question in CONTENT.screening.questions:
        for asked in (question, *question.follow_ups):
            for button in asked.buttons:
                turn = talk(Heard("inform", question=asked.id, answer=button.answer))
                assert turn.state.values == {asked.id: button.answer}


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
