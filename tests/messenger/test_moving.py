"""A patient takes the chat along: from the website into Messenger and back, with a code that lives ten minutes."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from bot.channels.apology import words
from bot.channels.incoming import Incoming
from bot.channels.records import Records
from bot.channels.tokens import Tokens
from bot.channels.website_moves import Moves
from bot.store import conversations, desk_ownership
from bot.store.engine import Sessions, reading, unit_of_work
from bot.store.models import Conversation
from bot.store.moving import GUESSES, LIFETIME, TooManyGuesses, issue_code, read_code, redeem_code

from . import bodies
from .bodies import ANNA, BEN
from .clinic import NOW, Clinic, clinic


def website_chat(sessions: Sessions) -> str:
    with unit_of_work(sessions) as session:
        chat = conversations.open_conversation(session, channel="website", now=NOW)
        row = conversations.accept_message(session, chat.id, "c1", "Does it hurt?", NOW).row
        conversations.record_reply(session, row, [{"text": "A little."}], NOW)
        conversations.add_bot_message(session, chat.id, {"text": "Your visit is confirmed."}, NOW)
        session.commit()
        return chat.id


def code_for(sessions: Sessions, chat: str) -> str:
    with unit_of_work(sessions) as session:
        code = issue_code(session, chat, NOW)
        session.commit()
        return code


def redeem(sessions: Sessions, code: str, who: str = "somebody", after: timedelta = timedelta()) -> str | None:
    with unit_of_work(sessions) as session:
        found = redeem_code(session, code, who, NOW + after)
        session.commit()
        return found


@pytest.mark.parametrize("text", ["ABCD-2345", " abcd 2345 ", "abcd2345"])
def test_a_code_is_known_however_it_is_typed(text: str) -> None:
    assert read_code(text) == "ABCD-2345"


@pytest.mark.parametrize("text", ["", "pregnant", "ABCD-234", "my code is ABCD-2345", "+49 1512345678", "ABCD-23451"])
def test_other_words_are_no_code(text: str) -> None:
    assert read_code(text) is None


def test_a_code_opens_its_conversation_once_and_for_ten_minutes(sessions: Sessions) -> None:
    chat = website_chat(sessions)
    code = code_for(sessions, chat)
    assert read_code(code) == code
    assert redeem(sessions, code) == chat
    assert redeem(sessions, code) is None
    assert redeem(sessions, code_for(sessions, chat), after=LIFETIME) is None


def test_a_new_code_ends_the_old_one(sessions: Sessions) -> None:
    chat = website_chat(sessions)
    old = code_for(sessions, chat)
    assert redeem(sessions, code_for(sessions, chat)) == chat
    assert redeem(sessions, old) is None


def test_codes_cannot_be_guessed(sessions: Sessions) -> None:
    code = code_for(sessions, website_chat(sessions))
    for _ in range(GUESSES):
        assert redeem(sessions, "AAAA-2222", "guesser") is None
    with pytest.raises(TooManyGuesses):
        redeem(sessions, code, "guesser")
    assert redeem(sessions, code, "the patient") is not None


def test_no_code_is_stored_in_the_open(sessions: Sessions) -> None:
    code = code_for(sessions, website_chat(sessions))
    with reading(sessions) as session:
        rows = session.connection().exec_driver_sql("SELECT * FROM move_code").all()
    assert rows
    assert code not in str(rows)


async def test_a_chat_from_the_website_goes_on_here_and_what_was_said_is_not_sent_again(sessions: Sessions) -> None:
    chat = website_chat(sessions)
    code = code_for(sessions, chat)
    async with clinic(sessions) as it:
        event = bodies.text(ANNA, code.lower())
        await it.receive(event, event)
        assert it.link(ANNA).conversation_id == chat
        assert it.heard.texts == []
        assert it.graph.texts(ANNA)[-1] == it.words.moving.moved
        assert "A little." not in it.graph.texts()
        assert "Your visit is confirmed." not in it.graph.texts()
        await it.receive(bodies.text(ANNA, "and after?"))
        assert it.graph.texts(ANNA)[-1] == "You said: and after?"
        assert it.said(ANNA)[0] == ("patient", "Does it hurt?")
        assert _channel(it, chat) == "messenger"


async def test_a_wrong_code_moves_nobody(sessions: Sessions) -> None:
    async with clinic(sessions) as it:
        await it.receive(*(bodies.text(ANNA, "AAAA-2222") for _ in range(GUESSES + 1)))
        told = it.graph.texts(ANNA)
        assert told[-2:] == [it.words.moving.wrong, it.words.moving.too_many]
        assert "AAAA" not in str(it.said(ANNA))


async def test_a_chat_that_somebody_has_here_is_not_given_to_a_second_person(sessions: Sessions) -> None:
    async with clinic(sessions) as it:
        await it.receive(bodies.text(ANNA, "hello"))
        await it.receive(bodies.text(BEN, code_for(sessions, it.link(ANNA).conversation_id)))
        assert it.graph.texts(BEN)[-1] == it.words.moving.wrong
        assert it.link(BEN).conversation_id != it.link(ANNA).conversation_id


@pytest.mark.parametrize(
    "event", [bodies.text(ANNA, "Code"), bodies.postback(ANNA, "Go on", "/move_chat")], ids=["typed", "menu"]
)
async def test_a_code_for_the_website_can_be_had_here(sessions: Sessions, event: bodies.Json) -> None:
    async with clinic(sessions) as it:
        await it.receive(event)
        assert it.heard.texts == []
        [code] = [word.strip(".") for word in it.graph.texts(ANNA)[-1].split() if read_code(word.strip("."))]
        assert redeem(sessions, code) == it.link(ANNA).conversation_id


async def test_what_is_answered_on_the_website_is_not_sent_here_too(sessions: Sessions) -> None:
    async with clinic(sessions) as it:
        await it.receive(bodies.text(ANNA, "hello"))
        told, chat = len(it.graph.sent), it.link(ANNA).conversation_id
        with unit_of_work(sessions) as session:
            conversations.get_conversation(session, chat).channel = "website"
            row = conversations.accept_message(session, chat, "c9", "a question there", it.clock()).row
            conversations.record_reply(session, row, [{"text": "an answer there"}], it.clock())
            conversations.add_staff_message(session, chat, "staff-1", "a person there", it.clock())
            session.commit()
        await it.settle()
        assert len(it.graph.sent) == told


def _channel(it: Clinic, chat: str) -> str:
    with reading(it.sessions) as session:
        row = session.get(Conversation, chat)
        assert row is not None
        return row.channel


def test_a_move_that_races_a_person_never_speaks_as_the_bot_after_them(sessions: Sessions) -> None:
    say = {"text": "Maria is here.", "metadata": {"kind": "handoff"}}
    tokens = Tokens("a secret for tests", "website")
    moves = Moves(sessions, Records(sessions, "website", str), tokens, "website", lambda: NOW)
    for number in range(6):
        chat, other = website_chat(sessions), website_chat(sessions)
        code, start = code_for(sessions, chat), threading.Barrier(2)

        def move(code: str = code, other: str = other, number: int = number, start: threading.Barrier = start) -> None:
            start.wait()
            moves.take(other, Incoming(f"m{number}", text=code))

        def come(chat: str = chat, start: threading.Barrier = start) -> None:
            start.wait()
            with unit_of_work(sessions) as session:
                desk_ownership.take_over(session, chat, "maria", say, NOW)
                session.commit()

        threads = [threading.Thread(target=one) for one in (move, come)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with reading(sessions) as session:
            rows = conversations.transcript(session, chat)
            assert [row.text for row in rows if row.sender == "bot"][-1] == "Maria is here."
            assert any(row.text == words()["moved"] for row in rows), "the patient hears that the chat goes on here"
