"""Secrets of a demo start. A production start must bring its own and is refused otherwise."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from cryptography.fernet import Fernet

from bot.settings import SettingError, Settings

NAMES = ("RASA_TOKEN", "MESOGUIDE_SECRET", "MESOGUIDE_KEYS", "MESOGUIDE_DESK_PASSWORD")


def complete_environment(settings: Settings, env: Mapping[str, str]) -> dict[str, str]:
    """The environment with every secret present.

    What the environment lacks comes from `var/secrets.json` (mode 600), made at the first demo start. With
    MESOGUIDE_ENV=production a missing secret raises SettingError instead.
    """
    missing = [name for name in NAMES if not env.get(name)]
    if not missing:
        return dict(env)
    if settings.production:
        raise SettingError(f"MESOGUIDE_ENV=production needs these set in the environment: {', '.join(missing)}")
    return {**_demo_secrets(settings.var / "secrets.json"), **{k: v for k, v in env.items() if v}}


def _demo_secrets(path: Path) -> dict[str, str]:
    if path.exists():
        return json.loads(path.read_text())
    made = {
        "RASA_TOKEN": secrets.token_urlsafe(32),
        "MESOGUIDE_SECRET": secrets.token_urlsafe(32),
        "MESOGUIDE_KEYS": Fernet.generate_key().decode(),
        "MESOGUIDE_DESK_PASSWORD": secrets.token_urlsafe(12),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(made, file, indent=2)
    return made
