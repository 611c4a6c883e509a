"""The one write that both databases spell alike only here: insert a row unless its key is already there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import Compiled, Dialect, inspect
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from bot.store.columns import Base

Row = TypeVar("Row", bound=Base)
_Key = tuple[type[Base], tuple[str, ...], tuple[str, ...]]

# SQLAlchemy does not keep the compiled form of INSERT … ON CONFLICT: each would cost some milliseconds anew.
_kept: WeakKeyDictionary[Dialect, dict[_Key, Compiled]] = WeakKeyDictionary()


def insert_once(session: Session, model: type[Row], unique: tuple[str, ...], **values: Any) -> Row | None:
    """Insert a row; None when a row with the same `unique` columns exists, be it one another process just committed.

    With no `unique` columns named, a clash in any unique constraint counts.
    """
    session.flush()
    connection = session.connection()
    columns = inspect(model).columns
    named = {columns[name].name: value for name, value in values.items()}
    made = connection.execute(_compiled(connection.dialect, model, unique, named), named).first()  # type: ignore[call-overload]
    return None if made is None else session.get(model, tuple(made))


def _compiled(dialect: Dialect, model: type[Base], unique: tuple[str, ...], names: Iterable[str]) -> Compiled:
    known, key = _kept.setdefault(dialect, {}), (model, unique, tuple(names))
    if key not in known:
        insert: Any = postgresql.insert if dialect.name == "postgresql" else sqlite.insert
        keyed = insert(model.__table__).on_conflict_do_nothing(index_elements=unique or None)
        statement = keyed.returning(*inspect(model).primary_key)
        known[key] = statement.compile(dialect=dialect, column_keys=list(key[2]))
    return known[key]
