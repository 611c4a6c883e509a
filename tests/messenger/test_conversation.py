"""What a patient on Messenger experiences: answers, order, once only, and a sensible word about what is no text."""

from __future__ import annotations

import asyncio
import random
from datetime import datetime, timedelta
from typing import Any

import pytest
from rasa.core.channels.channel import UserMessage

from bot.channels.messenger import worker as worker_module
from bot.store import feedback as _feedback
from bot.store.engine import Sessions, reading
from bot.store.messenger_models import MessengerEvent, MessengerPerson
from bot.store.models import Feedback, TriageItem

from . import bodies
from .bodies import ANNA, BEN
from .clinic import Clock, Heard, clinic, say

assert _feedback


async def test_a_question_is_answered_and_both_stand_in_the_transcript(sessions: Sessions) -> None:
    async with clinic(sessions) as it:
        await it.receive(bodies.text(ANNA, "Does it hurt?"))
        assert it.graph.texts(ANNA)[-1] == "You said: Does it hurt?"
        said = it.said(ANNA)
        assert said[1:] == [("patient", "Does it hurt?"), ("bot", "You said: Does it hurt?")]
        assert {state for state, _ in it.states(ANNA)} == {"sent"}
        assert {one["messaging_type"] for one in it.graph.sent} == {"RESPONSE"}


async def test_three_messages_in_one_body_are_all_answered_in_order(sessions: Sessions) -> None:
    async with clinic(sessions) as it:
        await it.receive(*(bodies.text(ANNA, word) for word in ("one", "two", "three")))
        assert it.heard.texts == ["one", "two", "three"]
        assert [text for text in it.graph.texts(ANNA) if text.startswith("You")] == [
            "You said: one",
            "You said: two",
            "You said: three",
        ]


async def test_events_that_arrive_out_of_order_are_worked_off_by_metas_clock(sessions: Sessions) -> None:
    clock = Clock()
    words = [f"word {number:02}" for number in range(30)]
    events = [bodies.text(ANNA, word, at=clock.advance(seconds=1)) for word in words]
    random.Random(7).shuffle(events)  # noqa: S311 - the same disorder each time
    async with clinic(sessions, clock=clock) as it:
        it.graph.wrote[ANNA] = clock()
        for event in events:
            assert (await it.post(bodies.body(event))).status_code == 200
        await it.settle()
        assert it.heard.texts == words


async def test_a_redelivered_message_or_postback_is_acted_on_once(sessions: Sessions) -> None:
    message, tap = bodies.text(ANNA, "hello"), bodies.postback(ANNA, "Pain", "/ask_pain")
    async with clinic(sessions) as it:
        await it.receive(message, message, tap)
        await it.receive(tap, message)
        assert sorted(it.heard.texts) == ["/ask_pain", "hello"]
        assert len([text for text in it.graph.texts() if text.startswith("You said")]) == 2


async def test_a_message_redelivered_after_a_restart_is_still_known(sessions: Sessions) -> None:
    message = bodies.text(ANNA, "hello")
    async with clinic(sessions) as first:
        await first.receive(message)
    async with clinic(sessions) as second:
        await second.receive(message)
        assert second.heard.texts == []
        assert second.graph.sent == []


async def test_two_processes_share_the_work_and_nothing_is_done_twice_or_out_of_order(sessions: Sessions) -> None:
    clock = Clock()
    people = [f"55500{number:05}" for number in range(6)]
    sent = {psid: [f"{psid} {number}" for number in range(5)] for psid in people}
    bodies_ = [bodies.body(bodies.text(p, sent[p][n], at=clock.advance(seconds=1))) for n in range(5) for p in people]
    together = Heard(_slow)
    async with clinic(sessions, together, clock) as one, clinic(sessions, together, clock, one.graph) as two:
        for psid in people:
            one.graph.wrote[psid] = clock()
        await asyncio.gather(*(it.post(raw) for it, raw in zip([one, two] * 15, bodies_, strict=True)))
        await asyncio.gather(*(it.post(raw) for it, raw in zip([two, one] * 15, bodies_, strict=True)))
        await asyncio.gather(one.settle(), two.settle())
        await asyncio.gather(one.settle(), two.settle())
        assert len(together.texts) == 30
        for psid in people:
            assert [text for text in together.texts if text.startswith(psid)] == sent[psid]
            told = [text for text in one.graph.texts(psid) if text.startswith("You said")]
            assert told == [f"You said: {words}" for words in sent[psid]]


async def _slow(message: UserMessage) -> None:
    await asyncio.sleep(0.002)
    await say(message, f"You said: {message.text}")


async def test_calls_of_metas_are_written_down_before_events_are_worked_on(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "STEP_BACK_SECONDS", 60.0)
    async with clinic(sessions) as it:
        it.graph.wrote[ANNA] = it.clock()
        await it.post(bodies.body(bodies.text(ANNA, "hello")))
        it.door.intake.quiet.clear()
        working = asyncio.create_task(it.settle())
        await asyncio.sleep(0.2)
        assert it.heard.texts == []
        it.door.intake.quiet.set()
        await working
        assert it.heard.texts == ["hello"]
        it.door.intake.quiet.clear()
        monkeypatch.setattr(worker_module, "STEP_BACK_SECONDS", 0.01)
        await it.receive(bodies.text(ANNA, "more"))
        assert it.heard.texts == ["hello", "more"], "a flood delays an event and does not stop it"


async def test_a_turn_that_broke_off_is_taken_up_again_and_answered_once(sessions: Sessions) -> None:
    message = bodies.text(ANNA, "hello")
    async with clinic(sessions) as first:
        first.graph.wrote[ANNA] = first.clock()
        await first.post(bodies.body(message))
        worker = first.door.worker
        assert worker is not None

        async def die(*_: object) -> None:
            raise asyncio.CancelledError

        worker.work.run = die  # type: ignore[method-assign]
        with pytest.raises(asyncio.CancelledError):
            await worker.drain()
    clock = Clock()
    clock.advance(minutes=5)  # the lane of the dead worker is free again
    async with clinic(sessions, clock=clock) as second:
        second.graph.wrote[ANNA] = clock()
        await second.settle()
        assert second.heard.texts == ["hello"]
        assert second.graph.texts(ANNA)[-1] == "You said: hello"


async def test_an_answer_that_was_not_sent_before_the_crash_is_sent_after_it(sessions: Sessions) -> None:
    async with clinic(sessions) as first:
        first.graph.wrote[ANNA] = first.clock()
        await first.post(bodies.body(bodies.text(ANNA, "hello")))
        worker = first.door.worker
        assert worker is not None

        async def nothing(person: str) -> None:
            return None

        worker.delivery.send_due = nothing  # type: ignore[method-assign]
        worker._wanting = _once(worker._wanting)  # type: ignore[method-assign]
        await worker.drain()
        assert first.graph.sent == []
    async with clinic(sessions) as second:
        second.graph.wrote[ANNA] = second.clock()
        await second.settle()
        assert second.heard.texts == []
        assert second.graph.texts(ANNA)[-1] == "You said: hello"


def _once(function: object) -> object:
    answers = iter([function()])  # type: ignore[operator]
    return lambda: next(answers, [])


async def test_a_person_is_known_by_no_id_of_metas_outside_the_cipher(sessions: Sessions) -> None:
    async with clinic(sessions) as it:
        await it.receive(bodies.text(ANNA, "hello"))
        with reading(sessions) as session:
            raw = session.connection().exec_driver_sql(
                "SELECT psid, person_index, conversation_id FROM messenger_person"
            )
            values = raw.one()
            assert not any(ANNA in str(value) for value in values)
            assert session.query(MessengerPerson).one().psid == ANNA
            assert session.query(MessengerEvent).one().body is None  # nothing of it stays in the queue


@pytest.mark.parametrize(
    ("event", "reply"),
    [
        (bodies.sticker(ANNA), "sticker"),
        (bodies.sticker(ANNA, both_types=True), "sticker"),
        (bodies.attachments(ANNA, "audio"), "voice"),
        (bodies.attachments(ANNA, "image"), "image"),
        (bodies.attachments(ANNA, "image", "image"), "image"),
        (bodies.attachments(ANNA, "video"), "video"),
        (bodies.attachments(ANNA, "file"), "file"),
        (bodies.attachments(ANNA, "reel"), "share"),
        (bodies.attachments(ANNA, "fallback"), "share"),
        (bodies.attachments(ANNA, "appointment_booking"), "other"),
        (bodies.location(ANNA), "location"),
        (bodies.text(ANNA, "\u200b"), "other"),
        (bodies.text(ANNA, "//"), "other"),
    ],
    ids=range(13),
)
async def test_what_is_no_text_gets_its_own_answer_once_and_rasa_does_not_hear_it(
    sessions: Sessions, event: bodies.Json, reply: str
) -> None:
    async with clinic(sessions) as it:
        await it.receive(event)
        wanted = it.words.replies[reply]
        assert it.graph.texts(ANNA)[1:] == [wanted.say]
        assert it.said(ANNA)[1:] == [("patient", wanted.row), ("bot", wanted.say)]
        assert it.heard.texts == []


async def test_a_picture_with_words_is_answered_by_its_words_and_the_picture_is_mentioned_once(
    sessions: Sessions,
) -> None:
    event = bodies.attachments(ANNA, "image", text="is this normal?")
    async with clinic(sessions) as it:
        await it.receive(event)
        assert it.heard.texts == ["is this normal?"]
        assert it.graph.texts(ANNA)[1:] == ["You said: is this normal?", it.words.replies["image"].say]


async def test_an_edited_message_is_answered_by_its_new_words(sessions: Sessions) -> None:
    mid = "m_" + "x" * 90
    async with clinic(sessions) as it:
        await it.receive(bodies.text(ANNA, "I am not pregnant", mid))
        await it.receive(bodies.edit(ANNA, mid, "I am pregnant"), bodies.edit(ANNA, mid, "I am pregnant"))
        assert it.heard.texts == ["I am not pregnant", "I am pregnant"]
        assert it.graph.texts(ANNA)[-2:] == [it.words.replies["edited"].say, "You said: I am pregnant"]
        await it.receive(bodies.edit(ANNA, mid, "I was pregnant", number=2))
        assert it.heard.texts[-1] == "I was pregnant"


async def interview(message: UserMessage) -> None:
    """A check of two questions, as far as edits go: what is not understood is asked again."""
    text = str(message.text)
    if text == "check me":
        await say(message, "Are you pregnant?", kind="question", asks="pregnant")
    elif text == "noo":
        await say(message, "Yes or no: are you pregnant?", kind="question", asks="pregnant")
    elif "breathe" in text:
        await say(message, "Please call 112 now.", kind="emergency")
    else:
        await say(message, "Do you have diabetes?", kind="question", asks="diabetes")


def mid(letter: str) -> str:
    return "m_" + letter * 90


async def test_an_edit_of_an_earlier_answer_is_no_answer_to_the_question_asked_since(sessions: Sessions) -> None:
    async with clinic(sessions, interview) as it:
        await it.receive(bodies.text(ANNA, "check me"), bodies.text(ANNA, "yes", mid("a")))
        change = bodies.edit(ANNA, mid("a"), "no")
        await it.receive(change, change)
        assert it.heard.texts == ["check me", "yes"]
        assert it.graph.texts(ANNA)[-1] == it.words.replies["edited_late"].say
        assert it.said(ANNA)[-2:] == [("patient", "no"), ("bot", it.words.replies["edited_late"].say)]
        await it.receive(bodies.edit(ANNA, mid("a"), "no!", number=2))
        assert it.heard.texts == ["check me", "yes"], "however often it is changed"


async def test_an_edit_of_a_message_that_is_not_the_newest_is_not_heard(sessions: Sessions) -> None:
    async with clinic(sessions) as it:
        await it.receive(bodies.text(ANNA, "noo", mid("a")), bodies.text(ANNA, "something else", mid("b")))
        await it.receive(bodies.edit(ANNA, mid("a"), "no"), bodies.edit(ANNA, mid("gone"), "no"))
        assert it.heard.texts == ["noo", "something else"]


async def test_an_edit_of_an_answer_that_was_asked_for_again_is_heard(sessions: Sessions) -> None:
    async with clinic(sessions, interview) as it:
        await it.receive(bodies.text(ANNA, "check me"), bodies.text(ANNA, "noo", mid("a")))
        await it.receive(bodies.edit(ANNA, mid("a"), "no"))
        assert it.heard.texts == ["check me", "noo", "no"]
        assert it.graph.texts(ANNA)[-2:] == [it.words.replies["edited"].say, "Do you have diabetes?"]


async def test_danger_in_an_edit_is_heard_however_old_the_message_is(sessions: Sessions) -> None:
    async with clinic(sessions, interview) as it:
        await it.receive(bodies.text(ANNA, "check me"), bodies.text(ANNA, "yes", mid("a")), bodies.text(ANNA, "no"))
        await it.receive(bodies.edit(ANNA, mid("a"), "yes, I cannot breathe"))
        assert it.graph.texts(ANNA)[-1] == "Please call 112 now."


async def test_a_late_edit_that_broke_off_is_taken_up_again_and_not_heard(sessions: Sessions) -> None:
    async with clinic(sessions, interview) as it:
        await it.receive(bodies.text(ANNA, "check me"), bodies.text(ANNA, "yes", mid("a")))
        work = it.door.worker.work  # type: ignore[union-attr]
        answered, calls = work.records.answered, []

        def break_off(*args: object) -> object:
            calls.append(args)
            if len(calls) == 1:
                raise OSError("the disk is full")
            return answered(*args)  # type: ignore[arg-type]

        object.__setattr__(work.records, "answered", break_off)
        await it.receive(bodies.edit(ANNA, mid("a"), "no"))
        it.clock.advance(minutes=1)
        await it.settle()
        assert it.heard.texts == ["check me", "yes"]
        assert it.graph.texts(ANNA)[-1] == it.words.replies["edited_late"].say


async def test_a_message_taken_back_leaves_transcript_queue_and_desk(sessions: Sessions) -> None:
    mid = "m_" + "y" * 90

    async def fail(message: UserMessage) -> None:
        raise RuntimeError("a failed turn puts the question into the desk's queue")

    async with clinic(sessions, fail) as it:
        await it.receive(bodies.text(ANNA, "a secret", mid))
        await it.receive(bodies.unsend(ANNA, mid), bodies.unsend(ANNA, mid))
        row = it.words.replies["withdrawn"].row
        assert ("patient", row) in it.said(ANNA)
        assert "a secret" not in str(it.said(ANNA))
        assert it.graph.texts(ANNA).count(it.words.replies["withdrawn"].say) == 1
        with reading(sessions) as session:
            assert [one.question for one in session.query(TriageItem)] == [row]


async def test_a_message_taken_back_before_it_was_read_is_never_read(sessions: Sessions) -> None:
    mid = "m_" + "z" * 90
    async with clinic(sessions) as it:
        it.graph.wrote[ANNA] = it.clock()
        await it.receive(bodies.unsend(ANNA, mid))
        await it.receive(bodies.text(ANNA, "a secret", mid))
        assert it.heard.texts == []
        assert "a secret" not in str(it.said(ANNA))


@pytest.mark.parametrize(("name", "thumb"), [("love", "up"), ("like", "up"), ("dislike", "down"), ("angry", "down")])
async def test_a_reaction_to_an_answer_is_a_thumb_under_it(sessions: Sessions, name: str, thumb: str) -> None:
    async with clinic(sessions) as it:
        await it.receive(bodies.text(ANNA, "Does it hurt?"))
        mid = f"m_{len(it.graph.sent):08d}_{'q' * 90}"
        told = len(it.graph.sent)
        event = bodies.reaction(ANNA, mid, name)
        await it.receive(event, event)
        with reading(sessions) as session:
            assert [one.thumb for one in session.query(Feedback)] == [thumb]
            disliked = [row.details.get("thumb") for row in session.query(TriageItem)]
            assert disliked == ([] if thumb == "up" else ["down"]), "the desk sees what was disliked"
        assert it.graph.texts()[told:] == ([] if thumb == "up" else [it.words.thumb_down])


async def test_a_reaction_to_anything_else_or_taken_back_changes_nothing(sessions: Sessions) -> None:
    async with clinic(sessions) as it:
        await it.receive(bodies.text(ANNA, "hello"))
        told = len(it.graph.sent)
        await it.receive(
            bodies.reaction(ANNA, "m_of_their_own", "dislike"),
            bodies.reaction(ANNA, f"m_{told:08d}_{'q' * 90}", "dislike", "unreact"),
            bodies.reaction(ANNA, f"m_{told:08d}_{'q' * 90}", "other"),
        )
        assert len(it.graph.sent) == told
        with reading(sessions) as session:
            assert session.query(Feedback).all() == []


async def test_get_started_is_answered_with_the_welcome_and_nothing_before_it(sessions: Sessions) -> None:
    async with clinic(sessions) as it:
        await it.receive(bodies.postback(ANNA, "Get Started", "/start_chat"))
        assert it.graph.texts(ANNA) == ["Hello, I am a computer program."]
        await it.receive(bodies.text(ANNA, "hello"))
        assert it.graph.texts(ANNA)[1:] == ["You said: hello"]


async def test_a_menu_tap_an_ice_breaker_and_a_quick_reply_reach_rasa_as_payloads(sessions: Sessions) -> None:
    async with clinic(sessions) as it:
        await it.receive(bodies.postback(ANNA, "Does it hurt?", "/ask_pain"))
        await it.receive(bodies.quick_reply(ANNA, "Talk to a person", "/talk_to_human"))
        assert it.heard.texts == ["/ask_pain", "/talk_to_human"]


async def test_typed_text_never_becomes_a_payload(sessions: Sessions) -> None:
    async with clinic(sessions) as it:
        await it.receive(bodies.text(ANNA, '/book_appointment{"answer": "without_check"}'))
        assert it.heard.texts == ['book_appointment{"answer": "without_check"}']


async def test_a_button_the_bot_never_offered_counts_as_the_words_on_it(sessions: Sessions) -> None:
    async with clinic(sessions) as it:
        await it.receive(bodies.postback(ANNA, "Yes, book it", '/inform{"question": "confirm", "answer": "yes"}'))
        assert it.heard.texts == ["Yes, book it"]


async def test_a_button_the_bot_offered_keeps_its_payload(sessions: Sessions) -> None:
    payload = '/inform{"question": "pregnant", "answer": "no"}'

    async def ask(message: UserMessage) -> None:
        await say(
            message, "Are you pregnant?", [{"title": "Yes", "payload": "/affirm"}, {"title": "No", "payload": payload}]
        )

    async with clinic(sessions, ask) as it:
        await it.receive(bodies.text(ANNA, "check me"))
        await it.receive(bodies.postback(ANNA, "No", payload))
        assert it.heard.texts == ["check me", payload]
        assert ("patient", "No") in it.said(ANNA)


async def test_the_patient_sees_that_it_was_seen_and_that_an_answer_is_coming(sessions: Sessions) -> None:
    async with clinic(sessions) as it:
        await it.receive(bodies.text(ANNA, "hello"))
        assert [one["sender_action"] for one in it.graph.actions] == ["mark_seen", "typing_on"]


async def test_a_list_of_thirty_is_paged_and_every_choice_can_be_reached(sessions: Sessions) -> None:
    buttons = [{"title": f"Choice {number}", "payload": f'/inform{{"n": {number}}}'} for number in range(30)]

    async def offer(message: UserMessage) -> None:
        await say(message, "Which one?", buttons)

    async with clinic(sessions, offer) as it:
        await it.receive(bodies.text(ANNA, "choose"))
        seen: list[str] = []
        while True:
            replies = it.graph.sent[-1]["message"]["quick_replies"]
            assert len(replies) <= 13
            *shown, last = replies
            more = last["payload"].startswith("more:")
            seen += [one["title"] for one in (shown if more else replies)]
            if not more:
                break
            await it.receive(bodies.quick_reply(ANNA, last["title"], last["payload"]))
        assert seen == [button["title"] for button in buttons]
        assert it.heard.texts == ["choose"]


async def test_two_people_are_two_conversations(sessions: Sessions) -> None:
    async with clinic(sessions) as it:
        await it.receive(bodies.text(ANNA, "first person"), bodies.text(BEN, "other person"))
        assert it.link(ANNA).conversation_id != it.link(BEN).conversation_id
        assert "other person" not in str(it.said(ANNA))
        assert ANNA not in it.link(ANNA).conversation_id


async def test_a_failed_turn_is_kept_answered_honestly_and_put_before_the_desk(sessions: Sessions) -> None:
    async def fail(message: UserMessage) -> None:
        raise RuntimeError("the action server is down")

    async with clinic(sessions, fail) as it:
        await it.receive(bodies.text(ANNA, "hello"))
        assert "+1 202 555 0143" in it.graph.texts(ANNA)[-1]
        with reading(sessions) as session:
            assert [one.handoff_reason for one in session.query(TriageItem)] == ["part_failed"]


async def test_deleted_data_is_confirmed_and_the_person_is_unknown_afterwards(sessions: Sessions) -> None:
    async def erase(message: UserMessage) -> None:
        await say(message, "Your data is deleted.", kind="confirmation", erase=True)

    async with clinic(sessions, erase) as it:
        await it.receive(bodies.text(ANNA, "delete my data"))
        assert it.graph.texts(ANNA)[-1] == "Your data is deleted."
        with reading(sessions) as session:
            assert session.query(MessengerPerson).all() == []


async def test_an_event_that_kills_its_process_each_time_is_given_up_and_the_next_one_is_answered(
    sessions: Sessions,
) -> None:
    clock = Clock()
    poison, next_one = (
        bodies.text(ANNA, "poison", at=clock.now),
        bodies.text(ANNA, "hello", at=clock.advance(seconds=1)),
    )
    async with clinic(sessions, clock=clock) as it:
        it.graph.wrote[ANNA] = clock()
        await it.post(bodies.body(bodies.text(ANNA, "first", at=clock.now - timedelta(minutes=1))))
        await it.settle()
        await it.post(bodies.body(poison, next_one))
        worker = it.door.worker
        assert worker is not None
        run = worker.work.run

        async def die(kind: str, at: datetime, body: Any) -> None:
            if body["text"] == "poison":
                raise asyncio.CancelledError
            await run(kind, at, body)

        worker.work.run = die  # type: ignore[method-assign]
        for _ in range(5):
            with pytest.raises(asyncio.CancelledError):
                await worker.drain()
            clock.advance(minutes=3)
        await worker.drain()
        assert it.heard.texts == ["first", "hello"]
        with reading(sessions) as session:
            assert [one.details["trouble"] for one in session.query(TriageItem)] == ["Crashed"]
