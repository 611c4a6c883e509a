"""Key rotation: rewrite every encrypted value under the first key, in small transactions, while the system runs."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Table, Text, bindparam, select, tuple_, type_coerce, update
from sqlalchemy.orm import Session

from bot.store import messenger
from bot.store.crypto import EncryptedJSON, EncryptedText, ring
from bot.store.engine import Sessions, unit_of_work
from bot.store.schema import Base


def rotate(sessions: Sessions, batch: int = 500, page_id: str = "") -> dict[str, int]:
    """Re-encrypt all rows; returns the rows rewritten per table. Afterwards the older keys may be dropped.

    People of Messenger get their new index first, by the id of the page that they wrote to.
    """
    with unit_of_work(sessions) as session:
        messenger.reindex(session, page_id)
        session.commit()
    return {
        table.name: _rotate_table(sessions, table, batch) for table in Base.metadata.sorted_tables if _secret(table)
    }


def _secret(table: Table) -> list[Column[Any]]:
    return [column for column in table.columns if isinstance(column.type, (EncryptedText, EncryptedJSON))]


def _rotate_table(sessions: Sessions, table: Table, batch: int) -> int:
    done = 0
    last: tuple[Any, ...] | None = None
    while True:
        with unit_of_work(sessions) as session:
            last, number = _rotate_batch(session, table, last, batch)
            session.commit()
        done += number
        if number < batch:
            return done


def _rotate_batch(
    session: Session, table: Table, after: tuple[Any, ...] | None, batch: int
) -> tuple[tuple[Any, ...] | None, int]:
    keys, secrets = list(table.primary_key.columns), _secret(table)
    wanted = select(*keys, *(type_coerce(column, Text).label(column.name) for column in secrets))
    if after is not None:
        wanted = wanted.where(tuple_(*keys) > tuple_(*after))
    rows = session.execute(wanted.order_by(*keys).limit(batch).with_for_update()).all()
    if not rows:
        return after, 0
    change = update(table).where(*(key == bindparam(f"key_{key.name}") for key in keys))
    change = change.values({column: type_coerce(bindparam(f"new_{column.name}"), Text) for column in secrets})
    session.connection().execute(change, [_new_values(row._mapping, keys, secrets) for row in rows])
    _reindex(session, table, [tuple(row[: len(keys)]) for row in rows])
    return tuple(rows[-1][: len(keys)]), len(rows)


def _new_values(row: Any, keys: list[Column[Any]], secrets: list[Column[Any]]) -> dict[str, Any]:
    values = {f"key_{key.name}": row[key.name] for key in keys}
    for column in secrets:
        token = row[column.name]
        values[f"new_{column.name}"] = None if token is None else ring().reencrypt(token)
    return values


def _reindex(session: Session, table: Table, keys: list[tuple[Any, ...]]) -> None:
    """Let rows that can be found by a blind index compute it anew: their class has a method `reindex()`."""
    for mapper in Base.registry.mappers:
        if mapper.local_table is table and hasattr(mapper.class_, "reindex"):
            for row in session.scalars(select(mapper.class_).where(tuple_(*table.primary_key).in_(keys))):
                row.reindex()
