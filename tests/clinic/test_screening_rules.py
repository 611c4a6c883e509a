"""The screening rules, case by case, and the properties that hold for any answers at all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import product
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.clinic.content import Question, load_content
from bot.clinic.content.fields import Value
from bot.clinic.screening import Heard, Screening, Verdict, begin, hear, next_question, screen, settled, verdict
from bot.clinic.screening.rules import called_for

CONTENT = load_content(Path(__file__).resolve().parents[2] / "bot" / "content")
SCREENING = CONTENT.screening
TODAY = date(2026, 11, 25)
MEDICAL = ("pregnant", "breastfeeding", "diabetes", "cancer", "heart_multi_drug", "liver_disease", "kidney_disease")
CLEAR: dict[str, Any] = {"age": 34, **dict.fromkeys(MEDICAL, "no")}
UNSETTLED = ("unsure", "past", "partial", "refused")
ANSWERS = get_args(Value)
AGES = [None, 0, 17, 18, 59, 60, 120, "refused"]
RANK = {"suitable": 0, "clinician_review": 1, "not_suitable": 2}


def outcome(**answers: Any) -> Verdict:
    return screen(CLEAR | answers, SCREENING)


def test_clear_answers_are_suitable() -> None:
    assert outcome() == Verdict("suitable")


@pytest.mark.parametrize("criterion", MEDICAL)
def test_any_clear_yes_is_not_suitable(criterion: str) -> None:
    assert outcome(**{criterion: "yes"}) == Verdict("not_suitable", (criterion,))


@pytest.mark.parametrize("criterion", MEDICAL)
@pytest.mark.parametrize("value", UNSETTLED)
def test_anything_unsettled_goes_to_a_clinician(criterion: str, value: str) -> None:
    assert outcome(**{criterion: value}) == Verdict("clinician_review", (criterion,), (criterion,))


@pytest.mark.parametrize("criterion", MEDICAL)
def test_a_missing_answer_goes_to_a_clinician(criterion: str) -> None:
    answers = {key: value for key, value in CLEAR.items() if key != criterion}
    assert screen(answers, SCREENING) == Verdict("clinician_review", (criterion,), (criterion,))


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (0, Verdict("not_suitable", ("under_18",))),
        (17, Verdict("not_suitable", ("under_18",))),
        (18, Verdict("suitable")),
        (120, Verdict("suitable")),
        (121, Verdict("clinician_review", ("under_18",), ("under_18",))),
        (-1, Verdict("clinician_review", ("under_18",), ("under_18",))),
        ("unsure", Verdict("clinician_review", ("under_18",), ("under_18",))),
        ("refused", Verdict("clinician_review", ("under_18",), ("under_18",))),
        (True, Verdict("clinician_review", ("under_18",), ("under_18",))),
        (17.5, Verdict("clinician_review", ("under_18",), ("under_18",))),
    ],
)
def test_the_age_decides_under_18_and_only_a_plausible_one_counts(age: Any, expected: Verdict) -> None:
    assert outcome(age=age) == expected


def test_every_criterion_met_is_named_in_asking_order() -> None:
    found = outcome(cancer="yes", age=12, diabetes="yes", pregnant="unsure")
    assert found == Verdict("not_suitable", ("under_18", "diabetes", "cancer"), ("pregnant",))


def test_no_answers_at_all_go_to_a_clinician_with_everything_open() -> None:
    assert screen({}, SCREENING).open == ("under_18", *MEDICAL)


@pytest.mark.parametrize(
    ("answers", "criterion", "value"),
    [
        pytest.param({"cancer": "yes"}, "cancer", "yes", id="cancer"),
        pytest.param({"cancer": "past", "cancer_treated": "no"}, "cancer", "past", id="cancer that is over"),
        pytest.param({"cancer": "past", "cancer_treated": "yes"}, "cancer", "yes", id="cancer still treated"),
        pytest.param({"cancer": "past", "cancer_treated": "unsure"}, "cancer", "unsure", id="cancer, nobody knows"),
        pytest.param({"cancer": "past"}, "cancer", None, id="a follow-up still open"),
        pytest.param({"cancer": "no", "cancer_treated": "no"}, "cancer", "no", id="a follow-up that no longer matters"),
        pytest.param(
            {"heart_multi_drug": "yes", "heart_medicines": "no"}, "heart_multi_drug", "partial", id="one medicine"
        ),
        pytest.param(
            {"heart_multi_drug": "yes", "heart_medicines": "yes"}, "heart_multi_drug", "yes", id="two medicines"
        ),
        pytest.param(
            {"diabetes": "past", "diabetes_in_pregnancy": "yes"}, "diabetes", "past", id="in a pregnancy only"
        ),
        pytest.param({"pregnant": "past", "pregnant_now": "no"}, "pregnant", "no", id="pregnant in the past"),
        pytest.param({"diabetes": "partial"}, "diabetes", "partial", id="prediabetes"),
    ],
)
def test_follow_ups_settle_their_criterion(answers: dict[str, Any], criterion: str, value: str | None) -> None:
    assert settled(answers, SCREENING).get(criterion) == value


# ---- properties

values = st.sampled_from(["yes", "no", *UNSETTLED])
ages = st.one_of(st.integers(-5, 200), st.sampled_from(["unsure", "refused"]))
answer_sets = st.fixed_dictionaries({}, optional={"age": ages, **dict.fromkeys(MEDICAL, values)})
anything = st.dictionaries(
    st.sampled_from(["age", "under_18", *MEDICAL, "cancer_treated", "nonsense"]),
    st.one_of(values, ages, st.text(max_size=5), st.booleans(), st.none(), st.floats(allow_nan=True)),
)
many = settings(max_examples=200, deadline=None)


@given(anything)
@many
def test_any_answers_at_all_give_exactly_one_outcome(answers: dict[str, Any]) -> None:
    found = screen(answers, SCREENING)
    assert found.outcome in RANK
    assert (found.outcome == "suitable") == (not found.reasons)
    assert set(found.reasons) | set(found.open) <= set(SCREENING.criteria)


@given(answer_sets, st.sampled_from(MEDICAL))
@many
def test_one_more_yes_never_makes_anyone_more_suitable(answers: dict[str, Any], criterion: str) -> None:
    before, after = screen(answers, SCREENING), screen(answers | {criterion: "yes"}, SCREENING)
    assert RANK[after.outcome] >= RANK[before.outcome]
    assert criterion in after.reasons


@given(answer_sets, st.sampled_from(["age", *MEDICAL]), st.sampled_from(["unsure", "refused"]))
@many
def test_nothing_unsure_ends_suitable(answers: dict[str, Any], criterion: str, value: str) -> None:
    assert screen(CLEAR | answers | {criterion: value}, SCREENING).outcome != "suitable"


# ---- from what patients are asked: questions and follow-ups, by id

QUESTIONS = {one.id: one for question in SCREENING.questions for one in (question, *question.follow_ups)}
given_answers = st.fixed_dictionaries(
    {}, optional={id: ages if id == "age" else st.one_of(values, st.just("told")) for id in QUESTIONS}
)


def decided(answers: dict[str, Any]) -> Verdict:
    return screen(settled(answers, SCREENING), SCREENING)


def ways(question: Question) -> Iterator[dict[str, Any]]:
    """Every way to answer one question with its follow-ups, those left open included."""
    asked = [question, *question.follow_ups]
    choices = [AGES if one.id == "age" else [None, *ANSWERS, "told"] for one in asked]
    for combination in product(*choices):
        yield {one.id: value for one, value in zip(asked, combination, strict=True) if value is not None}


def test_every_way_to_answer_every_question_has_exactly_one_outcome() -> None:
    """Each question in all its ways beside clear answers, then all states of all questions with each other."""
    states: dict[str, set[str]] = {}
    for question in SCREENING.questions:
        for way in ways(question):
            found = decided({**{key: value for key, value in CLEAR.items() if key != question.id}, **way})
            state = {"not_suitable": "met", "clinician_review": "open", "suitable": "clear"}[found.outcome]
            assert found.reasons == (() if state == "clear" else (question.criterion,)), way
            states.setdefault(question.criterion, set()).add(state)
    assert all(found == {"met", "open", "clear"} for found in states.values()), states
    value = {"met": "yes", "open": "unsure", "clear": "no"}
    for combination in product(value, repeat=len(states)):
        found = screen({key: value[state] for key, state in zip(states, combination, strict=True)}, SCREENING)
        worst = next(state for state in ("met", "open", "clear") if state in combination)
        assert found.outcome == {"met": "not_suitable", "open": "clinician_review", "clear": "suitable"}[worst]


@given(given_answers, st.sampled_from([id for id in QUESTIONS if id != "age"]))
@many
def test_a_yes_to_any_question_or_follow_up_never_makes_anyone_more_suitable(answers: dict[str, Any], id: str) -> None:
    assert RANK[decided(answers | {id: "yes"}).outcome] >= RANK[decided(answers | {id: "no"}).outcome]


told_in_a_row = st.fixed_dictionaries(
    {}, optional={id: st.integers(0, 120) if id == "age" else values for id in QUESTIONS}
)


def heard_one_by_one(answers: list[tuple[str, Any]]) -> Screening:
    """A whole check in which each answer is a message of its own, in this order, whatever is asked."""
    state = begin(CONTENT, Heard("check_eligibility"), TODAY).state
    for id, value in answers:
        state = hear(state, Heard("inform", question=id, answer=str(value)), CONTENT, TODAY).state
    return state


@given(told_in_a_row, st.data())
@many
def test_the_order_in_which_answers_are_given_does_not_matter(answers: dict[str, Any], data: st.DataObject) -> None:
    given_in_order, shuffled = list(answers.items()), data.draw(st.permutations(list(answers.items())))
    first, second = heard_one_by_one(given_in_order), heard_one_by_one(shuffled)
    assert first.values == second.values == answers
    assert verdict(first, CONTENT) == verdict(second, CONTENT)
    assert next_question(first, CONTENT) == next_question(second, CONTENT)


@given(given_answers)
@many
def test_whoever_is_suitable_was_sure_of_everything_that_still_mattered(answers: dict[str, Any]) -> None:
    if decided(answers).outcome != "suitable":
        return
    assert isinstance(answers["age"], int) or answers["age"] == "no"
    for question in SCREENING.questions:
        told = [answers.get(asked.id) for asked in called_for(question, answers)]
        needless = told == [None] and question.until_age is not None and answers["age"] >= question.until_age
        assert needless or (told[-1] == "no" or question.kind == "age"), (question.id, told)


@given(answer_sets)
@many
def test_screening_does_not_change_the_answers(answers: dict[str, Any]) -> None:
    before = dict(answers)
    screen(answers, SCREENING)
    assert answers == before
