"""The check on one page: what is offered, and that its answers mean what the buttons mean."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from bot.clinic.content import Content, load_content
from bot.clinic.screening import Heard, Turn, begin, hear
from bot.clinic.screening.checklist import CHECKLIST, read_out

DAY = date(2026, 11, 26)


@pytest.fixture(scope="module")
def content(root: Path) -> Content:
    return load_content(root / "bot" / "content")


def filled(content: Content, **answers: str) -> Turn:
    """An adult's check, the checklist sent back with these answers."""
    turn = begin(content, Heard("inform", age=34, text="I am 34"), DAY)
    answer = " ".join(f"{id}={value}" for id, value in answers.items())
    return hear(turn.state, Heard("inform", question=CHECKLIST, answer=answer), content, DAY)


def criteria(content: Content) -> list[str]:
    return [question.id for question in content.screening.questions if question.kind == "yes_no"]


def test_the_first_question_offers_all_that_are_open_and_the_age_does_not(content: Content) -> None:
    turn = begin(content, None, DAY)
    assert "checklist" not in turn.says[0].metadata
    turn = hear(turn.state, Heard("inform", age=34, text="I am 34"), content, DAY)
    assert [item["id"] for item in turn.says[0].metadata["checklist"]] == criteria(content)


def test_no_to_everything_is_suitable(content: Content) -> None:
    turn = filled(content, **dict.fromkeys(criteria(content), "no"))
    assert turn.verdict is not None
    assert turn.verdict.outcome == "suitable"


def test_what_is_left_out_is_asked_and_assumed_by_nobody(content: Content) -> None:
    ids = criteria(content)
    turn = filled(content, **dict.fromkeys([one for one in ids if one != "cancer"], "no"))
    assert turn.verdict is None
    assert turn.says[0].metadata["asks"] == "cancer"
    assert "checklist" not in turn.says[0].metadata, "one question is no list"


def test_a_yes_means_what_the_button_means(content: Content) -> None:
    answers = {**dict.fromkeys(criteria(content), "no"), "heart_multi_drug": "yes"}
    assert filled(content, **answers).says[0].metadata["part"] == "heart_medicines", "how many medicines is asked still"


def test_it_is_read_out_in_the_words_of_the_questions(content: Content) -> None:
    checklist = begin(content, Heard("inform", age=34, text="I am 34"), DAY).says[0].metadata["checklist"]
    assert read_out("pregnant=no diabetes=yes", checklist) == "Are you pregnant? No\nDo you have diabetes? Yes"
    assert read_out("pregnant=nonsense", checklist) is None
