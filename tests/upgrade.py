"""A database as an earlier version left it, with conversations in the middle of something. `old/0004.sql` was written
by commit 2a6ed4b: three patients talked to it over HTTP, then it was dumped as SQL."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

FOLDER = Path(__file__).parent / "faults" / "old"
WRITTEN = date(2026, 11, 26)
DAYS = 60  # that the bookings of the dump reach ahead


@dataclass(frozen=True)
class Old:
    """Whose data it is: the key it is encrypted with, the conversations by what they were about, a booking."""

    key: str
    screening: str
    booking: str
    question: str
    reference: str


def old() -> Old:
    """What the dump of the newest earlier version holds."""
    return Old(**json.loads((FOLDER / "0004.json").read_text(encoding="utf-8")))


def write_database(path: Path, today: date | None = None) -> None:
    """Make the old database anew, as if it had been written on the same weekday within the last seven days."""
    moved = timedelta(weeks=((today or date.today()) - WRITTEN).days // 7)
    text = (FOLDER / "0004.sql").read_text(encoding="utf-8")
    for day in reversed(range(-1, DAYS)) if moved > timedelta() else range(-1, DAYS):
        written = WRITTEN + timedelta(days=day)
        text = text.replace(f"'{written} ", f"'{written + moved} ")
    connection = sqlite3.connect(path)
    connection.executescript(text)
    connection.close()
