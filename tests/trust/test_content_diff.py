"""Before a change of content goes live, the clinic sees what patients will be told differently, and nothing else."""

from __future__ import annotations

from dataclasses import replace

from bot.clinic.content import Content
from bot.clinic.report import content_diff
from tests.trust.conftest import Edit


def test_equal_contents_differ_in_nothing(content: Content) -> None:
    assert content_diff(content, content) == []


def test_a_reworded_answer_names_the_questions_it_is_given_to(content: Content, edited: Edit) -> None:
    new = edited("answers.yml", "The way it is done is a bit like acupuncture.", "It is a bit like acupuncture.")
    (change,) = content_diff(content, new)
    assert change.kind == "answer"
    assert change.what == "definition"
    assert "like acupuncture" in str(change.before)
    assert str(change.after).endswith("It is a bit like acupuncture.")
    assert "ask_definition" in change.affects
    assert "ask_definition (hair)" not in change.affects  # it has an answer of its own


def test_a_new_price_shows_under_every_answer_that_quotes_it(content: Content, edited: Edit) -> None:
    changes = content_diff(content, edited("clinic.yml", "minutes: 40, price: 150", "minutes: 40, price: 155"))
    assert {change.kind for change in changes} == {"answer"}
    assert any("155 EUR" in str(change.after) and "150 EUR" in str(change.before) for change in changes)


def test_a_removed_answer_shows_what_is_said_instead(content: Content) -> None:
    fewer = replace(content, answers=tuple(one for one in content.answers if one.id != "definition_hair"))
    (change,) = content_diff(content, fewer)
    assert change.what == "definition_hair -> definition"
    assert any(question == "ask_definition (hair)" for question in change.affects)


def test_a_topic_without_an_answer_is_told_apart_from_an_empty_one(content: Content) -> None:
    fewer = replace(content, answers=tuple(one for one in content.answers if one.topic != "ask_pain"))
    changes = content_diff(content, fewer)
    assert changes
    assert all(change.after is None for change in changes)


def test_changed_facts_under_the_same_words_are_a_change(content: Content, edited: Edit) -> None:
    changes = content_diff(content, edited("answers.yml", "facts: [F01, F02]", "facts: [F01, F02, F03]"))
    assert [(change.what, change.facts_after) for change in changes] == [("definition", ("F01", "F02", "F03"))]


def test_a_changed_rule_is_a_change_even_when_no_word_changes(content: Content, edited: Edit) -> None:
    old, new = 'becomes: {"yes": "yes", "no": "no"}', 'becomes: {"yes": "yes", "no": past}'
    changes = content_diff(content, edited("screening.yml", old, new))
    assert [change.what for change in changes] == ["pregnant.rule"]
    assert "pregnant_now: No = suitable" in str(changes[0].before)
    assert "pregnant_now: No = clinician_review" in str(changes[0].after)


def test_a_warning_sign_made_weaker_is_a_change(content: Content, edited: Edit) -> None:
    changes = content_diff(
        content, edited("warning_signs.yml", "{id: seizure, level: emergency", "{id: seizure, level: urgent")
    )
    assert [(change.kind, change.what) for change in changes] == [("sign", "seizure")]
