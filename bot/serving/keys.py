"""`mesoguide keys`: a new field-encryption key, and everything stored rewritten under it while the system runs.

The way: put the new key before the old one in MESOGUIDE_KEYS ("new,old"), restart, rotate, then take the old one out
and restart. At no moment is a value unreadable.
"""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.fernet import Fernet

from bot.channels.messenger.settings import MessengerSettings
from bot.settings import SettingError, Settings
from bot.store.backup import check_reachable, unreadable_columns
from bot.store.crypto import configure_keys
from bot.store.engine import make_engine, make_sessions
from bot.store.migrate import migrate
from bot.store.rotation import rotate


@dataclass(frozen=True)
class Rotation:
    """Rows rewritten per table, and how many keys may now be dropped (all but the first)."""

    rows: dict[str, int]
    spare: int


def new_key() -> str:
    """A fresh key, to be put first in MESOGUIDE_KEYS."""
    return Fernet.generate_key().decode()


def rotate_keys(settings: Settings, batch: int = 500) -> Rotation:
    """Rewrite every encrypted value under the first key; raises SettingError when that cannot end well.

    Afterwards all is readable with the first key alone: every value is looked at before this returns.
    """
    if len(settings.keys) < 2:
        raise SettingError(
            "MESOGUIDE_KEYS has one key, so there is nothing to rotate to; put a new one before it, as new,old "
            "(mesoguide keys new prints one), restart, and rotate then"
        )
    configure_keys(settings.keys)
    engine = make_engine(settings.database_url)
    check_reachable(engine)
    migrate(engine)
    sessions = make_sessions(engine)
    if wrong := unreadable_columns(sessions):
        raise SettingError(
            f"none of MESOGUIDE_KEYS reads {', '.join(wrong)}; add the key those values were written with"
        )
    rows = rotate(sessions, batch, MessengerSettings.from_env().page_id)
    configure_keys(settings.keys[:1])
    left = unreadable_columns(sessions, newest=None)
    configure_keys(settings.keys)
    engine.dispose()
    if left:
        raise SettingError(
            f"keep the old key: {', '.join(left)} still needs it; is a process running without the new one?"
        )
    return Rotation(rows, len(settings.keys) - 1)
