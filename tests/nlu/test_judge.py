"""The danger guard's judge, and the rows it reads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bot.nlu.danger import Alarm
from bot.nlu.encoders import MINILM_SIZE, load_encoder
from bot.nlu.guard_model import NOTHING, GuardModel, Opinion
from bot.nlu.judge import Judge
from bot.nlu.parser import GUARD_LAYERS
from bot.nlu.understanding import Understanding

NOW = ["my throat is closing up", "she cannot breathe", "he passed out", "my chest hurts badly", "i see nothing at all"]
TALK = ["my throat was never sore", "could she breathe", "he did not pass out", "is chest pain common", "blind date"]


@pytest.fixture(scope="module")
def guard() -> GuardModel:
    return GuardModel.fit(NOW + TALK, rows(NOW + TALK), ["breathing"] * len(NOW) + [NOTHING] * len(TALK), MINILM_SIZE)


def rows(texts: list[str]) -> np.ndarray:
    return load_encoder("tuned").layers(texts, GUARD_LAYERS)


def decided(shared: Understanding, text: str, now: float) -> Alarm | None:
    return shared.alarm(text, [], [Opinion({"breathing": now}, now)])


def test_a_row_begins_with_the_vector_and_each_layer_has_length_one() -> None:
    row = rows(["is it sore"])[0]
    assert np.array_equal(row[:MINILM_SIZE], load_encoder("tuned").encode(["is it sore"])[0])
    assert np.linalg.norm(row.reshape(len(GUARD_LAYERS), -1), axis=1) == pytest.approx(np.ones(4), abs=1e-4)


def test_many_texts_have_the_rows_they_have_alone() -> None:
    texts = [f"room {number} please" for number in range(80)]
    encoder = load_encoder("tuned")._encoder
    assert np.array_equal(encoder.layers(texts)[[3, 77]], encoder.layers([texts[3], texts[77]]))  # type: ignore[attr-defined]


def test_a_judge_that_was_trained_twice_says_the_same() -> None:
    dangerous = np.array([True] * len(NOW) + [False] * len(TALK))
    one, other = (Judge.fit(rows(NOW + TALK), dangerous).chances(rows(NOW)) for _ in range(2))
    assert np.array_equal(one, other)


def test_a_judge_keeps_apart_what_it_learnt(guard: GuardModel) -> None:
    now, talk = ([one.now for one in guard.opinions(texts, rows(texts))] for texts in (NOW, TALK))
    assert min(now) > max(talk)


def test_a_saved_guard_says_the_same(guard: GuardModel, tmp_path: Path) -> None:
    guard.save(tmp_path)
    assert GuardModel.load(tmp_path).opinions(NOW, rows(NOW)) == guard.opinions(NOW, rows(NOW))


@pytest.mark.parametrize(
    ("text", "now", "alarm"),
    [
        ("what if i cannot breathe", 0.01, False),
        ("what if i cannot breathe", 1.0, True),
        ("the air is thin up here", 0.05, False),
        ("the air is thin up here", 0.99, True),
    ],
)
def test_patterns_and_judge_are_weighed(shared: Understanding, text: str, now: float, alarm: bool) -> None:
    assert (decided(shared, text, now) is not None) == alarm


@pytest.mark.parametrize(
    ("text", "now", "alarm"),
    [
        ("she cannot breathe in the waiting room", 0.03, True),
        ("she cannot breathe in the waiting room", 0.001, False),  # the judge is all but certain
        ("she cannot breathe", 0.0, True),  # few words
        ("thank you all for the visits but i want to die", 0.0, True),  # the wish to die
    ],
)
def test_only_certainty_keeps_a_plainly_named_emergency_quiet(
    shared: Understanding, text: str, now: float, alarm: bool
) -> None:
    assert (decided(shared, text, now) is not None) == alarm


def test_where_no_sign_is_named_the_sign_model_must_hear_one_too(shared: Understanding) -> None:
    heard, unheard = [shared.alarm("base64: R3VhcmFu", [], [Opinion({"breathing": one}, 1.0)]) for one in (0.21, 0.19)]
    assert heard is not None
    assert unheard is None


def test_a_number_alone_is_no_danger_whatever_the_models_have_learnt_of_fevers(shared: Understanding) -> None:
    assert shared.alarm("39", [], [Opinion({"fever": 1.0}, 1.0)]) is None
    assert shared.alarm("it says 39", [], [Opinion({"fever": 1.0}, 1.0)]) is not None


def test_a_plain_sign_after_what_the_models_hear_counts_by_itself(shared: Understanding) -> None:
    long = "we walked along the river and had an ice cream and talked of the weather and of the garden " * 5
    assert decided(shared, long + "i cannot breathe", 0.0) == Alarm("emergency", "breathing")
    assert decided(shared, long, 0.0) is None


def test_an_emergency_that_the_models_hear_is_no_urgent_sign(shared: Understanding) -> None:
    """The words name pus alone; that a weight on somebody is worse, the models know."""
    text = "there is pus in the spots and a weight on me like a horse sitting down"
    assert shared.alarm(text, []) == Alarm("urgent", "pus")
    assert shared.alarm(text, [], [Opinion({"chest_pain": 0.9, "pus": 0.05}, 0.99)]) == Alarm("emergency", "chest_pain")
    assert shared.alarm(text, [], [Opinion({"chest_pain": 0.1, "pus": 0.05}, 0.99)]) == Alarm("urgent", "pus")


def test_a_sign_that_one_part_surely_tells_of_stands_however_the_whole_sounds(shared: Understanding) -> None:
    text, whole = "i cant breathe, is there a risk?", Opinion({}, 0.001)
    assert shared.alarm(text, [], [whole, Opinion({}, 0.95), Opinion({}, 0.0)]) is not None
    assert shared.alarm(text, [], [whole, Opinion({}, 0.5), Opinion({}, 0.0)]) is None
