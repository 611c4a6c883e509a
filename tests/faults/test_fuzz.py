"""A few hundred inputs of `python -m benchmarks.fuzz` (which tries 100,000): whatever comes, nothing breaks."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.fuzz import content, web
from benchmarks.fuzz.parsers import PARSERS, Target

INPUTS = 150
SLOW = {"words of a message (ages, entities, danger)": 40}


@pytest.mark.parametrize("target", PARSERS, ids=lambda target: target.name)
def test_a_parser_gives_a_value_or_its_own_error(target: Target) -> None:
    target.run(SLOW.get(target.name, INPUTS), start=11)


def test_wrong_content_is_reported_and_never_breaks_the_check(tmp_path: Path) -> None:
    content.run(12, start=11, folder=tmp_path)


@pytest.mark.timeout(300)
def test_no_route_of_the_web_app_answers_500(tmp_path: Path) -> None:
    with web.open_door(tmp_path) as door:
        web.run(door, count=1, start=11)  # one request for each operation and each kind of person
        assert sum(door.answers.values()) > 150
        assert door.answers[200] > 20, door.answers
