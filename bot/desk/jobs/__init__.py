"""The jobs beside the pages; `bot.desk.tasks` runs them."""
