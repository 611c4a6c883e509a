"""The one write that both databases spell alike only here: insert a row unless its key is already there."""

from __future__ import annotations

from typing import Any, TypeVar

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from bot.store.columns import Base

Row = TypeVar("Row", bound=Base)


def insert_once(session: Session, model: type[Row], unique: tuple[str, ...], **values: Any) -> Row | None:
    """Insert a row; None when a row with the same `unique` columns exists, be it one another process just committed.

    With no `unique` columns named, a clash in any unique constraint counts.
    """
    insert: Any = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = insert(model).values(**values).on_conflict_do_nothing(index_elements=unique or None).returning(model)
    return session.scalar(statement)
