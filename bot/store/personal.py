"""Which rows of which table are about a person: the one place that erasing, export and retention go by.

Personal is what points to a conversation by a foreign key, over however many tables, Rasa's tracker, and what is found
by a keyed hash of the person. Every other table stands in NOT_PERSONAL with the reason; a table that is in neither
turns the tests red.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Table, or_, select
from sqlalchemy.orm import Session

from bot.store.messenger_models import MessengerEvent, MessengerLane, MessengerPerson, MoveGuess
from bot.store.models import Booking, Conversation, TrackerState, TrackerTurn
from bot.store.schema import Base
from bot.store.slots_guesses import keys_of
from bot.store.slots_models import BookingGuess

NOT_PERSONAL: Mapping[str, str] = {
    "audit": "who did what to which id, and no word of a patient; it proves that data was erased",
    "kept_visit": "what the law makes a clinic keep of a visit that took place; it goes when its time is over",
    "content_version": "the clinic's own words",
    "learned_answer": "the clinic's own words",
    "answer_revision": "the clinic's own words",
    "question_group": "a sum of vectors, made anew without the questions that were erased",
    "staff_user": "staff",
    "staff_session": "staff",
    "staff_link": "staff",
    "counter": "numbers",
    "diary_day": "numbers",
    "delivery_target": "other systems",
}


@dataclass(frozen=True)
class Person:
    """How a person is named in the tables: by their conversation, in Messenger by a keyed hash, and in guesses."""

    conversation_id: str
    person_indexes: tuple[str, ...] = ()
    guess_keys: tuple[str, ...] = ()


def person_of(session: Session, conversation_id: str) -> Person:
    """Everything the person of a conversation is found by."""
    messenger = select(MessengerPerson.person_index).where(MessengerPerson.conversation_id == conversation_id)
    booked = select(Booking).where(Booking.conversation_id == conversation_id)
    guesses = [
        key for row in session.scalars(booked) for key in keys_of(conversation_id, row.reference, row.contact)
    ] or keys_of(conversation_id)
    return Person(conversation_id, tuple(session.scalars(messenger)), tuple(guesses))


def rows_about(person: Person) -> list[tuple[Table, ColumnElement[bool]]]:
    """Each personal table with the condition that finds the person's rows, parents before what hangs on them."""
    found: dict[str, ColumnElement[bool]] = {}
    by_hash = _by_hash(person)
    for table in Base.metadata.sorted_tables:
        if table.name == Conversation.__tablename__:
            found[table.name] = table.c.id == person.conversation_id
        elif table.name in by_hash:
            found[table.name] = by_hash[table.name]
        elif (condition := _hangs_on(table, found)) is not None:
            found[table.name] = condition
    return [(Base.metadata.tables[name], condition) for name, condition in found.items()]


def personal_tables() -> set[str]:
    """The names of all personal tables."""
    return {table.name for table, _ in rows_about(Person(""))}


def _by_hash(person: Person) -> dict[str, ColumnElement[bool]]:
    """The tables that no foreign key ties to a conversation."""
    who = [person.conversation_id, *person.person_indexes]
    return {
        TrackerState.__tablename__: TrackerState.__table__.c.sender_id == person.conversation_id,
        TrackerTurn.__tablename__: TrackerTurn.__table__.c.sender_id == person.conversation_id,
        MessengerEvent.__tablename__: MessengerEvent.__table__.c.person_index.in_(person.person_indexes),
        MessengerLane.__tablename__: MessengerLane.__table__.c.person_index.in_(person.person_indexes),
        MoveGuess.__tablename__: MoveGuess.__table__.c.who.in_(who),
        BookingGuess.__tablename__: BookingGuess.__table__.c.key.in_(person.guess_keys),
    }


def _hangs_on(table: Table, found: Mapping[str, ColumnElement[bool]]) -> ColumnElement[bool] | None:
    """The condition of a table whose foreign keys lead to the conversation, else to rows that do, or None."""
    keys = [(column, key.column) for column in table.columns for key in column.foreign_keys]
    ways = [(column, to) for column, to in keys if to.table is not table and to.table.name in found]
    direct = [way for way in ways if way[1].table.name == Conversation.__tablename__]
    return _any([column.in_(select(to).where(found[to.table.name])) for column, to in direct or ways])


def _any(conditions: list[ColumnElement[bool]]) -> ColumnElement[bool] | None:
    return or_(*conditions) if conditions else None
