"""A trace of the running installation goes through all of its processes."""

from __future__ import annotations

import pytest

from tests.collector import Span
from tests.installation import Installation

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SERVICES = {"mesoguide-web", "mesoguide-rasa"}


def connected(spans: list[Span]) -> set[str]:
    """The services of the trace that most of them are part of, each span of it under one that was sent too."""
    best: set[str] = set()
    for trace in {span.trace for span in spans}:
        members = [span for span in spans if span.trace == trace]
        known = {span.id for span in members}
        if all(span.parent in known or not span.parent for span in members):
            best = max(best, {span.service for span in members}, key=len)
    return best


def test_one_trace_runs_through_web_rasa_and_the_actions(installation: Installation) -> None:
    installation.patient().say("what are the side effects")
    assert installation.traces.wait_for(lambda spans: connected(spans) == SERVICES), installation.traces.spans()[-20:]
    names = {span.name for span in installation.traces.spans()}
    assert {"POST /webhooks/website/{rest}", "website message", "understand", "store conversation"} <= names
    assert any(name.startswith("action ") for name in names)
