"""Marked words of a patient, driven through the flows of the running installation, turn up where they belong and
nowhere else: not in logs, not in metrics, not in errors, not readable in the database."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.installation import Installation
from tests.patient import Patient

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

NAME = "Zephyrine Quackenbush"
MARKS = (
    "zephyrine",
    "quackenbush",
    "2025550188",
    "202 555 0188",
    "zephyrine.q@example.net",
    "xylophagous",
    "brumotactillion",
)


@pytest.fixture(scope="module")
def patient(installation: Installation) -> Patient:
    """Somebody who leaves marked words in a question, a screening, a booking, an alert, a complaint and in errors."""
    chat = installation.patient()
    for text in (
        "does it help against xylophagous brumotactillion",
        "xylophagous xylophagous",
        f"my name is {NAME}, my mail is zephyrine.q@example.net",
        "can I have it?",
        "yes, xylophagous",
        "yes",
        "I am 34, xylophagous, not pregnant",
        "no",
        "stop",
        "book a visit",
        NAME,
        "+1 202 555 0188",
        "next tuesday at ten",
        "brumotactillion",
        "my lips are swelling and I cannot breathe, xylophagous",
        "I want to talk to a person about my brumotactillion",
    ):
        chat.post(text=text)
    for body in (
        {"text": "xylophagous " * 2000},
        {"payload": '/brumotactillion{"x": "zephyrine"}'},
        {"text": {"xylophagous": 1}},
    ):
        chat.post(**body)
    return chat


def found(text: str) -> list[str]:
    return [mark for mark in MARKS if mark in text.casefold()]


def files(folder: Path) -> Iterator[tuple[str, str]]:
    for path in folder.rglob("*"):
        if path.is_file():
            yield str(path.relative_to(folder)), path.read_bytes().decode("utf-8", "replace")


def test_no_word_of_a_patient_is_in_logs_metrics_traces_or_errors(installation: Installation, patient: Patient) -> None:
    assert found(" ".join(str(message["text"]) for message in patient.history())), "the words did get through"
    assert found(installation.log.read_text(errors="replace")) == []
    assert found(httpx.get(f"{installation.base}/metrics", timeout=30).text) == []
    assert installation.traces.wait_for(lambda spans: len(spans) > 20), "the traces are elsewhere"
    assert found(installation.traces.text()) == []
    assert patient.conversation_id not in installation.traces.text()
    for path in ("/nowhere/zephyrine", "/webhooks/website/history?x=zephyrine"):
        assert found(httpx.get(f"{installation.base}{path}", timeout=30).text) == []


def test_an_error_does_not_repeat_what_was_sent(installation: Installation, patient: Patient) -> None:
    bodies: tuple[dict[str, object], ...] = (
        {"text": "xylophagous " * 2000},
        {"payload": '/brumotactillion{"x": "zephyrine"}'},
        {"text": {"xylophagous": 1}},
        {"id": ["zephyrine"], "text": "hello"},
    )
    for body in bodies:
        answer = patient.post(**body)
        assert answer.status_code in (400, 413, 422), answer.text
        assert found(answer.text) == []


def test_nothing_under_the_data_folder_is_readable(installation: Installation, patient: Patient) -> None:
    assert os.path.isdir(installation.log.parent)
    assert any(name.endswith("mesoguide.db") for name, _ in files(installation.log.parent)), "the data is elsewhere"
    assert [(name, marks) for name, text in files(installation.log.parent) if (marks := found(text))] == []
