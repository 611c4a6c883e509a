"""`python -m benchmarks.fuzz.messenger -runs=N -seed=N`: Messenger's webhook under atheris, which follows coverage."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["bot.channels.messenger.events", "bot.channels.messenger.signature"]):
    import bot.channels.messenger.events
    import bot.channels.messenger.signature  # noqa: F401 - instrumented for the parser below

from benchmarks.fuzz.parsers import _messenger

_BETWEEN = {"sender": {"id": "7"}, "recipient": {"id": "1"}, "timestamp": 1764000000000}
_EVENTS = (
    {"message": {"mid": "m1", "text": "does it hurt", "quick_reply": {"payload": "/ask_pain"}}},
    {"message": {"mid": "m2", "is_echo": True, "app_id": 2, "text": "hello"}},
    {"message": {"mid": "m3", "attachments": [{"type": "image", "payload": {"url": "https://example.org/a"}}]}},
    {"postback": {"mid": "m4", "title": "Book", "payload": "/book_appointment"}},
    {"reaction": {"mid": "m1", "action": "react", "emoji": "x"}},
    {"message_edit": {"mid": "m1", "text": "does it hurt?", "num_edit": 1}},
    {"pass_thread_control": {"new_owner_app_id": 2, "metadata": ""}},
)


def main() -> None:
    """Run libFuzzer with the options of the command line, from bodies that are right to begin with."""
    with tempfile.TemporaryDirectory() as folder:
        for number, event in enumerate(_EVENTS):
            entry = {"id": "1", "time": 1764000000000, "messaging": [{**_BETWEEN, **event}]}
            (Path(folder) / str(number)).write_text(json.dumps({"object": "page", "entry": [entry]}))
        atheris.Setup([*sys.argv, folder], _messenger)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
