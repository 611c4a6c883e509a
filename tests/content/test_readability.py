"""Reading ease is measured by the published formula, offline."""

from __future__ import annotations

import pytest

from bot.clinic.content import grade


@pytest.mark.parametrize(
    ("text", "words", "sentences", "syllables"),
    [
        ("The cat sat on the mat.", 6, 1, 6),
        ("Our leaflet says it is not painful. Ask us about it.", 11, 2, 15),
        ("No. It is not for you.", 6, 1, 6),
    ],
)
def test_the_grade_is_flesch_kincaid(text: str, words: int, sentences: int, syllables: int) -> None:
    assert grade(text) == pytest.approx(0.39 * words / sentences + 11.8 * syllables / words - 15.59)


def test_a_forced_term_counts_as_its_stand_in() -> None:
    assert grade("We use hyaluronic acid here.", {"hyaluronic acid": "gel"}) == grade("We use gel here.")


def test_a_placeholder_counts_as_one_plain_word() -> None:
    assert grade("Please call {clinic_phone} today.") == grade("Please call this today.")


def test_a_text_without_words_has_grade_zero() -> None:
    assert grade(" … ") == 0.0


def test_a_word_the_dictionary_lacks_still_has_syllables() -> None:
    assert grade("The mesopeelingish is here now.") > grade("The peel is here now.")
