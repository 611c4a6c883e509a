"""The screening leaves as valid FHIR, says what was said, and a change of rules lists whose outcome would differ."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timezone
from typing import Any

import pytest
from fhir.resources.R4B.questionnaire import Questionnaire
from fhir.resources.R4B.questionnaireresponse import QuestionnaireResponse
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.clinic.content import load_content
from bot.clinic.screening import Heard, Screening, begin, hear
from bot.clinic.screening.explain import explain
from bot.clinic.screening.fhir import questionnaire, response
from bot.clinic.screening.interview import verdict
from bot.clinic.screening.replay import Replayed, Stored, decide, replay
from bot.settings import BOT

CONTENT = load_content(BOT / "content")
TODAY = date(2026, 11, 25)
NOW = datetime(2026, 11, 25, 9, 0, tzinfo=timezone.utc)
IDS = [one.id for question in CONTENT.screening.questions for one in (question, *question.follow_ups)]
VALUES = st.sampled_from(["yes", "no", "unsure", "past", "partial", "refused", "told"]) | st.integers(0, 120)


def answered(*says: Heard) -> Screening:
    state = begin(CONTENT, None, TODAY).state
    for heard in says:
        state = hear(state, heard, CONTENT, TODAY).state
    return state


LIVER = answered(
    Heard("inform", age=34, text="I am 34"),
    Heard("inform", facts={"diabetes": "no"}, text="no sugar trouble"),
    Heard("inform", facts={"liver_disease": "unsure"}, text="maybe my liver"),
    Heard("deny", text="no"),
)


def links(items: list[dict[str, Any]]) -> list[str]:
    return [link for item in items for link in (item["linkId"], *links(item.get("item", [])))]


def test_the_questionnaire_is_valid_and_asks_every_question_once_under_its_version() -> None:
    made = questionnaire(CONTENT)
    Questionnaire.model_validate(made)
    assert sorted(links(made["item"])) == sorted([*IDS, "age_not_given"])
    assert made["version"] == CONTENT.screening.version
    cancer = next(item for item in made["item"] if item["linkId"] == "cancer")
    assert [one["answerCoding"]["code"] for one in cancer["item"][0]["enableWhen"]] == ["past"]
    (over,) = cancer["item"][0]["item"]
    assert (over["linkId"], over["type"]) == ("cancer_over", "open-choice")
    pregnant = next(item for item in made["item"] if item["linkId"] == "pregnant")
    assert [one["operator"] for one in pregnant["enableWhen"]] == ["<", "exists"]


def test_an_answer_in_words_stands_inside_the_answers_that_led_to_it() -> None:
    told = {"cancer": "past", "cancer_treated": "no", "cancer_over": "told"}
    state = Screening()
    for id, value in told.items():
        state = state.with_answer(id, value, "in 2019" if value == "told" else "", TODAY)
    made = response(state, CONTENT, id="w", decided_at=NOW)
    (treated,) = made["item"][0]["answer"][0]["item"]
    (over,) = treated["answer"][0]["item"]
    assert (over["linkId"], over["answer"][0]["valueString"]) == ("cancer_over", "in 2019")


def test_the_response_carries_what_was_typed_and_understood_and_the_outcome() -> None:
    made = response(LIVER, CONTENT, id="s1", decided_at=NOW)
    QuestionnaireResponse.model_validate(made)
    items = {item["linkId"]: item for item in made["item"]}
    assert items["age"]["answer"][0]["valueInteger"] == 34
    assert items["age"]["answer"][0]["extension"][0]["valueString"] == "I am 34"
    assert items["liver_disease"]["answer"][0]["valueCoding"]["code"] == "unsure"
    assert made["questionnaire"].endswith(f"|{CONTENT.screening.version}")
    assert made["extension"][0]["valueCode"] == verdict(LIVER, CONTENT).outcome


def test_an_age_not_given_stands_as_a_choice_and_an_earlier_answer_is_kept() -> None:
    state = answered(Heard("refuse", text="none of your business")).with_answer("age", 17, "ok, 17", TODAY)
    made = response(state, CONTENT, id="s2", decided_at=NOW)
    assert made["status"] == "amended"
    earlier = [one for one in made["extension"] if one["url"].endswith("earlier-answer")]
    assert [part.get("valueString") for part in earlier[0]["extension"][1:3]] == ["refused", "none of your business"]
    refused = answered(Heard("refuse", text="no"))
    assert response(refused, CONTENT, id="s3", decided_at=NOW)["item"][0]["linkId"] == "age_not_given"


@settings(max_examples=60, deadline=None)
@given(answers=st.dictionaries(st.sampled_from(IDS), VALUES), text=st.text(max_size=20))
def test_any_answers_make_a_valid_response_that_replays_to_the_same_outcome(answers: Any, text: str) -> None:
    state = Screening(about="self")
    for id, value in answers.items():
        state = state.with_answer(id, value, text, TODAY)
    QuestionnaireResponse.model_validate(response(state, CONTENT, id="any", decided_at=NOW))
    explained = explain(state, CONTENT)
    assert explained.outcome == verdict(state, CONTENT).outcome
    assert decide(state.to_dict(), CONTENT.screening) == verdict(state, CONTENT)
    met = [one.id for one in explained.criteria if one.state == "met"]
    assert met == (list(explained.because) if explained.outcome == "not_suitable" else [])


def test_the_explanation_names_the_rule_the_words_and_what_they_were_taken_for() -> None:
    found = explain(LIVER, CONTENT)
    assert found.rule == "anything_unsettled"
    assert "liver_disease" in found.because
    age = found.criteria[0].questions[0].answer
    assert age is not None
    assert (age.typed, age.understood) == ("I am 34", 34)
    liver = next(one for one in found.criteria if one.id == "liver_disease")
    assert liver.state == "open"
    assert [one.question for one in liver.questions] == ["liver_disease"]


def test_an_amended_answer_shows_what_it_replaced() -> None:
    state = LIVER.with_answer("diabetes", "yes", "wait, I take insulin", TODAY)
    found = explain(state, CONTENT)
    diabetes = next(one for one in found.criteria if one.id == "diabetes").questions[0]
    assert (found.outcome, found.rule, diabetes.answer and diabetes.answer.typed) == (
        "not_suitable",
        "any_clear_yes",
        "wait, I take insulin",
    )
    assert [one.typed for one in diabetes.earlier] == ["no sugar trouble"]


CLEAR = {question.id: "no" for question in CONTENT.screening.questions} | {"age": 34}


def stored(id: str, outcome: str, **answers: Any) -> Stored:
    state = Screening()
    for key, value in (CLEAR | answers).items():
        state = state.with_answer(key, value, "", TODAY)
    return Stored(id, state.to_dict(), outcome, "demo-0")


def test_rules_that_did_not_change_decide_everybody_as_before() -> None:
    unsure = stored("c", "clinician_review", cancer="unsure")
    before = [stored("a", "suitable"), stored("b", "not_suitable", pregnant="yes"), unsure]
    assert replay(before, CONTENT.screening) == Replayed(total=3)


def test_a_criterion_that_is_dropped_or_added_lists_whose_outcome_would_differ() -> None:
    rules = CONTENT.screening
    fewer = rules.model_copy(update={"questions": tuple(one for one in rules.questions if one.id != "pregnant")})
    new = rules.questions[-1].model_copy(update={"id": "allergy", "criterion": "allergy"})
    more = rules.model_copy(update={"questions": (*rules.questions, new)})
    cancer = stored("c", "not_suitable", cancer="yes")
    people = [stored("a", "suitable"), stored("b", "not_suitable", pregnant="yes"), cancer]
    assert [(one.id, one.was, one.now) for one in replay(people, fewer).differences] == [
        ("b", "not_suitable", "suitable")
    ]
    (added,) = replay(people, more).differences
    assert (added.id, added.now, added.now_reasons) == ("a", "clinician_review", ("allergy",))


def test_a_screening_of_another_person_is_worded_so() -> None:
    other = replace(LIVER, about="other")
    wording = response(other, CONTENT, id="o", decided_at=NOW)["item"][0]["text"]
    assert wording == "How old is that person?"


@pytest.mark.parametrize("text", ["\x00", "a\x1b[31m", "\ud800"])
def test_odd_characters_do_not_stop_the_export(text: str) -> None:
    state = Screening().with_answer("pregnant", "no", text, TODAY)
    assert response(state, CONTENT, id="x", decided_at=NOW)["item"]
