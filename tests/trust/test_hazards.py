"""The hazard log is whole: every control it names is shown by a test that exists, and its page is up to date."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from tests.trust.hazards import PAGE, ROOT, Control, exists, load, problems, render

CRITERIA = 134  # of Release 2, counted in its own resources
DOCUMENTS = ["security.md", "cmhaff.md", "intended-use.md"]


def test_every_control_names_code_and_tests_that_exist() -> None:
    assert list(problems(load())) == []


def test_there_are_at_least_25_hazards_and_the_worst_have_a_test() -> None:
    hazards = load().hazards
    assert len(hazards) >= 25
    assert [h.id for h in hazards if h.severity == "catastrophic" and not any(c.tests for c in h.controls)] == []


def test_the_page_is_made_from_the_log() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(load()), "run: python -m tests.trust.hazards"


def test_a_test_that_was_taken_out_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "test_a.py").write_text("def test_stays(): ...\ndef helper(): ...\n")
    assert exists("test_a.py::test_stays", tmp_path)
    assert not exists("test_a.py::test_goes", tmp_path)
    assert not exists("test_a.py::helper", tmp_path)
    assert not exists("test_b.py::test_stays", tmp_path)


def test_a_control_without_a_test_or_a_plan_is_refused() -> None:
    with pytest.raises(ValidationError, match="either tests or"):
        Control(what="we take good care", where="bot")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_test_and_file_a_document_names_exists(name: str) -> None:
    text = (ROOT / "docs" / name).read_text(encoding="utf-8")
    assert [node for node in re.findall(r"`(tests/[\w/.]+::\w+)`", text) if not exists(node)] == []
    named = re.findall(r"`((?:bot|tests|deploy|docs|shared)/[\w/.-]+)`", text)
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_the_cmhaff_checklist_has_a_sentence_for_each_criterion_and_counts_right() -> None:
    text = (ROOT / "docs" / "cmhaff.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ((?:PDS|PIM|APU|AST|CNA)\.[\d.]+-\d+) \| (.+?) \| (.+?) \| (.+) \|$", text, re.MULTILINE)
    assert len({key for key, *_ in rows}) == len(rows) == CRITERIA
    assert all(len(said) > 4 for *_, said in rows)
    states = [state for _, _, state, _ in rows]
    assert set(states) == {"met", "open", "the clinic's part", "does not apply"}
    assert f"{states.count('met')} met" in text
    assert f"{states.count('open')} open" in text
