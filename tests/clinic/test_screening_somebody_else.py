"""A check for somebody else: whose illness is written down, how the person is named, whose check comes next."""

from __future__ import annotations

import pytest

from bot.clinic.screening import Heard
from tests.clinic.screening_talk import NONE, age, asks, facts, talk


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


def test_saying_first_that_it_is_for_somebody_else_is_no_miss() -> None:
    turn = talk(Heard("inform", about="other", text="it's for my sister"))
    assert (turn.state.about, turn.state.misses, asks(turn)) == ("other", 0, "age")


@pytest.mark.parametrize("word", ["dad", "husband", "nephew"])
def test_nobody_asks_whether_a_man_is_pregnant(word: str) -> None:
    turn = talk(age(40), first=Heard("check_eligibility", about="other", text=f"can my {word} have it?"))
    assert turn.state.person == word
    assert asks(turn) == "diabetes"
    assert (turn.state.values["pregnant"], turn.state.values["breastfeeding"]) == ("no", "no")


def test_a_man_named_for_somebody_else_is_nothing_that_was_told() -> None:
    turn = talk(first=Heard("check_eligibility", about="other", text="can my dad have it?"))
    assert turn.notes == ("intro_other",)


@pytest.mark.parametrize("said", ["no im not, I'm a man", "im a 34 year old man", "Male"])
def test_who_says_that_he_is_a_man_is_not_asked_of_breastfeeding_either(said: str) -> None:
    turn = talk(age(34), Heard("inform", text=said))
    assert (asks(turn), turn.state.values["pregnant"], turn.notes) == ("diabetes", "no", ("noted",))


def test_a_man_who_tells_otherwise_is_believed() -> None:
    turn = talk(age(34), Heard("inform", {"pregnant": "yes"}, text="i'm a man and pregnant"))
    assert turn.state.values["pregnant"] == "yes"


def test_a_man_who_asks_for_his_wife_leaves_her_questions_open() -> None:
    turn = talk(
        age(34), Heard("inform", text="i'm a man"), first=Heard("check_eligibility", about="other", text="for my wife")
    )
    assert asks(turn) == "pregnant"
