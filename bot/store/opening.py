"""The store of one installation, opened at start-up: keys, engine, tables, sessions."""

from __future__ import annotations

from bot.settings import Settings
from bot.store.crypto import configure_keys
from bot.store.engine import Sessions, make_engine, make_sessions
from bot.store.erasures import LIST
from bot.store.migrate import migrate


def open_store(settings: Settings) -> Sessions:
    """Set the process's keys, connect, bring the tables up to date; raises SettingError when a setting is unusable."""
    configure_keys(settings.keys)
    engine = make_engine(settings.database_url)
    migrate(engine)
    return make_sessions(engine, {LIST: settings.erasures})
