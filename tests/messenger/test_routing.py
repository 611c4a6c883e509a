"""Who has the conversation: the desk, Meta's inbox or the bot, and never two of them at once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from bot.store import conversations, desk_ownership, messenger, staff, triage
from bot.store.engine import Sessions, reading, unit_of_work
from bot.store.models import StaffUser

from . import bodies
from .bodies import ANNA, APP, INBOX
from .clinic import Clinic, clinic


async def test_while_a_person_answers_the_bot_is_silent_and_the_patients_words_are_kept(sessions: Sessions) -> None:
    async with clinic(sessions) as it:
        await it.receive(bodies.text(ANNA, "I want a person"))
        it.hand(ANNA, "person")
        told, heard = len(it.graph.sent), len(it.heard.texts)
        await it.receive(
            bodies.text(ANNA, "are you there?"),
            bodies.attachments(ANNA, "image"),
            bodies.postback(ANNA, "Book", "/book_appointment"),
            bodies.postback(ANNA, "Old", '/inform{"x": 1}'),
        )
        assert (len(it.graph.sent), len(it.heard.texts)) == (told, heard)
        assert [text for who, text in it.said(ANNA) if who == "patient"][1:] == [
            "are you there?",
            it.words.replies["image"].row,
            "Book appointment",
            "Old",
        ]


@pytest.mark.parametrize("handover", ["desk", "inbox"])
async def test_danger_is_answered_even_while_a_person_has_the_chat(sessions: Sessions, handover: str) -> None:
    async with clinic(sessions, handover=handover) as it:
        await it.receive(bodies.text(ANNA, "hello"))
        it.hand(ANNA, "person")
        await it.settle()
        await it.receive(bodies.text(ANNA, "I cannot breathe"))
        assert it.graph.texts(ANNA)[-1] == "Please call 112 now."
        assert it.states(ANNA)[-1] == ("sent", None)
        assert it.owner(ANNA) == "person"
        if handover == "inbox":
            assert [kind for kind, _ in it.graph.control] == ["pass", "take", "pass"], "they go on there"


@pytest.mark.parametrize("handover", ["desk", "inbox"])
async def test_danger_told_on_standby_is_answered_though_another_app_has_the_thread(
    sessions: Sessions, handover: str
) -> None:
    async with clinic(sessions, handover=handover) as it:
        it.graph.owner[ANNA] = INBOX
        await it.receive(bodies.text(ANNA, "I cannot breathe"), standby=True)
        assert it.graph.texts(ANNA) == ["Please call 112 now."]
        assert it.owner(ANNA) == "person"
        await it.receive(bodies.text(ANNA, "and something else"), standby=True)
        assert it.graph.texts(ANNA) == ["Please call 112 now."]


async def test_only_danger_takes_the_thread_from_whoever_answers(sessions: Sessions) -> None:
    async with clinic(sessions) as it:
        await it.receive(bodies.text(ANNA, "hello"))
        it.graph.owner[ANNA] = INBOX
        with unit_of_work(sessions) as session:
            conversations.add_bot_message(session, it.link(ANNA).conversation_id, {"text": "News."}, it.clock())
            session.commit()
        await it.settle()
        assert it.graph.control == []
        assert it.states(ANNA)[-1] == ("refused", "control")


async def test_that_our_own_app_took_the_thread_does_not_bring_the_bot_back(sessions: Sessions) -> None:
    async with clinic(sessions) as it:
        await it.receive(bodies.text(ANNA, "hello"))
        it.hand(ANNA, "person")
        await it.receive(bodies.control(ANNA, "take_thread_control", APP))
        assert it.owner(ANNA) == "person"


async def test_an_answer_typed_in_metas_inbox_silences_the_bot_and_stands_in_the_transcript(sessions: Sessions) -> None:
    async with clinic(sessions) as it:
        await it.receive(bodies.text(ANNA, "hello"))
        typed = bodies.echo(ANNA, "Hello, Maria from the clinic here.", INBOX)
        await it.receive(typed, typed)
        assert it.owner(ANNA) == "person"
        assert it.said(ANNA)[-1] == ("staff", "Hello, Maria from the clinic here.")
        told = len(it.graph.sent)
        await it.receive(bodies.text(ANNA, "thank you"))
        assert len(it.graph.sent) == told
        assert it.graph.control == []  # taking the thread would take it from the person who answers


@pytest.mark.parametrize("app_id", [None, "123456"])
async def test_an_echo_without_or_with_a_foreign_app_is_not_the_patient_and_is_a_person(
    sessions: Sessions, app_id: str | None
) -> None:
    async with clinic(sessions) as it:
        await it.receive(bodies.text(ANNA, "hello"))
        picture = [{"type": "image", "payload": {"url": bodies.MEDIA_URL}}]
        await it.receive(bodies.echo(ANNA, None, app_id, attachments=picture))
        assert it.owner(ANNA) == "person"
        assert it.said(ANNA)[-1] == ("staff", it.words.replies["image"].row)


async def test_taking_over_at_the_desk_takes_thread_control(sessions: Sessions) -> None:
    async with clinic(sessions) as it:
        await it.receive(bodies.text(ANNA, "hello"))
        it.hand(ANNA, "person")
        await it.settle()
        await it.settle()
        assert [kind for kind, _ in it.graph.control] == ["take"]


async def test_with_people_in_metas_inbox_taking_over_passes_the_thread_there_and_returning_takes_it_back(
    sessions: Sessions,
) -> None:
    async with clinic(sessions, handover="inbox") as it:
        await it.receive(bodies.text(ANNA, "hello"))
        it.hand(ANNA, "person")
        await it.settle()
        assert [(kind, one.get("target_app_id")) for kind, one in it.graph.control] == [("pass", INBOX)]
        it.hand(ANNA, "returned")
        await it.settle()
        assert [kind for kind, _ in it.graph.control] == ["pass", "take"]


BACK = {
    "text": "Maria has left the chat. I am the assistant, a computer program.",
    "metadata": {"kind": "handoff", "notice": "handed_back"},
}


def desk_hands_back(it: Clinic, before: Callable[[Session], None] = lambda session: None) -> None:
    """As the desk does: Maria takes the chat over and gives it back."""
    chat = it.link(ANNA).conversation_id
    with unit_of_work(it.sessions) as session:
        assert desk_ownership.take_over(session, chat, "maria", {"text": "Maria is here."}, it.clock())
        session.commit()
    with unit_of_work(it.sessions) as session:
        messenger.note_hands(session, it.link(ANNA).person_index, True)
        before(session)
        assert desk_ownership.hand_back(session, chat, "maria", BACK, it.clock())
        session.commit()


async def test_the_return_to_the_assistant_is_announced_once_and_the_bot_answers_again(sessions: Sessions) -> None:
    async with clinic(sessions) as it:
        await it.receive(bodies.text(ANNA, "hello"))
        told = len(it.graph.sent)
        desk_hands_back(it)
        await it.settle()
        await it.settle()
        assert it.graph.texts(ANNA)[told:] == ["Maria is here.", BACK["text"]], "the desk has said it"
        await it.receive(bodies.text(ANNA, "more", at=it.clock.advance(minutes=1)))
        assert it.graph.texts(ANNA)[told + 2 :] == ["You said: more"]


async def test_a_return_after_the_chat_moved_to_the_website_says_nothing_more_there(sessions: Sessions) -> None:
    async with clinic(sessions) as it:
        await it.receive(bodies.text(ANNA, "hello"))
        chat = it.link(ANNA).conversation_id

        def move(session: Session) -> None:
            conversations.get_conversation(session, chat).channel = "website"

        desk_hands_back(it, move)
        await it.settle()
        assert it.said(ANNA)[-1] == ("bot", BACK["text"])
        assert it.graph.control == []


async def test_done_in_metas_inbox_brings_the_bot_back(sessions: Sessions) -> None:
    async with clinic(sessions) as it:
        await it.receive(bodies.text(ANNA, "hello"))
        await it.receive(bodies.control(ANNA, "take_thread_control", INBOX))
        assert it.owner(ANNA) == "person"
        await it.receive(bodies.control(ANNA, "pass_thread_control", APP, at=it.clock.advance(minutes=5)))
        assert it.owner(ANNA) == "returned"
        assert it.graph.texts(ANNA)[-1] == it.words.disclosure.returned
        assert it.graph.texts(ANNA).count(it.words.disclosure.returned) == 1


async def test_the_inbox_may_ask_for_the_thread_and_gets_it_and_others_do_not(sessions: Sessions) -> None:
    async with clinic(sessions) as it:
        await it.receive(bodies.text(ANNA, "hello"))
        await it.receive(bodies.control(ANNA, "request_thread_control", "4711"))
        assert (it.owner(ANNA), it.graph.control) == ("bot", [])
        await it.receive(bodies.control(ANNA, "request_thread_control", INBOX, at=it.clock.advance(minutes=1)))
        assert it.owner(ANNA) == "person"
        assert [kind for kind, _ in it.graph.control] == ["pass"]


async def test_what_is_said_while_another_app_has_the_thread_is_kept_and_not_answered(sessions: Sessions) -> None:
    async with clinic(sessions) as it:
        await it.receive(bodies.text(ANNA, "to somebody else"), standby=True)
        assert it.heard.texts == []
        assert it.graph.sent == []
        assert it.said(ANNA) == [("patient", "to somebody else")]
        assert it.owner(ANNA) == "person"


def somebody(it: Clinic) -> StaffUser:
    """A colleague at the desk."""
    with unit_of_work(it.sessions) as session:
        user = staff.create(
            session,
            email="maria@clinic.example",
            name="Maria",
            role="front_desk",
            password="correct horse battery staple",  # noqa: S106 - of nobody
            actor="test",
            now=it.clock(),
        )
        session.commit()
        return user


def at_the_desk(it: Clinic, do: str, user: StaffUser, **more: str) -> bool:
    """Take over or hand back, as the desk's pages do."""
    say = {"text": f"Maria: {do}.", "metadata": {"kind": "handoff", "notice": "handed_back"}}
    chat = it.link(ANNA).conversation_id
    with unit_of_work(it.sessions) as session:
        done = getattr(desk_ownership, do)(session, chat, user.id, say, it.clock(), **more)
        session.commit()
        return bool(done)


async def test_the_desk_takes_over_what_metas_inbox_answered_writes_and_hands_it_back(sessions: Sessions) -> None:
    async with clinic(sessions) as it:
        maria = somebody(it)
        await it.receive(bodies.text(ANNA, "hello"))
        await it.receive(bodies.echo(ANNA, "Hello, from the inbox.", INBOX))
        assert not at_the_desk(it, "take_over", maria), (
            "who did not see that somebody answers does not take it from them"
        )
        assert at_the_desk(it, "take_over", maria, taken_from=desk_ownership.ELSEWHERE)
        await it.settle()
        assert [kind for kind, _ in it.graph.control] == ["take"]
        with unit_of_work(sessions) as session:
            chat = it.link(ANNA).conversation_id
            assert desk_ownership.say_as_staff(session, chat, maria.id, "Hello, from the desk.", it.clock())
            session.commit()
        await it.receive(bodies.control(ANNA, "pass_thread_control", APP, at=it.clock.advance(minutes=5)))
        assert it.owner(ANNA) == "person", "a colleague has it"
        assert at_the_desk(it, "hand_back", maria)
        await it.settle()
        told = it.graph.texts(ANNA)
        assert (it.owner(ANNA), told[-1]) == ("returned", "Maria: hand_back.")
        assert it.words.disclosure.returned not in told, "that the assistant is back is said once"


async def test_the_desk_hands_back_what_metas_inbox_answered_without_taking_it_over_first(sessions: Sessions) -> None:
    async with clinic(sessions) as it:
        maria = somebody(it)
        await it.receive(bodies.text(ANNA, "hello"))
        await it.receive(bodies.control(ANNA, "take_thread_control", INBOX))
        assert at_the_desk(it, "hand_back", maria)
        assert it.owner(ANNA) == "returned"
        await it.receive(bodies.text(ANNA, "more"))
        assert it.graph.texts(ANNA)[-1] == "You said: more"


async def test_what_is_written_to_metas_inbox_waits_in_the_queue_until_it_is_answered_there(sessions: Sessions) -> None:
    def rows(it: Clinic) -> list[tuple[str, str | None]]:
        with reading(it.sessions) as session:
            return [(one.kind, one.assigned_to) for one in triage.queue(session, it.clock()).items]

    async with clinic(sessions) as it:
        await it.receive(bodies.text(ANNA, "hello"))
        await it.receive(bodies.echo(ANNA, "Hello, from the inbox.", INBOX))
        await it.receive(bodies.text(ANNA, "when are you open?"), bodies.text(ANNA, "hello?"))
        assert rows(it) == [("person", None)]
        await it.receive(bodies.echo(ANNA, "From nine to five.", INBOX))
        assert rows(it) == []


async def test_nothing_of_the_channel_itself_is_said_once_a_person_has_come(sessions: Sessions) -> None:
    async with clinic(sessions) as it:
        maria = somebody(it)
        await it.receive(bodies.text(ANNA, "hello"))
        link = it.link(ANNA)
        assert at_the_desk(it, "take_over", maria)
        assert it.door.worker is not None
        it.clock.advance(hours=30)
        it.door.worker.work._disclose(link)
        it.door.worker.work._preface(link, "I cannot see pictures.")
        with reading(sessions) as session:
            assert conversations.last_messages(session, link.conversation_id, 1)[0].text == "Maria: take_over."
