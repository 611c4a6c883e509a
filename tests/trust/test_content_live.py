"""In production a change of the content reaches patients once it is approved, and not before."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from rasa.shared.core.domain import Domain
from rasa.utils.endpoints import EndpointConfig

from bot.channels.responses import ClinicResponses
from bot.clinic.content import content_files, content_version
from bot.serving.content_live import NotApproved, check, note_live, to_serve
from bot.serving.contents import approve
from bot.settings import BOT, ROOT, Settings
from bot.store.opening import open_store
from tests.trust.databases import NOW


@pytest.fixture
def clinic(settings: Settings, tmp_path: Path) -> Settings:
    """A production whose clinic edits its content in a folder of its own."""
    folder = tmp_path / "content"
    shutil.copytree(BOT / "content", folder)
    return replace(settings, content=folder, var=tmp_path / "var", production=True)


def start(settings: Settings) -> str:
    """The version that patients are told after a start."""
    served = to_serve(settings)
    assert content_version(served.folder) == served.version
    sessions = open_store(settings)
    check(settings, sessions, served.version)  # as the web process does
    note_live(sessions, served.folder, served.version, NOW)
    return served.version


def reword(settings: Settings) -> str:
    file = settings.content / "answers.yml"
    file.write_text(file.read_text().replace("a bit like acupuncture", "a little like acupuncture"))
    return content_version(settings.content)


def test_a_production_begins_once_its_content_is_approved(clinic: Settings) -> None:
    with pytest.raises(NotApproved, match="mesoguide content approve"):
        to_serve(clinic)
    approve(clinic, "Dr. Demo", NOW)
    assert start(clinic) == content_version(clinic.content)


def test_a_change_is_told_once_it_is_approved_and_what_was_live_until_then(clinic: Settings) -> None:
    approve(clinic, "Dr. Demo", NOW)
    before = start(clinic)
    changed = reword(clinic)
    served = to_serve(clinic)
    assert (served.version, served.waiting) == (before, changed)
    with pytest.raises(NotApproved):
        check(clinic, open_store(clinic), changed)
    assert start(clinic) == before
    approve(clinic, "Dr. Demo", NOW)
    assert start(clinic) == changed


def test_a_demo_is_told_its_changes_at_the_next_start(clinic: Settings) -> None:
    demo = replace(clinic, production=False)
    before = start(demo)
    assert reword(demo) == start(demo) != before


def test_content_with_an_error_in_it_keeps_what_was_live(clinic: Settings) -> None:
    approve(clinic, "Dr. Demo", NOW)
    before = start(clinic)
    reword(clinic)
    approve(clinic, "Dr. Demo", NOW)  # and a check that came later finds something
    assert to_serve(clinic, in_order=False).version == before
    (clinic.content / "answers.yml").write_text("answers: [")
    assert to_serve(clinic, in_order=False).version == before


def test_what_a_clinic_edits_reaches_no_process_before_the_next_start(clinic: Settings) -> None:
    approve(clinic, "Dr. Demo", NOW)
    served = to_serve(clinic)
    said = content_files(served.folder)
    reword(clinic)
    assert content_files(served.folder) == said


def test_the_bots_own_words_are_those_of_the_content_whatever_the_model_holds(
    clinic: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = content_files(clinic.content)
    (clinic.content / "responses.yml").write_text(files["responses.yml"].replace("utter_greet:", "utter_greet_x:"))
    (clinic.content / "responses.yml").open("a").write('  utter_greet:\n  - text: "As it was approved."\n')
    monkeypatch.setenv("MESOGUIDE_CONTENT", str(clinic.content))
    domain = Domain.load(str(BOT / "domain.yml"))
    spoken = ClinicResponses(EndpointConfig(), domain).responses
    assert spoken["utter_greet"][0]["text"] == "As it was approved."
    assert spoken["utter_emergency"] == domain.responses["utter_emergency"]


def test_a_web_process_in_production_ends_in_words_over_content_nobody_approved(
    clinic: Settings, keys: tuple[str, ...], tmp_path: Path
) -> None:
    file = clinic.content / "clinic.yml"
    file.write_text(file.read_text().replace("demo: true", "demo: false"))
    own = {name: secrets.token_urlsafe(32) for name in ("RASA_TOKEN", "MESOGUIDE_SECRET", "MESOGUIDE_DESK_PASSWORD")}
    places = {"MESOGUIDE_VAR": str(tmp_path), "MESOGUIDE_CONTENT": str(clinic.content), "MESOGUIDE_ENV": "production"}
    env = {**os.environ, **own, **places, "MESOGUIDE_KEYS": keys[0]}
    command = [sys.executable, "-m", "bot.serving.web_server"]
    done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert "Nobody has approved the content" in done.stderr
    assert "Traceback" not in done.stderr
