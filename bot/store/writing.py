"""Inserts without the ORM's bookkeeping, which costs more than the row: each statement is built once."""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar

from sqlalchemy import Dialect, inspect
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from bot.store.columns import Base
from bot.store.plain import Plain

Row = TypeVar("Row", bound=Base)


def insert(session: Session, model: type[Base], **values: Any) -> None:
    """Insert a row; raises sqlalchemy's IntegrityError where it clashes with another."""
    _run(session, model, None, values)


def insert_if_new(session: Session, model: type[Base], unique: tuple[str, ...], **values: Any) -> bool:
    """Insert a row; False when a row with the same `unique` columns exists, be it one another process just committed.

    With no `unique` columns named, a clash in any unique constraint counts.
    """
    return _run(session, model, unique, values) is not None


def insert_once(session: Session, model: type[Row], unique: tuple[str, ...], **values: Any) -> Row | None:
    """What `insert_if_new` does, and the row; None when there was one."""
    made = _run(session, model, unique, values)
    return None if made is None else session.get(model, made)


def _run(
    session: Session, model: type[Base], unique: tuple[str, ...] | None, values: dict[str, Any]
) -> tuple[Any, ...] | None:
    """Insert, after all that the session holds; the primary key of the new row."""
    session.flush()
    values = {**_defaults(model), **values}
    return _statement(model, unique, tuple(values)).first(session.connection(), _named(model, values))


def _named(model: type[Base], values: dict[str, Any]) -> dict[str, Any]:
    columns = inspect(model).columns
    return {columns[name].name: value for name, value in values.items()}


def _defaults(model: type[Base]) -> dict[str, Any]:
    """What the model's columns are where nothing else is said, by attribute."""
    found = {}
    for name, column in inspect(model).columns.items():
        if column.default is not None:
            found[name] = column.default.arg(None) if column.default.is_callable else column.default.arg
    return found


@cache
def _statement(model: type[Base], unique: tuple[str, ...] | None, names: tuple[str, ...]) -> Plain:
    """With `unique`, the one write that both databases spell alike only here."""

    def build(dialect: Dialect) -> Any:
        made: Any = (postgresql.insert if dialect.name == "postgresql" else sqlite.insert)(model.__table__)
        if unique is not None:
            made = made.on_conflict_do_nothing(index_elements=unique or None)
        return made.returning(*inspect(model).primary_key)

    columns = inspect(model).columns
    return Plain(build=build, columns=[columns[name].name for name in names])
