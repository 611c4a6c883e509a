"""`mesoguide backup` and `restore`: one file of everything in the database, taken while the system runs.

Three forms, told apart by their first bytes: a SQLite database; PostgreSQL's own dump, when its tools are here and not
older than the server; rows, which any of the two databases can be restored from. All are readable by their owner only.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from bot.clinic.content import load_content
from bot.settings import Settings
from bot.store import backup as store
from bot.store import erasures, rows
from bot.store.crypto import configure_keys
from bot.store.engine import make_engine, make_sessions
from bot.store.migrate import migrate
from bot.store.postgres import Server, describe

Form = Literal["sqlite", "postgresql", "rows"]
TOOL_SECONDS = 3600
_SIGNS: dict[bytes, Form] = {b"SQLite format 3\0": "sqlite", b"PGDMP": "postgresql", b"\x1f\x8b": "rows"}


class BackupError(RuntimeError):
    """A backup or restore that did not happen; nothing was changed, and the message says what to do."""


@dataclass(frozen=True)
class Report:
    """What was saved or restored: the file, its form and size in bytes, the tables' version, the rows per table.

    After a restore `erased` counts the people who had been erased since the backup and were erased again,
    `unreadable` names encrypted columns the present keys cannot read, and `aside` is where a damaged database is now
    that the backup took the place of.
    """

    path: Path
    form: Form
    bytes: int
    version: str | None
    rows: dict[str, int]
    erased: int = 0
    unreadable: tuple[str, ...] = ()
    aside: Path | None = None


def backup(settings: Settings, path: Path, *, portable: bool = False) -> Report:
    """Save the database to a new file (mode 600). `portable` asks for rows, which both databases can be restored from.

    Raises BackupError when there is nothing to save or the file exists.
    """
    if path.exists():
        raise BackupError(f"{path} exists already; choose another name, or remove it first")
    file = store.sqlite_file(settings.database_url)
    engine = make_engine(settings.database_url)
    store.check_reachable(engine)
    version = None if file and not file.exists() else store.version_of(engine)
    if version is None:
        raise BackupError("there is no database to save yet; start the system once, or check DATABASE_URL")
    with _new_file(path) as new:
        form = "rows" if portable else _save(settings, new)
        counts = rows.export_rows(engine, new) if form == "rows" else store.count_rows(engine)
    engine.dispose()
    return Report(path, form, path.stat().st_size, version, counts)


def note(settings: Settings, saved: Report, now: datetime) -> bool:
    """Write into the audit log that a backup left the database; False where the database takes no writing now."""
    engine = make_engine(settings.database_url)
    details = {"form": saved.form, "rows": sum(saved.rows.values()), "bytes": saved.bytes}
    try:
        return store.note_saved(make_sessions(engine), details, now)
    finally:
        engine.dispose()


def restore(settings: Settings, path: Path, now: datetime, *, replace: bool = False) -> Report:
    """Put a backup into the database, bring its tables up to date, and erase again whoever was erased since.

    Who was erased stands in the present audit log and on the list beside the database (bot/store/erasures.py). Stop the
    system first. Raises BackupError when the database holds rows or is damaged and `replace` is not given, and for a
    file that is damaged, unknown or of the other kind of database; the database is then as it was.
    """
    form = _form(path)
    configure_keys(settings.keys)
    engine = make_engine(settings.database_url)
    sessions = make_sessions(engine)
    present = store.rows_there(engine)
    if not replace and (present is None or any(present.values())):
        state = "damaged" if present is None else "not empty"
        raise BackupError(f"the database is {state}; to put the backup in its place, say so with --replace")
    erased = erasures.read(settings.erasures)
    if present is None or "audit" in present:
        erased = list(dict.fromkeys([*erased, *store.erased_conversations(sessions)]))
    engine.dispose()
    aside = _aside(settings, now) if present is None else None
    try:
        version = _load(settings, path, form, bool(present), aside)
    except store.BadBackup as error:
        raise BackupError(str(error)) from error
    migrate(engine)
    kept_days = load_content(settings.content).clinic.privacy.visit_record_days
    again = store.erase_again(sessions, erased, now, kept_days)
    unreadable = tuple(store.unreadable_columns(sessions))
    return Report(path, form, path.stat().st_size, version, store.count_rows(engine), again, unreadable, aside)


@contextmanager
def _new_file(path: Path) -> Iterator[Path]:
    """A file beside the wanted one, put in its place when the block ends well: no half backup has the final name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".backup-") as folder:
        new = Path(folder) / path.name
        yield new
        new.chmod(0o600)
        os.replace(new, path)


def _save(settings: Settings, new: Path) -> Form:
    file = store.sqlite_file(settings.database_url)
    if file:
        store.copy_sqlite(file, new)
        return "sqlite"
    server = describe(settings.database_url)
    tool = shutil.which("pg_dump")
    if tool is None or _major(tool) < server.major:
        return "rows"
    _run([tool, "--format=custom", "--no-owner", "--no-privileges", "--file", str(new), server.database], server)
    return "postgresql"


def _form(path: Path) -> Form:
    if not path.is_file():
        raise BackupError(f"there is no file {path}")
    with path.open("rb") as file:
        start = file.read(16)
    form = next((form for sign, form in _SIGNS.items() if start.startswith(sign)), None)
    if form is None:
        raise BackupError(f"{path} is not a backup: neither SQLite, nor a PostgreSQL dump, nor rows")
    return form


def _aside(settings: Settings, now: datetime) -> Path | None:
    file = store.sqlite_file(settings.database_url)
    return file and file.with_name(f"{file.name}.damaged-{now:%Y%m%d-%H%M%S}")


def _put_in_place(trial: Path, file: Path, aside: Path | None) -> None:
    if aside is not None:
        store.put_aside(file, aside)
    store.copy_sqlite(trial, file)


def _load(settings: Settings, path: Path, form: Form, occupied: bool, aside: Path | None) -> str | None:
    file = store.sqlite_file(settings.database_url)
    if form == "rows":
        return _load_rows(settings, path, file, occupied, aside)
    if form == "sqlite" and file:
        return _load_sqlite(path, file, aside)
    if form == "postgresql" and not file:
        return _load_postgresql(settings, path)
    raise BackupError("the backup is of the other kind of database; make one with --portable to move between the two")


def _load_sqlite(path: Path, file: Path, aside: Path | None) -> str | None:
    store.check_whole(path)
    with tempfile.TemporaryDirectory(dir=file.parent) as folder:  # tried on a copy first: the file may be damaged
        trial = Path(folder) / "trial.db"
        store.copy_sqlite(path, trial)
        engine = make_engine(f"sqlite:///{trial}")
        version = store.version_of(engine)
        engine.dispose()
        store.check_version(version)
        _put_in_place(trial, file, aside)
    return version


def _load_rows(settings: Settings, path: Path, file: Path | None, occupied: bool, aside: Path | None) -> str | None:
    version = rows.version_in(path)
    store.check_version(version)
    if file:  # filled apart, then copied over the present one in a single step
        with tempfile.TemporaryDirectory(dir=file.parent) as folder:
            trial = Path(folder) / "trial.db"
            engine = make_engine(f"sqlite:///{trial}")
            rows.import_rows(engine, path)
            engine.dispose()
            _put_in_place(trial, file, aside)
        return version
    engine = make_engine(settings.database_url)
    rows.import_rows(engine, path, replace=occupied)
    engine.dispose()
    return version


def _load_postgresql(settings: Settings, path: Path) -> str | None:
    """Empty the database and let pg_restore fill it; when that fails, put back what was there."""
    tool = shutil.which("pg_restore")
    if tool is None:
        raise BackupError("restoring a PostgreSQL dump needs pg_restore; install PostgreSQL's client programs")
    server = describe(settings.database_url)
    _run([tool, "--list", str(path)], server)
    engine = make_engine(settings.database_url)
    options = ["--single-transaction", "--no-owner", "--no-privileges", "--exit-on-error"]
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        former = Path(folder) / "former"
        rows.export_rows(engine, former)
        try:
            store.empty(engine)
            _run([tool, *options, f"--dbname={server.database}", str(path)], server)
            version = store.version_of(engine)
            store.check_version(version)
        except (BackupError, store.BadBackup):
            rows.import_rows(engine, former, replace=True)
            raise
    engine.dispose()
    return version


def _major(tool: str) -> int:
    said = subprocess.run([tool, "--version"], capture_output=True, text=True, timeout=30, check=False).stdout
    found = re.search(r"(\d+)", said)
    return int(found[1]) if found else 0


def _run(command: list[str], server: Server) -> None:
    """Run one of PostgreSQL's tools; the password travels in the environment, where no process list shows it."""
    done = subprocess.run(
        command, env={**os.environ, **server.environment}, capture_output=True, timeout=TOOL_SECONDS, check=False
    )
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise BackupError(f"{Path(command[0]).name} failed: {' '.join(last)}")
