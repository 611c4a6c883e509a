"""A statement on the driver's cursor gives and writes what the same statement gives and writes through SQLAlchemy."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, Integer, String, bindparam, insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError

from bot.store.columns import UtcDateTime
from bot.store.engine import Sessions, unit_of_work
from bot.store.models import Conversation, Message
from bot.store.plain import Plain
from bot.store.texts import copied, from_json, to_json

from .conftest import NOW, later

LINE, CHAT = Message.__table__.c, Conversation.__table__.c
COLUMNS = [column.name for column in Message.__table__.columns if column.name != "position"]
ADD = insert(Message.__table__)
ALL = select(*LINE).where(LINE.conversation_id == bindparam("chat")).order_by(LINE.position)
NEWEST = (
    select(LINE.text, LINE.metadata)
    .where(LINE.conversation_id == bindparam("chat"), LINE.sender == "patient")
    .order_by(LINE.position.desc())
    .limit(bindparam("most", type_=Integer))
)
TOUCH = (
    update(Conversation.__table__)
    .where(CHAT.id == bindparam("chat"))
    .values(last_message_at=bindparam("now", type_=UtcDateTime), assigned_to=bindparam("who", type_=String))
    .returning(CHAT.owner, CHAT.last_message_at, CHAT.assigned_to)
)


def line(chat: str, name: str, **more: Any) -> dict[str, Any]:
    values = {"id": name, "conversation_id": chat, "sender": "patient", "text": f"words of {name} ✓"}
    rest = {"buttons": [{"title": "Yes"}], "metadata": {"kind": None, "at": 1.5}, "created_at": NOW}
    return dict.fromkeys(COLUMNS) | values | rest | more


def test_rows_come_back_as_through_sqlalchemy_whoever_wrote_them(engine: Engine, chat: str) -> None:
    add, every, newest = Plain(ADD.returning(LINE.position), columns=COLUMNS), Plain(ALL), Plain(NEWEST)
    with engine.begin() as connection:
        ours = add.first(connection, line(chat, "a" * 36, understood={"intent": {"name": "x"}}, answered_at=later(1)))
        theirs = connection.execute(ADD.returning(LINE.position), line(chat, "b" * 36)).first()
        assert ours is not None
        assert theirs is not None
        assert ours[0] < theirs[0]
        for plain, statement, values in ((every, ALL, {"chat": chat}), (newest, NEWEST, {"chat": chat, "most": 1})):
            assert plain.all(connection, values) == [tuple(row) for row in connection.execute(statement, values)]
        assert len(every.all(connection, {"chat": chat})) == 2
        assert newest.first(connection, {"chat": "nobody", "most": 3}) is None


def test_a_change_is_the_same_and_says_how_many_rows_it_changed(engine: Engine, chat: str) -> None:
    speak = update(Conversation.__table__).where(CHAT.id == bindparam("chat")).values(language=bindparam("code"))
    touch, count = Plain(TOUCH), Plain(speak)
    with engine.begin() as connection:
        for who in ("0" * 36, None):
            values = {"chat": chat, "now": later(3), "who": who}
            assert touch.first(connection, values) == tuple(connection.execute(TOUCH, values).one())
        assert count.run(connection, {"chat": chat, "code": "de"}) == 1
        assert count.run(connection, {"chat": "nobody", "code": "de"}) == 0


def test_it_is_part_of_the_transaction_it_runs_in(sessions: Sessions, chat: str) -> None:
    add, every = Plain(ADD, columns=COLUMNS), Plain(ALL)
    with unit_of_work(sessions) as session:
        add.run(session.connection(), line(chat, "a" * 36))
        assert every.all(session.connection(), {"chat": chat})
    with unit_of_work(sessions) as session:
        assert every.all(session.connection(), {"chat": chat}) == []


def test_its_errors_are_sqlalchemys_and_quote_no_values(engine: Engine, chat: str) -> None:
    add = Plain(ADD, columns=COLUMNS)
    with engine.begin() as connection:
        add.run(connection, line(chat, "a" * 36))
    with pytest.raises(IntegrityError) as clash, engine.begin() as connection:
        add.run(connection, line(chat, "a" * 36))
    assert isinstance(clash.value, DBAPIError)
    assert "words of" not in str(clash.value)
    with pytest.raises(StatementError, match="time zone"), engine.begin() as connection:
        add.run(connection, line(chat, "a" * 36, created_at=NOW.replace(tzinfo=None)))
    with pytest.raises(StatementError, match="metadata"), engine.begin() as connection:
        add.run(connection, {name: value for name, value in line(chat, "a" * 36).items() if name != "metadata"})


def test_a_column_that_is_computed_at_every_run_is_refused_when_it_is_left_out(engine: Engine) -> None:
    with pytest.raises(ValueError, match="buttons"), engine.begin() as connection:
        Plain(ADD, columns=[name for name in COLUMNS if name != "buttons"]).run(connection, {})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner) | st.tuples(inner),
    max_leaves=12,
)


def same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and math.isnan(one):
        return isinstance(other, float) and math.isnan(other)
    if isinstance(one, dict):
        return isinstance(other, dict) and one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    if isinstance(one, list):
        return isinstance(other, list) and len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and one == other


@given(JSON)
def test_json_says_what_pythons_own_says(value: Any) -> None:
    text = json.dumps(value)
    assert same(from_json(to_json(value)), json.loads(text))
    assert same(from_json(text.encode()), json.loads(text))
    assert same(copied(value), json.loads(text))


@pytest.mark.parametrize("value", [math.inf, [None, -math.inf], {"a": (1.5, math.nan)}, {"a": None, "b": 2**70}])
def test_what_orjson_would_change_is_left_to_pythons_own(value: Any) -> None:
    assert same(from_json(to_json(value)), json.loads(json.dumps(value)))
    assert same(copied(value), json.loads(json.dumps(value)))


@pytest.mark.parametrize("text", ["0.00012345678901234567", "[1e-05,3.0001234567890123456]", "-0.1234567890123456789"])
def test_only_long_whole_numbers_take_the_slow_way(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = json.loads(text)
    monkeypatch.setattr("bot.store.texts.json.loads", None)
    assert from_json(text.encode()) == expected
    with pytest.raises(TypeError):
        from_json(b"[1234567890123456789]")


def test_a_copy_shares_nothing_with_the_first() -> None:
    first = {"a": [{"b": None}]}
    again = copied(first)
    first["a"][0]["b"] = 1
    assert again == {"a": [{"b": None}]}


@pytest.mark.parametrize("value", [NOW, {1, 2}, b"bytes", object(), {"a": {"b": NOW}}])
def test_what_is_no_json_is_refused_as_by_pythons_own(value: Any) -> None:
    for refuses in (to_json, copied):
        with pytest.raises(TypeError):
            refuses(value)


@pytest.mark.parametrize("text", [b"", b"{", b'{"a":1,}', b"nul", b'"\xff"'])
def test_what_is_no_json_text_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - its subclasses differ
        from_json(text)
