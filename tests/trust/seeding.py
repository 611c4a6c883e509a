"""A row in every table, marked with one person's words, so that a search finds whatever an erasure forgot."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Boolean, Column, Date, Enum, Float, Integer, Table, insert, select
from sqlalchemy.orm import Session

from bot.store.columns import UtcDateTime
from bot.store.crypto import EncryptedJSON, EncryptedText, blind_index
from bot.store.personal import NOT_PERSONAL
from bot.store.schema import Base
from bot.store.slots_guesses import keys_of
from tests.trust.databases import NOW

PAGE = "4711"


@dataclass
class Seeded:
    """One person's rows: the words that mark them, their conversation, and the keys of the rows by table."""

    mark: str
    conversation: str
    rows: dict[str, dict[str, Any]]


def seed(session: Session, mark: str) -> Seeded:
    """One row in every table, each pointing to this person's rows of the tables before."""
    made = Seeded(mark, f"chat-{mark}", {})
    for table in Base.metadata.sorted_tables:
        values = {column.name: _value(column, made) for column in table.columns if not _counts_itself(column, table)}
        done = session.execute(insert(table).values(values).returning(*table.columns)).mappings().one()
        made.rows[table.name] = dict(done)
    session.flush()
    return made


def found(session: Session, words: str) -> set[str]:
    """The tables in which a decrypted row has these words."""
    return {
        table.name
        for table in Base.metadata.sorted_tables
        if any(words in str(tuple(row)) for row in session.execute(select(table)))
    }


def _counts_itself(column: Column[Any], table: Table) -> bool:
    return column is table.autoincrement_column and not column.foreign_keys


def _value(column: Column[Any], made: Seeded) -> Any:  # noqa: PLR0911 - one line per kind of column
    known, place = _known(made), (column.table.name, column.name)
    if place in known:
        return known[place]
    for key in column.foreign_keys:
        return None if key.column.table is column.table else made.rows[key.column.table.name][key.column.name]
    kind = column.type
    if isinstance(kind, EncryptedJSON):
        return [{"words": made.mark}]
    if isinstance(kind, EncryptedText):
        return made.mark
    if isinstance(kind, Enum):
        return kind.enums[0]
    if isinstance(kind, Boolean):
        return False
    if isinstance(kind, (Integer, Float)):
        return 1
    if isinstance(kind, UtcDateTime):
        return NOW + timedelta(days=1)
    if isinstance(kind, Date):
        return date(2026, 3, 2)
    return _text(column, made) if hasattr(kind, "length") else []


def _text(column: Column[Any], made: Seeded) -> str:
    """Plain text columns get the mark too, where a person's rows are meant to go; the clinic's own do not."""
    length = getattr(column.type, "length", None) or 60
    whose = made.mark if column.table.name not in NOT_PERSONAL else f"clinic-{len(made.mark)}-{made.mark[:1]}"
    return f"{whose}-{column.name}"[:length]


def _known(made: Seeded) -> dict[tuple[str, str], Any]:
    """Values that mean something: how a person is named where no foreign key does it."""
    person = blind_index(f"{PAGE}:{made.mark}")
    return {
        ("conversation", "id"): made.conversation,
        ("tracker_state", "sender_id"): made.conversation,
        ("tracker_turn", "sender_id"): made.conversation,
        ("messenger_person", "person_index"): person,
        ("messenger_person", "psid"): made.mark,
        ("messenger_event", "person_index"): person,
        ("messenger_event", "key"): blind_index(f"event {made.mark}"),
        ("messenger_event", "kind"): "text",
        ("messenger_event", "done_at"): None,
        ("messenger_event", "error"): "TimeoutError",
        ("messenger_lane", "person_index"): person,
        ("move_guess", "who"): person,
        ("booking", "reference"): f"MG-{made.mark[:1].upper() * 6}",
        ("booking", "contact_index"): blind_index(made.mark),
        ("booking_guess", "key"): keys_of(made.conversation, None, made.mark)[-1],
        ("answer_wording", "vector"): made.mark,
        ("question_group", "centre"): made.mark,
        ("kept_visit", "name"): "somebody else",
        ("kept_visit", "reference"): "MG-OTHER1",
        ("kept_visit", "id"): f"other-{made.mark[:1]}",
        ("kept_visit", "treatment"): "hair",
        ("staff_user", "totp_secret"): "",
        ("audit", "details"): {},
        ("answer_revision", "facts"): [],
    }
