"""What is kept: tables, queries, encryption. Importing the package makes every table known, and opens nothing."""

from bot.store import desk_models as desk_models
