"""The transcript: accepted once, answered once, read in order."""

from __future__ import annotations

import pytest

from bot.store import conversations as chats
from bot.store.engine import Sessions, reading, unit_of_work

from .conftest import NOW, later

SAYS: list[chats.Say] = [
    {"text": "Two answers.", "metadata": {"kind": "answer", "topic": "ask_pain"}},
    {"text": "Anything else?", "buttons": [{"title": "Book", "payload": "/book_appointment"}]},
]


def accept(sessions: Sessions, chat: str, client_id: str | None, text: str) -> chats.Accepted:
    with unit_of_work(sessions) as session:
        accepted = chats.accept_message(session, chat, client_id, text, NOW)
        session.commit()
        return accepted


def test_a_repeated_client_id_finds_the_first_message_and_stores_no_second(sessions: Sessions, chat: str) -> None:
    first = accept(sessions, chat, "c1", "Does it hurt?")
    again = accept(sessions, chat, "c1", "Does it hurt?")
    assert (first.repeated, again.repeated) == (False, True)
    assert again.row.id == first.row.id
    with reading(sessions) as session:
        assert len(chats.transcript(session, chat)) == 1


def test_the_same_client_id_in_another_conversation_is_another_message(sessions: Sessions, chat: str) -> None:
    with unit_of_work(sessions) as session:
        other = chats.open_conversation(session, channel="website", now=NOW).id
        session.commit()
    assert not accept(sessions, chat, "c1", "one").repeated
    assert not accept(sessions, other, "c1", "two").repeated


def test_messages_without_a_client_id_are_all_kept(sessions: Sessions, chat: str) -> None:
    assert not accept(sessions, chat, None, "same").repeated
    assert not accept(sessions, chat, None, "same").repeated


def test_a_message_to_an_unknown_conversation_is_refused_by_name(sessions: Sessions) -> None:
    with pytest.raises(chats.UnknownConversation, match="nowhere"):
        accept(sessions, "nowhere", "c1", "hello")


def test_an_answer_is_found_by_client_id_in_the_order_it_was_said(sessions: Sessions, chat: str) -> None:
    row = accept(sessions, chat, "c1", "Does it hurt?").row
    with unit_of_work(sessions) as session:
        assert chats.find_answer(session, chat, "c1") is None
        chats.record_reply(session, row, SAYS, later(1), understood={"intent": {"name": "ask_pain"}})
        session.commit()
    with reading(sessions) as session:
        answer = chats.find_answer(session, chat, "c1") or []
        patient = chats.find_message(session, chat, "c1")
        assert [line.text for line in answer] == ["Two answers.", "Anything else?"]
        assert (answer[0].kind, answer[0].topic) == ("answer", "ask_pain")
        assert (patient.intent, patient.answered_at) == ("ask_pain", later(1))
        assert chats.offered_payloads(session, chat) == {"/book_appointment"}


def test_a_message_is_answered_once_even_when_the_turn_is_repeated(sessions: Sessions, chat: str) -> None:
    row = accept(sessions, chat, "c1", "Does it hurt?").row
    with unit_of_work(sessions) as session:
        first = chats.record_reply(session, row, SAYS, NOW)
        session.commit()
    with unit_of_work(sessions) as session:
        second = chats.record_reply(session, row, [{"text": "Something else"}], later(1))
        session.commit()
    assert [line.id for line in second] == [line.id for line in first]


def test_silence_is_an_answer_too(sessions: Sessions, chat: str) -> None:
    row = accept(sessions, chat, "c1", "hello").row
    with unit_of_work(sessions) as session:
        assert [left.id for left in chats.unanswered(session, later(1))] == [row.id]
        chats.record_reply(session, row, [], NOW)
        session.commit()
    with reading(sessions) as session:
        assert chats.find_answer(session, chat, "c1") == []
        assert chats.unanswered(session, later(1)) == []


def test_the_transcript_pages_forward_from_a_position(sessions: Sessions, chat: str) -> None:
    for number in range(5):
        accept(sessions, chat, f"c{number}", f"line {number}")
    with unit_of_work(sessions) as session:
        chats.add_staff_message(session, chat, "staff-1", "A person here.", later(1))
        chats.add_bot_message(session, chat, {"text": "I am back."}, later(2))
        session.commit()
    with reading(sessions) as session:
        first = chats.transcript(session, chat, limit=4)
        rest = chats.transcript(session, chat, after=first[-1].position)
        assert [row.text for row in first + rest][-3:] == ["line 4", "A person here.", "I am back."]
        assert [row.sender for row in rest] == ["patient", "staff", "bot"]
        assert chats.get_conversation(session, chat).last_message_at == later(2)


def test_only_one_of_two_takes_a_conversation_over(sessions: Sessions, chat: str) -> None:
    with unit_of_work(sessions) as session:
        assert chats.set_owner(session, chat, "person", expected=("bot", "waiting"), assigned_to="staff-1")
        assert not chats.set_owner(session, chat, "person", expected=("bot", "waiting"), assigned_to="staff-2")
        session.commit()


def test_opening_a_conversation_twice_gives_the_same_one(sessions: Sessions) -> None:
    with unit_of_work(sessions) as session:
        first = chats.open_conversation(session, channel="messenger", now=NOW, conversation_id="fb-1")
        again = chats.open_conversation(session, channel="messenger", now=later(1), conversation_id="fb-1")
        assert first.pseudonym == again.pseudonym
        assert again.created_at == NOW
