"""Empty databases to copy: bringing one to the tables of this version takes longer than most tests."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from bot.store.engine import make_engine
from bot.store.migrate import migrate


def empty_database(path: Path) -> str:
    """Put a SQLite database with all tables and no rows there; returns its address."""
    path.write_bytes(_empty())
    return f"sqlite:///{path}"


@cache
def _empty() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "empty.db"
        engine = make_engine(f"sqlite:///{file}")
        migrate(engine)
        engine.dispose()
        return file.read_bytes()
