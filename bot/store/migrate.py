"""Bring a database to the tables of this version. Several processes may call it at once; one works, the others wait."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

MIGRATIONS = Path(__file__).resolve().parent / "migrations"
_LOCK = 0x6D65736F  # any number nobody else locks; this one spells "meso"


def migrate(engine: Engine) -> None:
    """Create or upgrade every table, in one transaction; does nothing when the database is current."""
    if current_version(engine) == newest_version():
        return
    with engine.connect() as connection:
        foreign_keys(connection, enforced=False)
        try:
            with connection.begin():
                if engine.dialect.name == "postgresql":
                    connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK})
                command.upgrade(config(connection), "head")
        finally:
            foreign_keys(connection, enforced=True)


def config(connection: Connection | None = None) -> Config:
    """Alembic's configuration for this project, without a file; migrations run on the connection given."""
    options = Config()
    options.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    options.attributes["connection"] = connection
    return options


@cache
def newest_version() -> str | None:
    """The version of the tables this code expects."""
    return ScriptDirectory.from_config(config()).get_current_head()


def current_version(engine: Engine) -> str | None:
    """The version of the tables the database has; None when it is empty."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def foreign_keys(connection: Connection, *, enforced: bool) -> None:
    """SQLite rebuilds a table to alter it; with foreign keys on, that would empty the tables that point to it."""
    if connection.dialect.name == "sqlite":
        cursor = connection.connection.cursor()
        cursor.execute(f"PRAGMA foreign_keys={'ON' if enforced else 'OFF'}")
        cursor.close()
