"""The figures of the understanding stay above the floors of tests/heldout/floors.yml, on every held-out set."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bot.evaluation import Taught, measures, run
from bot.evaluation.heldout import Floors, HeldOut, HeldOutError, load_all, load_floors
from bot.evaluation.measures import OUT, reliability
from bot.evaluation.runner import NoModelError, measure
from bot.serving.training import current_model
from bot.settings import ROOT

HELD_OUT = ROOT / "tests" / "heldout"


def nothing_understood(text: str) -> Mapping[str, Any]:
    intent = {"name": "out_of_scope", "confidence": 0.5}
    return {"text": text, "intent": intent, "entities": [], "questions": [], "danger": None}


@pytest.fixture(scope="module")
def sets() -> dict[str, HeldOut]:
    return load_all(HELD_OUT)


def test_reliability_compares_confidence_and_accuracy_in_groups_of_equal_size() -> None:
    seen = [("ask_pain", "ask_pain", 0.9)] * 15 + [("ask_pain", "ask_cost", 0.4)] * 5
    found = reliability(seen)
    assert {row[1] for row in found.rows} == {"2"}
    assert found.figures["calibration_error"] == pytest.approx(0.75 * 0.1 + 0.2 * 0.4 + 0.05 * 0.15, abs=0.03)
    assert found.figures["brier_score"] == pytest.approx(0.75 * 0.01 + 0.25 * 0.16)


@pytest.mark.slow
def test_what_is_out_of_scope_is_not_wrongly_refused() -> None:
    """A set may hold such messages among its intents; refusing those is right."""

    def refuses(text: str) -> dict[str, Any]:
        return {"intent": {"name": OUT if text != "how much" else "ask_cost", "confidence": 1.0}}

    found, _ = measures.intents(refuses, {"ask_cost": ["how much"], OUT: ["a flat in leeds", "who is king"]})
    assert found.figures["in_scope_refused"] == 0
    found, _ = measures.intents(refuses, {"ask_cost": ["how much", "price"], OUT: ["a flat in leeds"]})
    assert found.figures["in_scope_refused"] == 0.5


def test_no_figure_of_the_trained_model_is_below_its_floor(tmp_path: Path) -> None:
    model = current_model()
    if model is None:
        pytest.skip("no model of the present files; `mesoguide train` makes one")
    assert run(model, HELD_OUT, tmp_path).failures == []


def test_a_model_that_understands_nothing_falls_below_the_floors_of_every_set(sets: dict[str, HeldOut]) -> None:
    failed = {
        line.split(":")[0] for line in measure(sets, load_floors(HELD_OUT), nothing_understood, {}, Taught()).failures
    }
    assert {"intents_accuracy", "fresh-a/danger_caught", "fresh-b/entities_f1"} <= failed


def test_the_errors_of_an_unseen_set_are_counted_and_not_kept(sets: dict[str, HeldOut]) -> None:
    report = measure(sets, load_floors(HELD_OUT), nothing_understood, {}, Taught())
    assert "fresh-c" in load_floors(HELD_OUT).unseen
    assert [one for name, one in report.slices.items() if name.startswith("fresh-c/") and one.errors] == []
    assert report.slices["fresh-a/danger"].errors


def test_a_set_that_is_left_out_is_neither_measured_nor_missed(tmp_path: Path) -> None:
    report = run(None, HELD_OUT, tmp_path, parse=nothing_understood, only=["development", "fresh-a"])
    measured = {name.rpartition("/")[0] for name in [*report.figures, *report.floors]}
    assert measured == {"", "fresh-a"}


def test_the_set_to_develop_on_may_be_left_out(tmp_path: Path) -> None:
    report = run(None, HELD_OUT, tmp_path, parse=nothing_understood, only=["fresh-b"])
    assert {name.rpartition("/")[0] for name in report.figures} == {"fresh-b"}


def test_a_set_that_is_not_there_is_named() -> None:
    with pytest.raises(HeldOutError, match=r"fresh-z: no such set .* development, fresh-a"):
        load_all(HELD_OUT, ["fresh-z"])


def test_a_floor_without_a_figure_is_a_failure(sets: dict[str, HeldOut]) -> None:
    report = measure(sets, Floors({"": {"telepathy": 0.5}}), nothing_understood, {}, Taught())
    assert report.failures == ["telepathy: not measured, but has a floor"]


def test_every_set_has_floors_and_enough_of_each_kind(sets: dict[str, HeldOut]) -> None:
    assert set(load_floors(HELD_OUT).figures) == set(sets)
    for name in ("", "fresh-a", "fresh-b"):
        held = sets[name]
        assert min(map(len, held.intents.values())) >= 12
        assert len(held.danger) >= 150
        assert len(held.near_misses) >= 120
        assert len(held.two_questions) >= 60
        assert sum(map(len, held.out_of_scope.values())) >= 150


@pytest.mark.parametrize("model", [None, Path("gone.tar.gz")])
def test_without_a_model_is_said_how_to_make_one(model: Path | None, tmp_path: Path) -> None:
    with pytest.raises(NoModelError, match="mesoguide train"):
        run(model, HELD_OUT, tmp_path)
