"""Criteria are data: a folder with one more criterion and its follow-ups works through, with no Python touched."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from fhir.resources.R4B.questionnaire import Questionnaire

from bot.actions.screening import ValidateScreeningForm
from bot.clinic.content import Content, load_content
from bot.clinic.report.effects import effects
from bot.clinic.screening import Heard, Turn, begin, hear
from bot.clinic.screening.explain import explain
from bot.clinic.screening.fhir import questionnaire
from bot.nlu.understanding import load_understanding
from bot.serving.content_check import check_whole_content
from bot.settings import BOT
from bot.store import screenings
from bot.store.engine import Sessions, make_engine, make_sessions, reading
from tests.databases import empty_database
from tests.handover.patients import Patient
from tests.store.conftest import key  # noqa: F401 - a fixture

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=timezone.utc)
TODAY = date(2026, 11, 25)
NEW = """
  - id: blood_thinner
    criterion: blood_thinner
    fact: F28
    kind: yes_no
    question: Do you take a medicine that makes your blood thin?
    other: Does {person} take a medicine that makes the blood thin?
    help: I mean medicine against clots. Has a doctor given one?
    why: Our leaflet says that bruises can follow.
    not_suitable: people who take a blood thinner
    review: blood thinners
    on_yes: clinician_review
    buttons: &yes_no
      - {title: "Yes", answer: "yes"}
      - {title: "No", answer: "no"}
      - {title: Not sure, answer: unsure}
    follow_ups:
      - id: blood_thinner_daily
        when: ["yes"]
        question: Do you take it every day?
        other: Does {person} take it every day?
        help: I mean each day, also today.
        why: Our leaflet says that bruises can follow.
        buttons: *yes_no
        becomes: {"yes": "yes", "no": partial}
      - id: blood_thinner_name
        kind: words
        after: blood_thinner_daily
        when: ["yes"]
        question: What is it called?
        other: What is it called?
        help: I mean the name on the pack.
        why: Our leaflet says that bruises can follow.
        buttons:
          - {title: "I'd rather not say", answer: refused}
"""
HEART_MEDICINE = "[blood thinner,"  # no sign of a heart problem any more, where it is asked by itself
NAMED = """criteria:
  blood_thinner:
    present: [warfarin, blood thinner, blood thinners]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The clinic's content with one criterion more."""
    folder = tmp_path_factory.mktemp("more") / "content"
    shutil.copytree(BOT / "content", folder)
    path = folder / "screening.yml"
    text = path.read_text(encoding="utf-8")
    before, mark, after = text.partition("\n# What a typed yes or no")
    assert mark
    path.write_text(before + NEW + mark + after)
    words = folder / "vocabulary.yml"
    named = words.read_text(encoding="utf-8").replace("\ncriteria:\n", f"\n{NAMED}", 1)
    kept = [line for line in named.splitlines() if not line.startswith(f"  - {HEART_MEDICINE}")]
    words.write_text("\n".join(kept), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def content(folder: Path) -> Content:
    return load_content(folder)


@pytest.fixture
def sessions(tmp_path: Path, key: str) -> Iterator[Sessions]:  # noqa: F811 - the fixture above
    engine = make_engine(empty_database(tmp_path / "store.db"))
    yield make_sessions(engine)
    engine.dispose()


def talk(content: Content, *words: Heard) -> Turn:
    turn = begin(content, Heard(age=40, text="I am 40, none of the usual"), TODAY)
    for said in words:
        turn = hear(turn.state, said, content, TODAY)
    return turn


NONE = Heard("inform", dict.fromkeys(("pregnant", "breastfeeding", "diabetes", "cancer"), "no"), text="none")
REST = Heard("inform", {"heart_multi_drug": "no", "liver_disease": "no", "kidney_disease": "no"}, text="none")
YES, NO = Heard("affirm", text="yes"), Heard("deny", text="no")


def test_the_folder_with_one_more_criterion_is_in_order(folder: Path) -> None:
    assert check_whole_content(folder) == []


@pytest.mark.parametrize(
    ("says", "outcome", "reasons"),
    [
        pytest.param((NO,), "suitable", (), id="no"),
        pytest.param((YES, NO), "clinician_review", ("blood_thinner",), id="now and then"),
        pytest.param((YES, YES, Heard("inform", text="warfarin")), "clinician_review", ("blood_thinner",), id="daily"),
        pytest.param((Heard("unsure", text="not sure"),), "clinician_review", ("blood_thinner",), id="unsure"),
    ],
)
def test_it_is_asked_with_its_follow_ups_and_decides(
    content: Content, says: tuple[Heard, ...], outcome: str, reasons: tuple[str, ...]
) -> None:
    asked = talk(content, NONE, REST)
    assert asked.says[-1].metadata["asks"] == "blood_thinner"
    done = talk(content, NONE, REST, *says)
    assert done.verdict is not None
    assert (done.verdict.outcome, done.verdict.reasons) == (outcome, reasons)
    assert not reasons or "blood thinners" in done.says[-1].text


def test_its_answers_are_explained_exported_and_reported(content: Content) -> None:
    done = talk(content, NONE, REST, YES, YES, Heard("inform", text="warfarin"))
    criterion = explain(done.state, content).criteria[-1]
    assert (criterion.id, criterion.state) == ("blood_thinner", "open")
    assert [one.answer.typed for one in criterion.questions if one.answer] == ["yes", "yes", "warfarin"]
    made = questionnaire(content)
    Questionnaire.model_validate(made)
    assert made["item"][-1]["item"][0]["item"][0]["linkId"] == "blood_thinner_name"
    assert {one.asked for one in effects(content.screening.questions[-1], content.screening)} == {
        "blood_thinner",
        "blood_thinner_daily",
        "blood_thinner_name",
    }


def test_the_form_asks_it_and_stores_what_was_said(content: Content, sessions: Sessions) -> None:
    patient = Patient(sessions, "anna", NOW, content=content)
    patient.tell(ValidateScreeningForm(), "can you check if I can have it", "check_eligibility")
    patient.tell(ValidateScreeningForm(), "40", age="40")
    said = patient.tell(ValidateScreeningForm(), "none of those", none_of_these="no")
    assert said[-1]["metadata"]["kind"] == "outcome", "what is told as none of these is not asked again"
    patient.now += timedelta(minutes=1)
    said = patient.tell(ValidateScreeningForm(), question="blood_thinner", answer="yes")
    assert said[-1]["metadata"] == {"kind": "question", "asks": "blood_thinner", "part": "blood_thinner_daily"}
    patient.tell(ValidateScreeningForm(), "yes", "affirm")
    said = patient.tell(ValidateScreeningForm(), "it is called warfarin", "out_of_scope")
    assert said[-1]["metadata"]["outcome"] == "clinician_review"
    with reading(sessions) as session:
        first, last = screenings.history(session, "anna")
        assert (first.outcome, last.outcome, last.amends) == ("suitable", "clinician_review", first.id)
        assert last.answers["answers"]["blood_thinner_name"]["text"] == "it is called warfarin"
        assert last.answers["amendments"][0]["was"]["value"] == "no"


def understood(folder: Path, text: str) -> dict[str, str]:
    """What the understanding makes of a message by the folder's words: entity -> value."""
    entities = load_understanding(str(folder / "vocabulary.yml")).entities(text)
    return {str(one["entity"]): str(one["value"]) for one in entities}


def test_it_is_understood_unasked_among_several_facts(folder: Path, content: Content) -> None:
    told = understood(folder, "I am 40, not pregnant, and I take a blood thinner")
    assert told == {"age": "40", "pregnant": "no", "blood_thinner": "yes"}
    facts = {name: value for name, value in told.items() if name != "age"}
    asked = begin(content, Heard("check_eligibility", facts, age=40, text="I am 40, not pregnant, …"), TODAY)
    assert asked.state.values["blood_thinner"] == "yes"
    assert "blood_thinner" not in understood(folder, "my mum took warfarin years ago")


def test_it_is_understood_as_a_correction_after_the_outcome(folder: Path, content: Content, sessions: Sessions) -> None:
    patient = Patient(sessions, "anna", NOW, content=content)
    patient.tell(ValidateScreeningForm(), "can you check if I can have it", "check_eligibility")
    patient.tell(ValidateScreeningForm(), "40", age="40")
    patient.tell(ValidateScreeningForm(), "none of those", none_of_these="no")
    patient.now += timedelta(minutes=1)
    told = understood(folder, "wait, I take warfarin")
    assert told == {"blood_thinner": "yes"}
    said = patient.tell(ValidateScreeningForm(), "wait, I take warfarin", **told)
    assert said[-1]["metadata"] == {"kind": "question", "asks": "blood_thinner", "part": "blood_thinner_daily"}
    assert said[-1]["text"].startswith(content.screening.phrases.amended)
