"""The screening rules, case by case, and the properties that hold for any answers at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.clinic.content import load_content
from bot.clinic.screening import Verdict, screen, settled

SCREENING = load_content(Path(__file__).resolve().parents[2] / "bot" / "content").screening
MEDICAL = ("pregnant", "breastfeeding", "diabetes", "cancer", "heart_multi_drug", "liver_disease", "kidney_disease")
CLEAR: dict[str, Any] = {"age": 34, **dict.fromkeys(MEDICAL, "no")}
UNSETTLED = ("unsure", "past", "partial", "refused")
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


@given(answer_sets, st.data())
@many
def test_the_order_of_the_answers_does_not_matter(answers: dict[str, Any], data: st.DataObject) -> None:
    shuffled = dict(data.draw(st.permutations(list(answers.items()))))
    assert screen(shuffled, SCREENING) == screen(answers, SCREENING)


@given(answer_sets, st.sampled_from(["age", *MEDICAL]), st.sampled_from(["unsure", "refused"]))
@many
def test_nothing_unsure_ends_suitable(answers: dict[str, Any], criterion: str, value: str) -> None:
    assert screen(CLEAR | answers | {criterion: value}, SCREENING).outcome != "suitable"


@given(answer_sets)
@many
def test_screening_does_not_change_the_answers(answers: dict[str, Any]) -> None:
    before = dict(answers)
    screen(answers, SCREENING)
    assert answers == before
