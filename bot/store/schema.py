"""Every table of the project under one `Base`: import it from here where all tables matter, not only one's own.

A module that defines tables is named here; then migrations, key rotation, erasing, export and backup know them.
"""

from __future__ import annotations

from bot.store import desk_models, messenger_models, models, slots_models
from bot.store.columns import Base

TABLE_MODULES = (models, desk_models, messenger_models, slots_models)

__all__ = ["TABLE_MODULES", "Base"]
