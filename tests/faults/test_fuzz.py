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


# 2,000 characters, all that a channel lets through. Some took seconds, where a pattern could read them in many ways.
ENDLESS = (
    *("@", "a@", "@@b", "1@@", "a.", "x@a.", " ", "1", "1 ", "1-", "a1@", "'", ". ", "not ", "no, ", "(", "\n"),
    *("to at ", "in 1 "),
)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("parser", [one for one in PARSERS if one.name.startswith(("times", "contacts", "words"))])
def test_no_message_keeps_a_reader_busy(parser: Target) -> None:
    for piece in ENDLESS:
        for end in ("!", "@", ".a"):
            parser.try_one((piece * 2000)[: 2000 - len(end)] + end)
