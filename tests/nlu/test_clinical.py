"""Entities: what is named, what is said about it, and about whom."""

from __future__ import annotations

import pytest

from bot.nlu.understanding import Understanding


def said(shared: Understanding, text: str) -> dict[str, object]:
    return {entity["entity"]: entity["value"] for entity in shared.entities(text)}


@pytest.mark.parametrize(
    ("text", "fact", "value"),
    [
        ("no diabetes, cancer or heart trouble", "cancer", "no"),
        ("not pregnant, type 2 diabetic", "diabetes", "yes"),
        ("not pregnant, type 2 diabetic", "pregnant", "no"),
        ("I might be pregnant", "pregnant", "unsure"),
        ("had lymphoma, all clear since 2015", "cancer", "past"),
        ("my liver is perfectly fine", "liver_disease", "no"),
        ("no kidney or liver problems", "kidney_disease", "no"),
        ("my kidneys r fine and my liver too", "liver_disease", "no"),
        ("diabetis since I was ten", "diabetes", "yes"),
        ("gave birth in may", "pregnant", "past"),
        ("expecting no. 3", "pregnant", "yes"),
        ("prefer not to say about cancer", "cancer", "unsure"),
        ("no liver probs", "liver_disease", "no"),
        ("taking bisoprolol and warfarin", "heart_multi_drug", "yes"),
        ("dont have diabetes", "diabetes", "no"),  # no question, though it begins with "do"
        ("heart trouble, i dont know what i take", "heart_multi_drug", "unsure"),
        ("1) no 2) no 3) type 2 diabetes", "diabetes", "yes"),
        ("was diabetic before, off all tablets, the doctor calls it remission", "diabetes", "past"),
        ("dont know yet if its cancer", "cancer", "unsure"),
        ("waiting on a hepatitis test", "liver_disease", "unsure"),
        ("one tablet for blood pressure", "heart_multi_drug", "unsure"),
        ("diabetes: no", "diabetes", "no"),
    ],
)
def test_what_is_said_of_a_condition_is_read(shared: Understanding, text: str, fact: str, value: str) -> None:
    assert said(shared, text)[fact] == value


def test_the_family_s_illness_is_not_the_patient_s(shared: Understanding) -> None:
    assert "diabetes" not in said(shared, "my grandmother had diabetes, I want the facial")


def test_a_question_about_people_in_general_states_no_fact(shared: Understanding) -> None:
    found = said(shared, "can people with diabetes have it")
    assert "diabetes" not in found
    assert found["criterion"] == "diabetes"


def test_who_the_patient_asks_for_is_noticed(shared: Understanding) -> None:
    entities = shared.entities("it's for my aunt, she is breastfeeding")
    assert [(e["value"], e["about"]) for e in entities if e["entity"] == "breastfeeding"] == [("yes", "other")]


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("I'm 41", 41),
        ("forty-two", 42),
        ("37", 37),
        ("my nephew is 12", 12),
        ("turning 18 in May", 17),
        ("I have 50 years", 50),
        ("respected doctor, my age is 31", 31),
        ("my daughter 15 yrs, is she too young", 15),
        ("hello. 46 now. neck wrinkly", 46),
        ("my aunty 56 only wants the facial", 56),
        ("im 65yrs", 65),
    ],
)
def test_an_age_is_read(shared: Understanding, text: str, age: int) -> None:
    assert said(shared, text)["age"] == age


@pytest.mark.parametrize(
    "text",
    [
        "it costs 50 euros",
        "come at 4",
        "20 weeks along",
        "I need 6 sessions",
        "type 2",
        "3 times a day",
        "around 16:30?",
        "i am 3 years clear",
        "the wait is 2 years",
    ],
)
def test_other_numbers_are_no_age(shared: Understanding, text: str) -> None:
    assert "age" not in said(shared, text)


def test_places_point_into_the_message_as_it_was_written(shared: Understanding) -> None:
    text = "Soooo I can't, I'm  PREGNANT!!"
    entity = next(e for e in shared.entities(text) if e["entity"] == "pregnant")
    assert text[entity["start"] : entity["end"]] == "PREGNANT"


@pytest.mark.parametrize("text", ["", " ", "👋", "\x00\x07", "?" * 500, "a" * 10_000, "'" * 50, "｡ﾟ"])
def test_odd_messages_are_read_without_fault(shared: Understanding, text: str) -> None:
    shared.entities(text)
    shared.alarm(text, [])
    shared.normal(text)


@pytest.mark.parametrize(
    "text",
    [
        "cancer is my star sign",
        "my cancer is the star sign kind",
        "i work on a dialysis ward",
        "my dog has diabetes",
        "ma has angina, i dont know what she takes",
    ],
)
def test_words_of_illness_that_are_about_something_else_say_nothing(shared: Understanding, text: str) -> None:
    assert said(shared, text) == {}


@pytest.mark.parametrize(
    "text",
    [
        "my dad has kidney disease and mine are bad too",
        "my mum has cancer and i have my own problems",
        "is it ok for people with no cancer",
        "can people without diabetes have it?",
    ],
)
def test_what_is_said_of_others_or_of_people_denies_nothing_of_the_patient(shared: Understanding, text: str) -> None:
    assert [one for one in shared.entities(text) if one["value"] == "no"] == []
