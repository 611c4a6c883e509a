"""What is encrypted stays so at rest; keys rotate; a missing key is said in words."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import Engine, text

from bot.settings import SettingError
from bot.store import bookings, crypto, screenings, turns
from bot.store.conversations import accept_message, transcript
from bot.store.engine import Sessions, make_sessions, reading, unit_of_work
from bot.store.rotation import rotate

from .conftest import NOW

MARKED = "zebra-crossing-7321"
EMAIL = f"{MARKED}@example.org"


def fill(sessions: Sessions, chat: str) -> None:
    request = bookings.Request(name=MARKED, contact=EMAIL, contact_kind="email", wish=MARKED, note=MARKED)
    with unit_of_work(sessions) as session:
        accept_message(session, chat, "c1", MARKED, NOW)
        bookings.create(session, chat, request, NOW)
        told = {"answers": {"pregnant": {"value": "yes", "text": MARKED}}}
        screenings.save(session, chat, screenings.Decision(told, "not_suitable", "1", "1", ["pregnant"]), NOW)
        session.commit()


def every_value(engine: Engine) -> str:
    with engine.connect() as connection:
        tables = ("message", "booking", "screening", "outbox", "triage_item", "audit", "conversation")
        return "\n".join(str(row) for table in tables for row in connection.execute(text(f"SELECT * FROM {table}")))  # noqa: S608 - the names above


def test_no_word_name_or_contact_is_readable_in_the_database(engine: Engine, chat: str) -> None:
    fill(make_sessions(engine), chat)
    assert "MG-" in every_value(engine)
    assert MARKED not in every_value(engine)
    assert "pregnant" not in every_value(engine), "the outcome stands in the clear, and not why"


def test_without_keys_reading_and_writing_are_refused_in_words(sessions: Sessions, chat: str) -> None:
    crypto.forget_keys()
    with pytest.raises(Exception, match="MESOGUIDE_KEYS"), unit_of_work(sessions) as session:
        accept_message(session, chat, "c1", MARKED, NOW)


@pytest.mark.parametrize("keys", [[], ["short"], [Fernet.generate_key().decode(), ""]])
def test_unusable_keys_are_refused_and_the_former_ones_stay(keys: list[str], key: str) -> None:
    with pytest.raises(SettingError, match="MESOGUIDE_KEYS"):
        crypto.configure_keys(keys)
    assert crypto.keys_are_configured()


def test_rotation_leaves_nothing_that_needs_the_old_key(
    sessions: Sessions, engine: Engine, chat: str, key: str
) -> None:
    fill(sessions, chat)
    for stored in (0, 1, 2):
        turns.append(engine, chat, stored, [{"text": MARKED}])
    new = Fernet.generate_key().decode()
    crypto.configure_keys([new, key])
    with reading(sessions) as session:
        reference = bookings.of_conversation(session, chat)[0].reference
        assert bookings.find(session, reference, EMAIL) is not None
    done = rotate(sessions, batch=2)
    assert (done["message"], done["tracker_turn"]) == (1, 3)
    crypto.configure_keys([new])
    with reading(sessions) as session:
        assert [row.text for row in transcript(session, chat)] == [MARKED]
        assert bookings.find(session, reference, EMAIL) is not None
    assert turns.read_all(engine, chat) == [{"text": MARKED}] * 3


def test_an_empty_list_is_enciphered_once_and_read_by_whoever_has_the_key(key: str) -> None:
    here, elsewhere = crypto.KeyRing([key]), crypto.KeyRing([Fernet.generate_key().decode(), key])
    token = here.encrypt(b"[]")
    assert token == here.encrypt(b"[]")
    assert token != here.encrypt(b"{}")
    assert here.decrypt(token) == elsewhere.decrypt(token) == b"[]"
    assert here.encrypt(b"[1]") != here.encrypt(b"[1]"), "words never look alike"
    with pytest.raises(SettingError):
        crypto.KeyRing([Fernet.generate_key().decode()]).decrypt(token)


def test_a_value_under_a_lost_key_is_named_not_garbled(sessions: Sessions, chat: str) -> None:
    fill(sessions, chat)
    crypto.configure_keys([Fernet.generate_key().decode()])
    with pytest.raises(SettingError, match="no key for a stored value"), reading(sessions) as session:
        transcript(session, chat)


def test_a_blind_index_ignores_case_and_spaces_and_depends_on_the_key(key: str) -> None:
    before = crypto.blind_index("Anna@Example.org")
    assert crypto.blind_index(" anna@example.ORG ") == before
    crypto.configure_keys([Fernet.generate_key().decode()])
    assert crypto.blind_index("anna@example.org") != before
