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
from bot.clinic.content import content_files, content_version, load_content
from bot.serving.content_live import note_live
from bot.serving.contents import NotOnRecord, approve, pending, trace
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


def said(sessions: Sessions, text: str, **metadata: object) -> str:
    """The id of something the bot said, as the channel stores it."""
    with unit_of_work(sessions) as session:
        chat = conversations.open_conversation(session, channel="website", now=NOW)
        row = conversations.add_bot_message(session, chat.id, {"text": text, "metadata": metadata}, NOW)
        session.commit()
        return row.id


def test_other_languages_and_responses_are_in_the_version_the_changes_and_what_is_kept(
    settings: Settings, sessions: Sessions
) -> None:
    first = content_version(settings.content)
    german = settings.content / "languages" / "de.yml"
    german.write_text(german.read_text().replace("keine luft", "kein atem"))
    (settings.content / "responses.yml").write_text(
        content_files(settings.content)["responses.yml"].replace("Do not wait for an answer here.", "Wait.")
    )
    changes = {(one.kind, one.what): (one.before, one.after) for one in pending(settings)}
    assert set(changes) == {("language", "de.danger.breathing"), ("response", "utter_emergency")}
    assert all("keine luft" in str(before) or "Do not wait" in str(before) for before, _ in changes.values())
    second = content_version(settings.content)
    assert second != first
    note_live(sessions, settings.content, second, NOW + timedelta(hours=1))
    assert pending(settings) == []


def test_dangers_outcomes_other_languages_and_taught_answers_are_traced_too(
    settings: Settings, sessions: Sessions
) -> None:
    content = load_content(settings.content)
    danger = content.fill(content.responses["utter_emergency"][0]["text"], danger_label="chest pain")
    german = content.fill(content.languages["de"].emergency)
    lines = trace(settings, said(sessions, danger, kind="emergency"))
    assert lines[:2] == ["Emergency, said 2026-03-02 09:00 UTC, resting on no facts", f"Content {content.version}"]
    assert any("utter_emergency" in line and content.clinic.signed_by in line for line in lines)
    assert any("Deutsch (de)" in line and "Dr. Demo" in line for line in trace(settings, said(sessions, german)))
    outcome = trace(settings, said(sessions, "…", kind="outcome", outcome="not_suitable", reasons=["pregnant"]))
    assert outcome[0].startswith("Outcome not_suitable (pregnant)")
    assert any(content.screening.signed_by in line for line in outcome)
    taught = {"answer": "learned:7", "revision": 2, "author": "Anna", "approved_by": "Clara", "date": "2026-03-01"}
    lines = trace(settings, said(sessions, "Parrots are welcome.", kind="answer", **taught))
    assert lines[-2:] == ["Written by Anna, approved by Clara on 2026-03-01:", "Parrots are welcome."]


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
    assert "1 change for patients" in said
    assert "ask_definition" in said
    assert "Approved by Dr. Demo: 1" in CliRunner().invoke(app, ["content", "approve", "--by", "Dr. Demo"]).output
    assert CliRunner().invoke(app, ["content", "trace", "nothing"]).exit_code == 1
