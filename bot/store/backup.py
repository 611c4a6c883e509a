"""The database as one file and back again. Encrypted columns are copied as ciphertext: a backup is worth nothing
without MESOGUIDE_KEYS, and the keys are never in it.

SQLite is copied page by page by its own backup call, which is consistent while others write. Row files
(bot/store/rows.py) work for both databases and also move an installation from one to the other.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, MetaData, Text, func, inspect, make_url, select, text, type_coerce
from sqlalchemy.exc import DatabaseError, OperationalError

from bot.settings import SettingError
from bot.store import audit
from bot.store.audit import AuditEntry
from bot.store.crypto import EncryptedJSON, EncryptedText, ring
from bot.store.engine import READ_ONLY, Sessions, reading, unit_of_work
from bot.store.migrate import config, newest_version
from bot.store.models import Conversation
from bot.store.privacy import erase_conversation
from bot.store.schema import Base

ERASED = "conversation.erased"
PAGES = 2048  # copied at a time; writers get their turn in between


class BadBackup(ValueError):
    """A file that cannot be restored; the message says why."""


def sqlite_file(database_url: str) -> Path | None:
    """The file of a SQLite address; None for another database or one in memory."""
    url = make_url(database_url)
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
        return None
    return Path(str(url.database))


def copy_sqlite(source: Path, target: Path) -> None:
    """A complete, consistent copy of a SQLite database into a new or present file; raises BadBackup if damaged."""
    is_new = not target.exists()
    with closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as old, closing(sqlite3.connect(target)) as new:
        try:
            old.backup(new, pages=PAGES)
            if is_new:
                new.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it
            (verdict,) = new.execute("PRAGMA quick_check").fetchone()
        except sqlite3.DatabaseError as error:
            raise BadBackup(f"{source} is not a whole SQLite database: {error}") from error
    if verdict != "ok":
        raise BadBackup(f"{source} is damaged: {verdict}")


def check_whole(path: Path) -> None:
    """Raise BadBackup when a SQLite file is shorter than its header says; SQLite itself would read zeros there."""
    with path.open("rb") as file:
        header = file.read(100)
    page = int.from_bytes(header[16:18], "big")
    wanted = int.from_bytes(header[28:32], "big") * (65536 if page == 1 else page)
    if path.stat().st_size < wanted:
        raise BadBackup(f"{path} is cut off: {path.stat().st_size} of {wanted} bytes")


def check_reachable(engine: Engine) -> None:
    """Raise SettingError when the database does not answer."""
    try:
        engine.connect().close()
    except (OperationalError, sqlite3.Error) as error:
        cause = type(error.orig).__name__ if isinstance(error, OperationalError) else type(error).__name__
        raise SettingError(
            f"DATABASE_URL: the database does not answer ({cause}); is it running, may we log in?"
        ) from None


def rows_there(engine: Engine) -> dict[str, int] | None:
    """`count_rows`; None for a SQLite file that is damaged. Raises SettingError when the database does not answer."""
    try:
        check_reachable(engine)
        return count_rows(engine)
    except OperationalError:
        raise
    except DatabaseError:
        if engine.dialect.name != "sqlite":
            raise
        return None


def put_aside(file: Path, aside: Path) -> None:
    """Give a SQLite file, and what lies beside it, another name and leave an empty one in its place."""
    for end in ("-wal", "-shm", ""):
        if (part := file.with_name(file.name + end)).exists():
            part.rename(aside.with_name(aside.name + end))
    file.touch(mode=0o600)


def version_of(engine: Engine) -> str | None:
    """The version of the tables in a database; None when it has none of ours."""
    with _reading(engine) as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.scalar(text("SELECT version_num FROM alembic_version"))


def check_version(version: str | None) -> None:
    """Raise BadBackup for tables this program does not know: made by a newer one, or not ours."""
    known = {script.revision for script in ScriptDirectory.from_config(config()).walk_revisions()}
    if version not in known:
        raise BadBackup(
            f"the backup has tables of version {version or 'none'}, and this program knows up to {newest_version()}; "
            "restore it with the version of Mesoguide that made it, or a newer one"
        )


def count_rows(engine: Engine) -> dict[str, int]:
    """Rows per table of our own; empty for an empty database."""
    found = MetaData()
    with _reading(engine) as connection:
        found.reflect(connection)
        return {
            table.name: connection.scalar(select(func.count()).select_from(table)) or 0
            for table in found.sorted_tables
            if table.name != "alembic_version"
        }


def drop_everything(connection: Connection) -> None:
    """Remove every table and what belongs to them, before a restore puts others in their place."""
    found = MetaData()
    found.reflect(connection)
    found.drop_all(connection)
    if connection.dialect.name == "postgresql":
        connection.execute(text("DROP FUNCTION IF EXISTS audit_is_append_only() CASCADE"))


def empty(engine: Engine) -> None:
    """`drop_everything` in a transaction of its own."""
    with engine.begin() as connection:
        drop_everything(connection)


def unreadable_columns(sessions: Sessions, newest: int | None = 3) -> list[str]:
    """Encrypted columns ("booking.name") of whose `newest` values, None for all, one is read by none of the process's
    keys."""
    columns = [column for table in Base.metadata.sorted_tables for column in table.columns]
    secret = [column for column in columns if isinstance(column.type, (EncryptedText, EncryptedJSON))]
    wrong = []
    with reading(sessions) as session:
        for column in secret:
            tokens = select(type_coerce(column, Text)).where(column.is_not(None)).limit(newest)
            tokens = tokens.order_by(*(key.desc() for key in column.table.primary_key))
            if not all(_readable(token) for token in session.scalars(tokens.execution_options(yield_per=500))):
                wrong.append(f"{column.table.name}.{column.name}")
    return wrong


def note_saved(sessions: Sessions, details: dict[str, Any], now: datetime) -> bool:
    """Write into the audit log that a backup was saved; False where the database takes no writing (a full disk, a
    lock): no reason to lose the backup."""
    try:
        with unit_of_work(sessions) as session:
            audit.record(session, actor="system", action="backup.saved", subject="database", now=now, details=details)
            session.commit()
    except OperationalError:
        return False
    return True


def erased_conversations(sessions: Sessions) -> list[str]:
    """The ids of conversations that were erased, as the audit log has them; none where it cannot be read."""
    try:
        with reading(sessions) as session:
            subjects = session.scalars(select(AuditEntry.subject).where(AuditEntry.action == ERASED)).all()
    except DatabaseError:
        return []
    return [subject.removeprefix("conversation:") for subject in subjects]


def erase_again(sessions: Sessions, ids: list[str], now: datetime, visit_record_days: int) -> int:
    """Erase conversations that a restored backup brought back; returns how many there were."""
    done = 0
    for id in ids:
        with unit_of_work(sessions) as session:
            if session.get(Conversation, id) is not None:
                erase_conversation(session, id, actor="system", now=now, visit_record_days=visit_record_days)
                session.commit()
                done += 1
    return done


def _reading(engine: Engine) -> Connection:
    return engine.connect().execution_options(**READ_ONLY)


def _readable(token: str) -> bool:
    try:
        ring().decrypt(token)
    except SettingError:
        return False
    return True
