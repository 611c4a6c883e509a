"""The clinic's own content: every claim rests on the leaflet, plain words, and silence where the leaflet is silent."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from statistics import median
from typing import get_args

import pytest

from bot.clinic.answers import select_answer
from bot.clinic.content import MAX_GRADE, MEDIAN_GRADE, Content, check_content, grade
from bot.clinic.content.fields import Concern, Treatment
from bot.clinic.content.placeholders import NAME, NAMES

WRITTEN_ON = date(2026, 11, 23)
SILENT = ("ask_session_duration", "ask_aftercare")
CRITERIA = {
    "under_18": "F18",
    "pregnant": "F19",
    "breastfeeding": "F20",
    "diabetes": "F21",
    "cancer": "F22",
    "heart_multi_drug": "F23",
    "liver_disease": "F24",
    "kidney_disease": "F25",
}


def test_the_content_has_no_problem(root: Path) -> None:
    assert check_content(root / "bot" / "content", WRITTEN_ON) == []


def test_the_leaflet_has_its_47_facts(content: Content) -> None:
    assert sorted(content.facts.texts) == [f"F{number:02}" for number in range(1, 48)]


def test_every_fact_is_cited_by_an_answer(content: Content) -> None:
    cited = {fact for answer in content.answers for fact in answer.facts}
    assert set(content.facts.texts) - cited == set()


def test_no_answer_cites_a_fact_the_leaflet_does_not_have(content: Content) -> None:
    assert {fact for answer in content.answers for fact in answer.facts} <= set(content.facts.texts)


def test_each_criterion_rests_on_its_fact(content: Content) -> None:
    assert {criterion: question.fact for criterion, question in content.screening.criteria.items()} == CRITERIA


def test_answers_read_at_grade_6_at_the_median_and_never_above_8(content: Content) -> None:
    grades = {answer.id: grade(answer.text, content.terms) for answer in content.answers}
    assert {id: value for id, value in grades.items() if value > MAX_GRADE} == {}
    assert median(grades.values()) <= MEDIAN_GRADE


def test_answers_read_at_grade_8_or_below_even_with_the_medical_terms_left_in(content: Content) -> None:
    assert {answer.id for answer in content.answers if grade(answer.text) > MAX_GRADE} == set()


def test_answers_read_at_grade_8_or_below_with_prices_and_addresses_filled_in(content: Content) -> None:
    filled = {answer.id: content.fill(answer.text) for answer in content.answers}
    assert {id for id, text in filled.items() if grade(text) > MAX_GRADE} == set()


def test_screening_texts_read_at_grade_8_or_below(content: Content) -> None:
    asked = [one for question in content.screening.questions for one in (question, *question.follow_ups)]
    texts = [text for one in asked for text in (one.help, one.why)]
    texts += [outcome.text for _, outcome in content.screening.outcomes]
    assert [text for text in texts if grade(text, content.terms) > MAX_GRADE] == []


def test_an_answer_has_two_to_four_sentences(content: Content) -> None:
    lengths = {answer.id: len(re.findall(r"[.!?](?:\s|$)", answer.text)) for answer in content.answers}
    assert {id: length for id, length in lengths.items() if not 2 <= length <= 4} == {}


@pytest.mark.parametrize("topic", SILENT)
@pytest.mark.parametrize("treatment", [None, *get_args(Treatment)])
def test_nothing_is_said_where_the_leaflet_is_silent(content: Content, topic: str, treatment: str | None) -> None:
    assert select_answer(content, topic, treatment) is None


@pytest.mark.parametrize("concern", get_args(Concern))
def test_each_use_the_leaflet_names_has_its_own_answer(content: Content, concern: str) -> None:
    answer = select_answer(content, "ask_uses", concern=concern)
    assert answer is not None
    assert answer.concern == concern


@pytest.mark.parametrize(("criterion", "fact"), CRITERIA.items())
def test_each_criterion_has_its_own_answer_citing_its_fact(content: Content, criterion: str, fact: str) -> None:
    answer = select_answer(content, "ask_suitability", criterion=criterion)
    assert answer is not None
    assert answer.criterion == criterion
    assert fact in answer.facts


@pytest.mark.parametrize("topic", ["ask_safety", "ask_suitability"])
def test_who_it_is_not_for_is_told_in_full(content: Content, topic: str) -> None:
    answer = select_answer(content, topic)
    assert answer is not None
    assert set(CRITERIA.values()) <= set(answer.facts)


def test_safe_is_the_leaflets_word_followed_by_who_it_is_not_for_and_the_clinician(content: Content) -> None:
    for answer in content.answers:
        if "F26" in answer.facts or re.search(r"\bsafe\b", answer.text):
            quoted, refused, clinician = (answer.text.find(part) for part in ("leaflet", "not for", "clinician"))
            assert -1 < quoted < refused < clinician, answer.id


def test_answers_from_the_leaflet_name_the_leaflet_as_their_source(content: Content) -> None:
    assert {
        answer.id for answer in content.answers if answer.source == "leaflet" and "leaflet" not in answer.text
    } == set()


def test_no_answer_promises_prescribes_or_doses(content: Content) -> None:
    forbidden = r"\b(guarantee[sd]?|will (work|cure|heal)|risk-free|100 ?%|\d+ ?(mg|ml|units))\b"
    assert {answer.id for answer in content.answers if re.search(forbidden, answer.text, re.IGNORECASE)} == set()


def test_the_names_of_placeholders_are_the_ones_that_are_filled(content: Content) -> None:
    assert set(content.placeholders()) == set(NAMES)


def test_no_braces_reach_the_patient(content: Content) -> None:
    texts = [answer.text for answer in content.answers] + [sign.advice or "" for sign in content.warning_signs]
    assert [text for text in map(content.fill, texts) if NAME.search(text)] == []


def test_the_demo_clinic_is_marked_as_invented(content: Content) -> None:
    clinic = content.clinic
    assert clinic.demo
    assert clinic.name.startswith("Demo ")
    assert re.fullmatch(r"\+1 202 555 01\d\d", clinic.phone)
    assert clinic.email.endswith("example.org")
    assert all("Demo" in doctor.name for doctor in clinic.doctors)


def test_every_warning_sign_of_the_design_is_there_with_its_level(content: Content) -> None:
    levels = {sign.id: sign.level for sign in content.warning_signs}
    emergency = (
        "breathing",
        "airway_swelling",
        "collapse",
        "chest_pain",
        "vision_loss",
        "skin_colour",
        "seizure",
        "suicide",
    )
    urgent = ("fever", "pus", "spreading", "worsening_pain", "late_lumps")
    assert levels == dict.fromkeys(emergency, "emergency") | dict.fromkeys(urgent, "urgent")
