"""Which addresses of Rasa are passed on from outside: the website's, Messenger's, and the webhooks of those of Rasa's
own channels that credentials.yml names. Never `rest`, which lets anybody speak as anybody, and nothing else of Rasa.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ruamel.yaml import YAML

from bot.settings import SettingError
from bot.web.proxy import Door

WEBSITE = Door(
    "/webhooks/website/{rest}",
    ("GET", "POST"),
    frozenset({"session", "message", "history", "stream", "feedback", "move"}),
    16 * 1024,
    own_pages=True,
)
MESSENGER = Door("/webhooks/messenger", ("GET", "POST"), frozenset({""}), 1024 * 1024)
SIGNED = ("slack",)  # Rasa checks the signature
UNSIGNED = ("telegram", "twilio")  # Rasa believes everybody: their address needs a secret of its own
SHORTEST_KEY = 20  # characters


def doors(credentials: Path) -> tuple[Door, ...]:
    """What is open with these credentials; raises SettingError for a missing file or key."""
    return (WEBSITE, MESSENGER, *_of_rasas_channels(credentials))


def _of_rasas_channels(credentials: Path) -> Iterator[Door]:
    if not credentials.is_file():
        raise SettingError(f"MESOGUIDE_CREDENTIALS: there is no file {credentials}")
    named = YAML(typ="safe").load(credentials) or {}
    for channel in (*SIGNED, *UNSIGNED):
        if channel not in named:
            continue
        key = os.path.expandvars(str((named[channel] or {}).get("webhook_key", "")))
        if channel in UNSIGNED and (len(key) < SHORTEST_KEY or "$" in key):
            raise SettingError(
                f"{credentials.name}: {channel} needs a webhook_key of {SHORTEST_KEY} characters or more, and the "
                f"address given to {channel.title()} ends in ?key= and that key: nothing else says who sends "
                f"(docs/channels.md)"
            )
        yield Door(f"/webhooks/{channel}/webhook", ("POST",), frozenset({""}), 256 * 1024, key=key, one_process=True)
