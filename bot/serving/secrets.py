"""Secrets: a demo start makes its own; a production start brings its own, and weak ones or a demo's are refused by
every process before it serves anybody."""

from __future__ import annotations

import base64
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from bot.settings import SettingError, Settings

NAMES = ("RASA_TOKEN", "MESOGUIDE_SECRET", "MESOGUIDE_KEYS", "MESOGUIDE_DESK_PASSWORD")
SHORTEST = 16
FEWEST_SIGNS = 6  # different ones in a secret
GUESSED = ("secret", "password", "changeme", "change-me", "default", "demo", "test", "admin", "mesoguide", "example")
DEMO = "demo"  # how a demo's secrets begin, its key too, so that a copied one is known wherever it turns up
HOW = "make one with: python -c 'import secrets; print(secrets.token_urlsafe(32))'"
HOW_KEY = "make one with mesoguide keys new, put it first, run mesoguide keys rotate, and drop the other"


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


def settings_of_process() -> Settings:
    """The settings of a process that begins to serve; one that must not ends here, in words, not with a trace."""
    try:
        settings = Settings.from_env()
        check(settings)
    except SettingError as error:
        raise SystemExit(str(error)) from None
    return settings


def check(settings: Settings) -> None:
    """Raise SettingError where a production start has no secrets of its own, or still the demo's clinic.

    It names every setting that is wrong, with the cure.
    """
    if not settings.production:
        return
    wrong = [f"{name} {why}; {HOW}" for name, why in wrong_secrets(settings).items()]
    if keys := wrong_keys(settings):
        wrong.append(f"MESOGUIDE_KEYS {keys}; {HOW_KEY}")
    if is_demo_clinic(settings):
        wrong.append(
            "MESOGUIDE_CONTENT describes the invented demo clinic: put your clinic's own details and a clinician's "
            "signature into clinic.yml, then set demo: false"
        )
    if wrong:
        raise SettingError("MESOGUIDE_ENV=production does not start like this:\n" + "\n".join(f"- {w}" for w in wrong))


def wrong_secrets(settings: Settings) -> dict[str, str]:
    """The names of the secrets that no production may run on, each with why; keys are `wrong_keys`."""
    given = {
        "RASA_TOKEN": settings.rasa_token,
        "MESOGUIDE_SECRET": settings.secret,
        "MESOGUIDE_DESK_PASSWORD": settings.desk_password,
    }
    demo = _demo_values(settings)
    weak = {name: value for name, value in given.items() if value in demo or _is_weak(value)}
    return {
        name: "is short, easily guessed, or that of a demo" if value else "is not set" for name, value in weak.items()
    }


def wrong_keys(settings: Settings) -> str:
    """Why no production may run on these encryption keys; nothing for keys in order."""
    from bot.store.crypto import KeyRing

    try:
        KeyRing(settings.keys)
    except SettingError as error:
        return f"cannot be used ({error})"
    demo = _demo_values(settings) & {",".join(settings.keys), *settings.keys}
    if demo or any(key.startswith(DEMO) or len(set(key)) < FEWEST_SIGNS for key in settings.keys):
        return "has a key that is easily guessed, or that of a demo"
    return ""


def is_demo_clinic(settings: Settings) -> bool:
    """Whether the content is still that of the invented clinic; raises SettingError for content that cannot be read."""
    from bot.clinic.content import ContentError, load_content

    try:
        return load_content(settings.content).clinic.demo
    except ContentError as error:
        raise SettingError(f"MESOGUIDE_CONTENT: {error}") from None


def _is_weak(value: str) -> bool:
    return (
        len(value) < SHORTEST
        or len(set(value)) < FEWEST_SIGNS
        or any(value.casefold().startswith(word) for word in GUESSED)
    )


def _demo_values(settings: Settings) -> set[str]:
    try:
        return set(json.loads((settings.var / "secrets.json").read_text(encoding="utf-8")).values())
    except (OSError, ValueError, AttributeError):
        return set()


def _demo_secrets(path: Path) -> dict[str, str]:
    if path.exists():
        return json.loads(path.read_text())
    made = {
        "RASA_TOKEN": f"{DEMO}-{secrets.token_urlsafe(32)}",
        "MESOGUIDE_SECRET": f"{DEMO}-{secrets.token_urlsafe(32)}",
        "MESOGUIDE_KEYS": base64.urlsafe_b64encode(base64.urlsafe_b64decode(DEMO) + secrets.token_bytes(29)).decode(),
        "MESOGUIDE_DESK_PASSWORD": f"{DEMO}-{secrets.token_urlsafe(12)}",
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(made, file, indent=2)
    return made
