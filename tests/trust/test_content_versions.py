"""A change of content is shown before it goes live, whoever approved it is on record, and a past answer leads back to
the words and facts of its time."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.actions.answer import ActionAnswer
from bot.cli import app
from bot.clinic.content import content_version, load_content
from bot.serving.contents import NotOnRecord, approve, note_live, pending, trace
from bot.settings import BOT, Settings
from bot.store import audit, contents, conversations
from bot.store.engine import Sessions, reading, unit_of_work
from bot.store.opening import open_store
from tests.handover.patients import Patient
from tests.trust.databases import NOW

OLD, NEW = "The way it is done is a bit like acupuncture.", "It is done a bit like acupuncture."


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    folder = tmp_path / "content"
    shutil.copytree(BOT / "content", folder)
    return replace(settings, content=folder)


@pytest.fixture
def sessions(settings: Settings) -> Sessions:
    sessions = open_store(settings)
    note_live(sessions, settings.content, content_version(settings.content), NOW)
    return sessions


def reword(settings: Settings) -> str:
    file = settings.content / "answers.yml"
    file.write_text(file.read_text().replace(OLD, NEW))
    return content_version(settings.content)


def noted(sessions: Sessions) -> list[tuple[str, str]]:
    with reading(sessions) as session:
        return [(one.action, one.subject) for one in reversed(audit.history(session))]


def test_a_change_shows_before_and_after_and_the_questions_before_it_is_live(
    settings: Settings, sessions: Sessions
) -> None:
    assert pending(settings) == []
    reword(settings)
    (change,) = pending(settings)
    assert OLD in str(change.before)
    assert NEW in str(change.after)
    assert "ask_definition" in change.affects


def test_who_approved_what_and_when_it_went_live_is_in_the_audit_log(settings: Settings, sessions: Sessions) -> None:
    first, second = content_version(settings.content), reword(settings)
    assert approve(settings, "Dr. Demo", NOW + timedelta(hours=1)) == 1
    for _ in range(2):  # a second start with the same content is no event
        note_live(sessions, settings.content, second, NOW + timedelta(hours=2))
    assert noted(sessions) == [
        ("content.live", f"content:{first}"),
        ("content.approved", f"content:{second}"),
        ("content.live", f"content:{second}"),
    ]
    with reading(sessions) as session:
        assert audit.history(session)[0].details == {"former": first, "approved_by": "Dr. Demo"}


def answer_given(settings: Settings, sessions: Sessions) -> str:
    """The id of an answer as the bot gives it and the channel stores it."""
    patient = Patient(sessions, "anna", NOW)
    (said,) = patient.tell(ActionAnswer(), "what is it?", "ask_definition")
    said["metadata"]["content"] = load_content(settings.content).version  # the action server runs on the same folder
    with unit_of_work(sessions) as session:
        chat = conversations.open_conversation(session, channel="website", now=NOW)
        row = conversations.accept_message(session, chat.id, "one", "what is it?", NOW).row
        (stored,) = conversations.record_reply(session, row, [said], NOW)
        session.commit()
        return stored.id


def test_an_answer_names_the_content_it_came_from(sessions: Sessions) -> None:
    (said,) = Patient(sessions, "anna", NOW).tell(ActionAnswer(), "what is it?", "ask_definition")
    assert said["metadata"]["content"] == content_version(BOT / "content")


def test_a_past_answer_is_traced_to_the_words_and_facts_of_its_time(settings: Settings, sessions: Sessions) -> None:
    approve(settings, "Dr. Demo", NOW)
    message = answer_given(settings, sessions)
    note_live(sessions, settings.content, reword(settings), NOW + timedelta(hours=1))
    lines = trace(settings, message)
    assert lines[0].startswith("Answer definition")
    assert "Approved by Dr. Demo, 2026-03-02" in lines
    assert any(OLD in line for line in lines)
    assert any(line.startswith("F01: ") for line in lines)


def test_what_is_no_answer_or_unknown_is_said_so(settings: Settings, sessions: Sessions) -> None:
    with pytest.raises(NotOnRecord, match="no answer"):
        trace(settings, "nothing")
    with reading(sessions) as session:
        assert contents.find(session, "nothing") is None


def test_the_commands_do_it(settings: Settings, sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "DATABASE_URL": settings.database_url,
        "MESOGUIDE_KEYS": ",".join(settings.keys),
        "MESOGUIDE_CONTENT": str(settings.content),
        "MESOGUIDE_VAR": str(settings.var),
    }.items():
        monkeypatch.setitem(os.environ, name, value)
    reword(settings)
    said = CliRunner().invoke(app, ["content", "diff"]).output
    assert "1 changes for patients" in said
    assert "ask_definition" in said
    assert "Approved by Dr. Demo: 1" in CliRunner().invoke(app, ["content", "approve", "--by", "Dr. Demo"]).output
    assert CliRunner().invoke(app, ["content", "trace", "nothing"]).exit_code == 1
