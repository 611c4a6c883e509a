"""The most specific approved answer wins, and silence is a finding."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.clinic.answers import select_answer, suggestions, topic_title
from bot.clinic.content import Content, load_content


@pytest.fixture(scope="module")
def content(root: Path) -> Content:
    return load_content(root / "bot" / "content")


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        pytest.param(("ask_sessions",), "sessions", id="generic"),
        pytest.param(("ask_sessions", "hair"), "sessions_hair", id="the treatment's own answer"),
        pytest.param(("ask_sessions", "facial"), "sessions", id="generic when the treatment has none"),
        pytest.param(("ask_uses", None, "cellulite"), "uses_cellulite", id="the concern's own answer"),
        pytest.param(("ask_uses", "body", "cellulite"), "uses_cellulite", id="concern before treatment"),
        pytest.param(("ask_uses", "no_needle", "hair_loss"), "uses_hair_loss_no_needle", id="both before either"),
        pytest.param(("ask_uses", "no_needle", "cellulite"), "uses_no_needle", id="no needle answer for a needle use"),
        pytest.param(("ask_pain", "hair", "hair_loss"), "pain", id="a concern without an answer changes nothing"),
        pytest.param(("ask_suitability", None, None, "diabetes"), "suitability_diabetes", id="criterion"),
        pytest.param(("ask_suitability", "hair", "hair_loss", "diabetes"), "suitability_diabetes", id="it comes first"),
        pytest.param(("ask_safety", None, None, "diabetes"), "safety", id="generic when the criterion has none"),
        pytest.param(("ask_suitability", None, None, "asthma"), "suitability", id="an unknown criterion"),
        pytest.param(("ask_side_effects", "no_needle"), "side_effects_no_needle", id="F46"),
        pytest.param(("ask_results", "no_needle"), "results_no_needle", id="F47"),
    ],
)
def test_the_most_specific_answer_is_given(content: Content, asked: tuple[str | None, ...], given: str) -> None:
    answer = select_answer(content, *asked)  # type: ignore[arg-type]
    assert answer is not None
    assert answer.id == given


def test_a_generic_answer_says_that_it_is_not_about_the_treatment_asked(content: Content) -> None:
    answer = select_answer(content, "ask_sessions", "body")
    assert answer is not None
    assert answer.treatment is None


@pytest.mark.parametrize("topic", ["ask_session_duration", "ask_aftercare", "ask_the_weather"])
def test_there_is_no_answer_where_the_content_is_silent(content: Content, topic: str) -> None:
    assert select_answer(content, topic) is None


def test_suggestions_have_titles_and_leave_out_what_has_none(content: Content) -> None:
    assert suggestions(content, ["chitchat", "ask_pain", "ask_cost"]) == [
        {"title": topic_title(content, "ask_pain"), "payload": "/ask_pain"},
        {"title": topic_title(content, "ask_cost"), "payload": "/ask_cost"},
    ]


def test_at_most_three_topics_are_suggested(content: Content) -> None:
    assert len(suggestions(content, list(content.next_steps.topics))) == 3
