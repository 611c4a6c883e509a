"""What a typed reply counts as: a yes or no whose words say so, a number, a year, a button's title."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from bot.clinic.screening import Heard, hear, verdict
from bot.clinic.screening.telling import says
from tests.clinic.screening_talk import CONTENT, MAIN, NO, NONE, TODAY, YES, age, asks, facts, talk


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


def test_a_yes_that_names_another_illness_is_not_taken_for_the_question_asked() -> None:
    turn = talk(age(40), Heard("affirm", {"diabetes": "yes"}, text="yes i have diabetes"))
    assert (asks(turn), turn.state.values.get("pregnant"), turn.state.values["diabetes"]) == ("pregnant", None, "yes")


def test_a_no_that_names_another_illness_is_not_taken_for_the_question_asked() -> None:
    turn = talk(age(40), Heard("deny", {"diabetes": "no"}, text="no diabetes"))
    assert (asks(turn), turn.state.values.get("pregnant")) == ("pregnant", None)


def test_a_typed_no_to_a_follow_up_does_not_wipe_out_the_illness() -> None:
    others = {criterion: "no" for criterion in MAIN if criterion != "cancer"}
    first = Heard("check_eligibility", others | {"cancer": "past"}, 50, text="I am 50 …")
    turn = talk(Heard("deny", {"cancer": "no"}, text="no, the cancer is not gone"), first=first)
    assert turn.state.values["cancer"] == "past"
    assert turn.verdict is not None
    assert turn.verdict.outcome == "clinician_review"


@pytest.mark.parametrize("typed", ["Trying for a baby", "trying for a baby."])
def test_a_typed_button_title_is_that_button(typed: str) -> None:
    assert talk(age(40), Heard("chitchat", text=typed)).state.values["pregnant"] == "partial"


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


@pytest.mark.parametrize("text", ["no im healthy", "Nope, I feel great"])
def test_a_no_with_something_added_is_a_no(text: str) -> None:
    assert talk(age(40), Heard("inform", text=text)).state.values == {"age": 40, "pregnant": "no"}


@pytest.mark.parametrize("text", ["no idea honestly", "my no is not a number that you can take"])
def test_not_every_no_is_one(text: str) -> None:
    assert talk(age(40), Heard("inform", text=text)).state.values == {"age": 40}


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


@pytest.mark.parametrize(("typed", "note"), [("2008", "birthday"), ("old enough", "age_missed")])
def test_an_age_that_cannot_be_told_is_asked_with_the_reason(typed: str, note: str) -> None:
    turn = talk(Heard("inform", text=typed))
    assert turn.says[-1].text.startswith(getattr(CONTENT.screening.phrases, note))


def test_every_button_of_every_question_is_understood() -> None:
    for question in CONTENT.screening.questions:
        for asked in (question, *question.follow_ups):
            for button in asked.buttons:
                turn = talk(Heard("inform", question=asked.id, answer=button.answer))
                assert turn.state.values == {asked.id: button.answer}


def test_all_clear_since_answers_whether_the_cancer_is_still_treated() -> None:
    told = Heard("inform", {"cancer": "past"}, text="had bowel cancer in 2010, all clear since")
    turn = talk(first=told)
    assert (turn.state.values["cancer_treated"], turn.state.values["cancer_over"]) == ("no", "told")


@pytest.mark.parametrize(("text", "value"), [("one tablet for my heart", "no"), ("just one for the heart", "no")])
def test_one_tablet_answers_how_many(text: str, value: str) -> None:
    turn = talk(first=Heard("inform", {"heart_multi_drug": "unsure"}, text=text))
    assert turn.state.values["heart_medicines"] == value


def test_several_medicines_count_whatever_one_of_them_is() -> None:
    turn = talk(first=Heard("inform", {"heart_multi_drug": "yes"}, text="three heart pills, one tablet each morning"))
    assert turn.state.values["heart_medicines"] == "yes"


@pytest.mark.parametrize(("text", "value"), [("no i dont thnk so", "no"), ("I don't think so", "unsure")])
def test_a_soft_no_counts_when_the_no_is_said(text: str, value: str) -> None:
    turn = talk(age(34), Heard("unsure", text=text))
    assert turn.state.values["pregnant"] == value
