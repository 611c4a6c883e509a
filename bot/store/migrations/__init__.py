"""The steps from an empty database to this version's tables; `migrate(engine)` runs those that are missing."""

from bot.store.migrate import migrate

__all__ = ["migrate"]
