"""The statements of every turn, on the driver's own cursor inside the connection's transaction.

SQLAlchemy looks a statement over each time it is run: 0.15 to 0.3 ms for what the database does in 0.01 (docs/
performance.md). A `Plain` is compiled once for each database. The SQL, the connection, the transaction and the types of
the columns on the way in and out are SQLAlchemy's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

Where = Session | Connection
Process = Callable[[Any], Any]
Values = Mapping[str, Any]
_REQUIRED = object()


def connection_of(where: Where) -> Connection:
    """The connection of a unit of work."""
    return where if isinstance(where, Connection) else where.connection()


class Plain:
    """A Core statement with named parameters; `build` gives it for a dialect where the two differ.

    An INSERT names its `columns`, which are then its parameters: all of the table that have no default in the database.
    """

    def __init__(self, statement: Any = None, *, build: Callable[[Dialect], Any] | None = None, columns: Any = None):
        self._build = build or (lambda dialect: statement)
        self._columns = columns
        self._made: WeakKeyDictionary[Dialect, _Made] = WeakKeyDictionary()

    def run(self, connection: Connection, values: Values) -> int:
        """Run it; how many rows it changed."""
        cursor = self._execute(connection, values)
        try:
            return int(cursor.rowcount)
        finally:
            cursor.close()

    def first(self, connection: Connection, values: Values) -> tuple[Any, ...] | None:
        """The first row it gives."""
        rows = self.all(connection, values)
        return rows[0] if rows else None

    def all(self, connection: Connection, values: Values) -> list[tuple[Any, ...]]:
        """Every row it gives."""
        cursor = self._execute(connection, values)
        try:
            return self._made[connection.dialect].rows(cursor.fetchall())
        finally:
            cursor.close()

    def _execute(self, connection: Connection, values: Values) -> Any:
        dialect = connection.dialect
        made = self._made.get(dialect)
        if made is None:
            made = self._made[dialect] = _made(self._build(dialect), dialect, self._columns)
        cursor = connection.connection.cursor()
        try:
            bound = made.bound(values)
            for listener in connection.engine.dispatch.before_cursor_execute:
                listener(connection, cursor, made.text, bound, None, False)
            cursor.execute(made.text, bound)
        except Exception as error:
            cursor.close()
            base: Any = dialect.dbapi.Error  # type: ignore[union-attr]
            raise DBAPIError.instance(made.text, None, error, base, hide_parameters=True, dialect=dialect) from error
        return cursor


@dataclass(frozen=True)
class _Made:
    """The statement as one driver takes it. `binds`: name, what its type does on the way in, and a value of its own."""

    text: str
    binds: Sequence[tuple[str, Process | None, Any]]
    by_name: bool
    results: Sequence[Process | None]

    def bound(self, values: Values) -> Any:
        """The parameters; raises KeyError naming one that is missing."""
        found = []
        for name, process, own in self.binds:
            value = values[name] if own is _REQUIRED or name in values else own
            found.append(process(value) if process is not None else value)
        return dict(zip((name for name, _, _ in self.binds), found, strict=True)) if self.by_name else found

    def rows(self, fetched: list[Any]) -> list[tuple[Any, ...]]:
        """The rows with their columns' types."""
        if not fetched or not any(self.results):
            return fetched
        columns = zip(self.results, zip(*fetched, strict=True), strict=True)  # by column: hundreds of rows at once
        return list(zip(*(map(step, column) if step is not None else column for step, column in columns), strict=True))


def _made(statement: Any, dialect: Dialect, columns: Sequence[str] | None) -> _Made:
    compiled = statement.compile(dialect=dialect, column_keys=columns)
    left_out = [column.name for column in getattr(compiled, "insert_prefetch", ())]
    if left_out or compiled.post_compile_params:
        raise ValueError(f"a plain statement computes nothing when it is run: {left_out or compiled}")
    types = {name: bind for bind, name in compiled.bind_names.items()}
    order = compiled.positiontup if compiled.positional else list(types)
    return _Made(
        compiled.string,
        [(name, _way_in(types[name].type, dialect), _own(types[name])) for name in order],
        not compiled.positional,
        [_way_out(column.type, dialect) for column in compiled._result_columns],
    )


def _own(bind: Any) -> Any:
    return _REQUIRED if bind.required or bind.value is None else bind.value


def _way_in(kind: Any, dialect: Dialect) -> Process | None:
    return kind.dialect_impl(dialect).bind_processor(dialect)  # type: ignore[no-any-return]


def _way_out(kind: Any, dialect: Dialect) -> Process | None:
    return kind.dialect_impl(dialect).result_processor(dialect, None)  # type: ignore[no-any-return]
