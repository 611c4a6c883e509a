"""Rotating the keys leaves every value readable at every moment, and the old key worthless afterwards."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from bot.serving.keys import new_key, rotate_keys
from bot.settings import SettingError, Settings
from bot.store import bookings, conversations, messenger, messenger_queue, privacy, rotation
from bot.store.backup import unreadable_columns
from bot.store.crypto import KeyRing, configure_keys
from bot.store.engine import reading, unit_of_work
from bot.store.opening import open_store
from tests.trust.databases import NAME, NOW, fill, names
from tests.trust.seeding import PAGE, found, seed


def test_after_a_rotation_the_new_key_alone_reads_everything(settings: Settings) -> None:
    filled = fill(settings)
    both = replace(settings, keys=(new_key(), *settings.keys))
    done = rotate_keys(both, batch=1)
    assert done.rows["booking"] == 1
    assert done.spare == 1
    configure_keys(both.keys[:1])
    assert unreadable_columns(filled.sessions) == []
    assert names(filled.sessions, filled.conversation) == [NAME]
    with reading(filled.sessions) as session:
        reference = bookings.of_conversation(session, filled.conversation)[0].reference
        assert bookings.find(session, reference, "+12025550177") is not None


def test_a_rotation_takes_messengers_people_and_their_queue_along(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions = open_store(settings)
    with unit_of_work(sessions) as session:
        seeded = seed(session, "Zephyrine")
        session.commit()
    monkeypatch.setenv("MESSENGER_PAGE_ID", PAGE)
    both = replace(settings, keys=(new_key(), *settings.keys))
    rotate_keys(both)
    configure_keys(both.keys[:1])
    with unit_of_work(sessions) as session:
        person = messenger.person_key(PAGE, "Zephyrine")
        assert person != seeded.rows["messenger_person"]["person_index"]
        assert messenger.find(session, person) is not None
        event = messenger_queue.next_event(session, person)
        assert event is not None
        assert event.body == [{"words": "Zephyrine"}]
        privacy.erase_conversation(session, seeded.conversation, actor="system", now=NOW)
        assert found(session, "Zephyrine") <= {"audit"}


def test_an_old_value_that_a_process_wrote_late_with_the_old_key_is_found_among_many(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled = fill(settings)
    both = replace(settings, keys=(new_key(), *settings.keys))
    late = KeyRing(settings.keys).encrypt(b"late")

    def rotate(*arguments: Any) -> dict[str, int]:
        done = rotation.rotate(*arguments)
        with unit_of_work(filled.sessions) as session:
            for number in range(5):
                conversations.accept_message(session, filled.conversation, f"m{number}", "new", NOW)
            session.execute(text("UPDATE message SET text = :late WHERE client_id = 'one'"), {"late": late})
            session.commit()
        return done

    monkeypatch.setattr("bot.serving.keys.rotate", rotate)
    with pytest.raises(SettingError, match=r"message\.text still needs it"):
        rotate_keys(both)


def test_after_a_rotation_the_old_key_reads_nothing(settings: Settings) -> None:
    filled = fill(settings)
    rotate_keys(replace(settings, keys=(new_key(), *settings.keys)))
    configure_keys(settings.keys)
    assert "booking.name" in unreadable_columns(filled.sessions)


def test_one_key_alone_cannot_be_rotated_and_the_message_says_how(settings: Settings) -> None:
    with pytest.raises(SettingError, match="mesoguide keys new"):
        rotate_keys(settings)


def test_a_rotation_without_the_key_of_stored_values_changes_nothing(settings: Settings) -> None:
    filled = fill(settings)
    with pytest.raises(SettingError, match=r"booking\.name"):
        rotate_keys(replace(settings, keys=(new_key(), new_key())))
    configure_keys(settings.keys)
    assert names(filled.sessions, filled.conversation) == [NAME]
