"""Column types and small parts the models share: UTC times, closed vocabularies, JSON, ids, names of constraints."""

from __future__ import annotations

import uuid
from datetime import datetime, timezone
from typing import Any, get_args

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Enum, Integer, MetaData
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator, TypeEngine

CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """The root of every table."""

    metadata = MetaData(naming_convention=CONVENTION)


class UtcDateTime(TypeDecorator[datetime]):
    """A moment. Takes aware datetimes only and gives them back in UTC, on SQLite too."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else _utc(value)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=timezone.utc) if value.tzinfo is None else value.astimezone(timezone.utc)

    def bind_processor(self, dialect: Dialect) -> Any:
        return _to_sqlite if dialect.name == "sqlite" else super().bind_processor(dialect)

    def result_processor(self, dialect: Dialect, coltype: Any) -> Any:
        return _from_sqlite if dialect.name == "sqlite" else super().result_processor(dialect, coltype)


def _utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("a stored time needs a time zone; pass an aware datetime")
    return value.astimezone(timezone.utc)


# SQLite keeps a time as text without its zone, as SQLAlchemy's own type does; the diary reads hundreds of them at once.
_ZONE = "+00:00"


def _to_sqlite(value: datetime | None) -> str | None:
    return None if value is None else _utc(value).isoformat(" ", "microseconds").removesuffix(_ZONE)


def _from_sqlite(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value + _ZONE)


Json: TypeEngine[Any] = JSON().with_variant(JSONB(), "postgresql")
BigId: TypeEngine[int] = BigInteger().with_variant(Integer(), "sqlite")


def one_of(vocabulary: Any, name: str) -> Enum:
    """A text column that takes only the words of a Literal, checked by the database as `ck_<table>_<name>`."""
    return Enum(*get_args(vocabulary), name=name, native_enum=False, create_constraint=True, length=24)


def new_id() -> str:
    """A random id for a row: tells nothing about who or when."""
    return str(uuid.uuid4())
