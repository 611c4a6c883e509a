"""Log lines say which part and which conversation, by its pseudonym, and of an error its class, as text or JSON."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
from rasa.core.channels.channel import UserMessage

from bot import logs
from bot.store.conversations import get_conversation
from bot.store.engine import reading
from tests.channels.website_server import parts, sessions_at, visiting


def record(error: Exception | None = None) -> logging.LogRecord:
    trace = (type(error), error, None) if error else None
    return logging.LogRecord("bot.part", logging.ERROR, "", 0, "a turn failed: %s", ("Timeout",), trace)  # type: ignore[arg-type]


def test_a_json_line_holds_part_pseudonym_and_class_and_not_what_an_error_quotes() -> None:
    with logs.about("Blue Heron 42"):
        said = json.loads(logs.JsonLines("rasa").format(record(ValueError("my scalp itches"))))
    assert said.pop("time").endswith("+00:00")
    assert said == {
        "level": "error",
        "part": "rasa",
        "logger": "bot.part",
        "message": "a turn failed: Timeout",
        "conversation": "Blue Heron 42",
        "error": "ValueError",
    }


def test_outside_of_a_message_a_line_names_no_conversation() -> None:
    with logs.about("Blue Heron 42"):
        pass
    assert "conversation" not in json.loads(logs.JsonLines("web").format(record()))
    assert logs.Lines("%(message)s").format(record()) == "a turn failed: Timeout"


async def test_a_failed_turn_is_logged_under_the_pseudonym_that_the_desk_shows(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.handler.setFormatter(logs.JsonLines("rasa"))

    async def broken(message: UserMessage) -> None:
        raise RuntimeError("brumotactillion")

    website = parts(sessions_at(tmp_path / "test.db"))
    async with visiting(website, broken) as visitor:
        await visitor.send("brumotactillion")
    with reading(website.sessions) as session:
        pseudonym = get_conversation(session, visitor.conversation_id).pseudonym
    lines = [json.loads(line) for line in caplog.text.splitlines() if line.startswith("{")]
    assert pseudonym in [line.get("conversation") for line in lines if "a turn failed" in line["message"]]
    assert "brumotactillion" not in caplog.text


@pytest.mark.parametrize(("setting", "first"), [("json", "{"), ("", "WARNING")])
def test_the_setting_chooses_the_form_of_a_process_s_lines(setting: str, first: str) -> None:
    program = "from bot.serving.quiet import make_quiet; make_quiet('web'); import logging; logging.warning('hello')"
    env = {**os.environ, logs.SETTING: setting}
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, check=True)
    assert done.stderr.splitlines()[-1].startswith(first)
