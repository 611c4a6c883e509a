"""A database as a file of rows: gzipped lines of JSON, a header first and the number of rows last, so that a file that
was cut off is noticed. Tables are read as the database has them, not as this version's models say: a backup of an older
version is restored as it was and migrated afterwards.
"""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timezone
from itertools import islice
from pathlib import Path
from typing import Any

from alembic import command
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    DateTime,
    Engine,
    Integer,
    MetaData,
    Table,
    bindparam,
    func,
    insert,
    select,
    text,
    update,
)

from bot.store.backup import BadBackup, drop_everything, version_of
from bot.store.engine import READ_ONLY
from bot.store.migrate import config

FORMAT = 1
BATCH = 500
_VERSION_TABLE = "alembic_version"
Row = dict[str, Any]


def export_rows(engine: Engine, path: Path) -> dict[str, int]:
    """Write every row to a file, as of one moment, while others go on writing; returns the rows per table."""
    counts: dict[str, int] = {}
    version = version_of(engine)
    with _one_moment(engine) as connection, gzip.open(path, "wt", encoding="utf-8", compresslevel=5) as file:
        tables = _tables(connection)
        file.write(_line({"mesoguide": FORMAT, "version": version, "tables": [table.name for table in tables]}))
        for table in tables:
            counts[table.name] = 0
            wanted = select(table).order_by(*table.primary_key.columns).execution_options(yield_per=BATCH)
            for row in connection.execute(wanted):
                file.write(_line({"table": table.name, "row": {k: _plain(v) for k, v in row._mapping.items()}}))
                counts[table.name] += 1
        file.write(_line({"end": sum(counts.values())}))
    return counts


def version_in(path: Path) -> str | None:
    """The version of the tables in a file of rows; raises BadBackup when it is none."""
    return next(_lines(path))["version"]


def import_rows(engine: Engine, path: Path, *, replace: bool = False) -> dict[str, int]:
    """Fill an empty database from a file of rows, or with `replace` any database; returns the rows per table.

    All or nothing: when BadBackup is raised, a PostgreSQL database is as it was.
    """
    lines = _lines(path)
    header = next(lines)
    with engine.connect() as connection, connection.begin():
        if replace:
            drop_everything(connection)
        command.upgrade(config(connection), header["version"])
        tables = {table.name: table for table in _tables(connection)}
        counts = dict.fromkeys(header["tables"], 0)
        links: dict[str, list[Row]] = defaultdict(list)
        for name, rows in _batches(lines):
            if name not in tables:
                raise BadBackup(f"{path} has rows of a table {name!r}, which version {header['version']} does not have")
            _insert(connection, tables[name], rows, links)
            counts[name] += len(rows)
        for name, rows in links.items():
            _link(connection, tables[name], rows)
        _reset_counters(connection, tables.values())
    return counts


def _one_moment(engine: Engine) -> Connection:
    connection = engine.connect()
    if engine.dialect.name == "postgresql":
        return connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return connection.execution_options(**READ_ONLY)


def _tables(connection: Connection) -> list[Table]:
    found = MetaData()
    found.reflect(connection)
    return [table for table in found.sorted_tables if table.name != _VERSION_TABLE]


def _line(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"


def _plain(value: Any) -> Any:
    if not isinstance(value, datetime):
        return value
    moment = value.replace(tzinfo=timezone.utc) if value.tzinfo is None else value.astimezone(timezone.utc)
    return moment.isoformat()


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """The header, then the rows; raises BadBackup when the file is not ours or not whole."""
    seen, whole = 0, False
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            for number, line in enumerate(file):
                value = json.loads(line)
                if number == 0 and value.get("mesoguide") != FORMAT:
                    raise BadBackup(f"{path} is not a backup this program can read")
                if "end" in value:
                    whole = value["end"] == seen
                    break
                seen += number > 0
                yield value
    except (OSError, EOFError, ValueError) as error:
        raise error if isinstance(error, BadBackup) else BadBackup(f"{path} is damaged or cut off") from error
    if not whole:
        raise BadBackup(f"{path} is cut off after {seen} rows")


def _batches(lines: Iterator[dict[str, Any]]) -> Iterator[tuple[str, list[Row]]]:
    while batch := list(islice(lines, BATCH)):
        by_table: dict[str, list[Row]] = {}
        for line in batch:
            by_table.setdefault(line["table"], []).append(line["row"])
        yield from by_table.items()


def _insert(connection: Connection, table: Table, rows: list[Row], links: dict[str, list[Row]]) -> None:
    """Insert rows; a column that points into its own table waits until all its rows are there."""
    own = [column for column in table.columns if any(key.column.table is table for key in column.foreign_keys)]
    keys = list(table.primary_key.columns)
    for row in rows:
        for column in own:
            if row[column.name] is not None:
                key = {f"k_{part.name}": row[part.name] for part in keys}
                links[table.name].append({f"to_{column.name}": row[column.name], **key})
                row[column.name] = None
    readers = {column.name: _reader(column, connection) for column in table.columns}
    connection.execute(insert(table), [{name: readers[name](value) for name, value in row.items()} for row in rows])


def _link(connection: Connection, table: Table, rows: list[Row]) -> None:
    for row in rows:
        change = {name.removeprefix("to_"): value for name, value in row.items() if name.startswith("to_")}
        where = [column == bindparam(f"k_{column.name}") for column in table.primary_key.columns]
        key = {name: value for name, value in row.items() if name.startswith("k_")}
        connection.execute(update(table).where(*where).values(change), key)


def _reader(column: Column[Any], connection: Connection) -> Callable[[Any], Any]:
    """What makes a database value of a JSON one, for one column."""
    if isinstance(column.type, DateTime):
        naive = connection.dialect.name == "sqlite"
        return lambda value: value if value is None else _moment(value, naive)
    if isinstance(column.type, Boolean):
        return lambda value: value if value is None else bool(value)
    return lambda value: value


def _moment(value: str, naive: bool) -> datetime:
    moment = datetime.fromisoformat(value)
    return moment.replace(tzinfo=None) if naive else moment


def _reset_counters(connection: Connection, tables: Iterable[Table]) -> None:
    """PostgreSQL's counters know nothing of ids that were inserted by hand."""
    if connection.dialect.name != "postgresql":
        return
    for table in tables:
        for column in table.primary_key.columns:
            name = isinstance(column.type, Integer) and connection.scalar(
                select(func.pg_get_serial_sequence(table.name, column.name))
            )
            if name:
                highest = connection.scalar(select(func.max(column)))
                called = highest is not None
                connection.execute(
                    text("SELECT setval(CAST(:name AS regclass), :value, :called)"),
                    {"name": name, "value": highest or 1, "called": called},
                )
