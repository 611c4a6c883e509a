"""Taking over and handing back: one owner at a time, and a bot that stays silent whatever is in flight."""

from __future__ import annotations

import asyncio
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.incoming import Incoming
from bot.channels.records import Records
from bot.clinic.desk.ownership import bot_may_speak, leads_to, starts_from
from bot.desk.jobs import errands as errand_jobs
from bot.desk.jobs import held, promises
from bot.store import audit, conversations, desk_ownership, triage
from bot.store.engine import reading, unit_of_work
from bot.store.models import Conversation, Message

from .conftest import NOW, Front, Person, later
from .test_queue import seen

SAY = {"text": "Anna is here.", "metadata": {"kind": "handoff"}}
ANSWER = [{"text": "The bot's answer."}]


def texts(front: Front, chat: str) -> list[tuple[str, str]]:
    with reading(front.sessions) as session:
        return [(row.sender, row.text) for row in conversations.transcript(session, chat)]


def owner(front: Front, chat: str) -> str:
    with reading(front.sessions) as session:
        return conversations.get_conversation(session, chat).owner


def asks(front: Front, chat: str, text: str = "Hello?") -> str:
    """A patient's message that the bot is still thinking about; returns its id."""
    with unit_of_work(front.sessions) as session:
        row = conversations.accept_message(session, chat, f"c-{text}", text, NOW).row
        session.commit()
        return row.id


def bot_answers(front: Front, message_id: str) -> list[Message]:
    with unit_of_work(front.sessions) as session:
        row = session.query(Message).filter_by(id=message_id).one()
        rows = desk_ownership.record_reply_if_free(session, row, ANSWER, NOW)
        session.commit()
        return rows


def test_taking_over_silences_the_bot_and_tells_the_patient_who_came(front: Front, anna: Person) -> None:
    chat = front.chat()
    assert anna.post(f"/desk/c/{chat}/take-over").status_code == 200
    assert owner(front, chat) == "person"
    assert texts(front, chat)[-1] == (
        "bot",
        "Anna from Demo Clinic Lindenhof is here now and reads along. The assistant is silent until they are done.",
    )
    assert bot_answers(front, asks(front, chat)) == []


def test_an_answer_in_flight_when_a_person_comes_is_dropped_and_the_message_counts_as_received(
    front: Front, anna: Person
) -> None:
    chat = front.chat()
    thinking = asks(front, chat)
    anna.post(f"/desk/c/{chat}/take-over")
    assert bot_answers(front, thinking) == []
    with reading(front.sessions) as session:
        assert conversations.find_answer(session, chat, "c-Hello?") == []
    assert ("bot", "The bot's answer.") not in texts(front, chat)


def test_whatever_races_the_bot_never_speaks_after_the_person_came(front: Front, anna: Person) -> None:
    assert anna.user is not None
    for attempt in range(12):
        chat = front.chat(f"race {attempt}")
        messages = [asks(front, chat, f"m{number}") for number in range(4)]
        start = threading.Barrier(5)

        def answer(message: str, start: threading.Barrier = start) -> None:
            start.wait()
            bot_answers(front, message)

        def take(chat: str = chat, start: threading.Barrier = start) -> None:
            start.wait()
            with unit_of_work(front.sessions) as session:
                desk_ownership.take_over(session, chat, anna.user.id, SAY, NOW)
                session.commit()

        threads = [threading.Thread(target=answer, args=(one,)) for one in messages] + [threading.Thread(target=take)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        said = [text for sender, text in texts(front, chat) if sender == "bot"]
        assert said[-1] == SAY["text"], said


def test_only_one_of_two_people_gets_the_chat(front: Front, anna: Person, ben: Person) -> None:
    chat = front.chat()
    statuses = [anna.post(f"/desk/c/{chat}/take-over").status_code, ben.post(f"/desk/c/{chat}/take-over").status_code]
    assert statuses == [200, 409]
    assert ben.post(f"/desk/c/{chat}/reply", text="Me too").status_code == 409
    assert ben.post(f"/desk/c/{chat}/hand-back").status_code == 409
    assert anna.post(f"/desk/c/{chat}/reply", text="I am here").status_code == 200
    assert texts(front, chat)[-1] == ("staff", "I am here")


def test_a_chat_taken_from_a_colleague_leaves_them_unable_to_write(front: Front, anna: Person, ben: Person) -> None:
    chat = front.chat()
    anna.post(f"/desk/c/{chat}/take-over")
    assert ben.post(f"/desk/c/{chat}/take-over", taken_from=anna.user.id).status_code == 200  # type: ignore[union-attr]
    assert anna.post(f"/desk/c/{chat}/reply", text="Still me?").status_code == 409


def test_handing_back_lets_the_bot_speak_again_and_it_says_so(front: Front, anna: Person) -> None:
    chat = front.chat()
    anna.post(f"/desk/c/{chat}/take-over")
    assert anna.post(f"/desk/c/{chat}/hand-back").status_code == 200
    assert owner(front, chat) == "returned"
    assert "I am back" in texts(front, chat)[-1][1]
    assert [row.text for row in bot_answers(front, asks(front, chat))] == ["The bot's answer."]


class Tracker(BaseHTTPRequestHandler):
    """Stands where Rasa listens, and keeps what it is told."""

    heard: list[tuple[str, Any]]
    broken = 0

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if Tracker.broken:
            Tracker.broken -= 1
            self.send_response(503)
        else:
            Tracker.heard.append((self.path, json.loads(body)))
            self.send_response(200)
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        """Quiet."""


async def deliver(front: Front, port: int) -> None:
    desk = front.router.desk
    desk.settings = type(desk.settings)(**{**vars(desk.settings), "rasa_port": port})
    async with httpx.AsyncClient(trust_env=False) as client:
        await errand_jobs.tell_trackers(desk, client)


def test_rasas_tracker_hears_pause_replies_and_resume_in_order_even_after_a_failure(front: Front, anna: Person) -> None:
    server = HTTPServer(("127.0.0.1", 0), Tracker)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Tracker.heard, Tracker.broken = [], 1
    chat = front.chat()
    anna.post(f"/desk/c/{chat}/take-over")
    anna.post(f"/desk/c/{chat}/reply", text="Hello")
    anna.post(f"/desk/c/{chat}/hand-back")
    asyncio.run(deliver(front, server.server_port))
    assert Tracker.heard == []
    front.clock.move(seconds=10)
    asyncio.run(deliver(front, server.server_port))
    server.shutdown()
    assert [event["event"] for _, event in Tracker.heard] == ["pause", "bot", "resume"]
    assert {path for path, _ in Tracker.heard} == {f"/conversations/{chat}/tracker/events?token=token"}
    assert Tracker.heard[1][1]["metadata"] == {"from": "staff"}


def test_a_danger_told_to_a_person_still_alerts_the_whole_desk(front: Front, anna: Person) -> None:
    chat = front.chat()
    anna.post(f"/desk/c/{chat}/take-over")
    message = asks(front, chat, "my lips are swelling")
    parse = {"intent": {"name": "report_emergency"}, "danger": {"level": "emergency", "sign": "swelling"}}
    with unit_of_work(front.sessions) as session:
        row = session.query(Message).filter_by(id=message).one()
        desk_ownership.note_heard_in_silence(session, row, parse, NOW)
        session.commit()
    with reading(front.sessions) as session:
        assert triage.counts(session, NOW) == {"danger": 1}


@pytest.mark.parametrize(
    ("minutes", "until", "opening"),
    [(0, "Tuesday 3 March, 10:00", "We are open now"), (8 * 60, "Wednesday 4 March, 09:00", "A person from")],
)
def test_a_patient_who_waits_is_told_until_when_once(front: Front, minutes: float, until: str, opening: str) -> None:
    chat = front.chat()
    front.clock.now = later(minutes)
    with unit_of_work(front.sessions) as session:
        conversations.set_owner(session, chat, "waiting", expected=["bot"])
        session.commit()
    desk = front.router.desk
    assert [promises._promise_all(desk), promises._promise_all(desk)] == [1, 0]
    assert texts(front, chat)[-1][1].startswith(opening)
    assert until in texts(front, chat)[-1][1]


def test_opening_a_transcript_is_in_the_audit_log_and_a_refresh_is_not(front: Front, anna: Person) -> None:
    chat = front.chat()
    anna.get(f"/desk/c/{chat}")
    anna.get(f"/desk/c/{chat}/news?after=0", part=True)
    with reading(front.sessions) as session:
        entries = [(row.action, row.actor) for row in audit.history(session, f"conversation:{chat}")]
    assert entries == [("transcript.viewed", anna.user.id)]  # type: ignore[union-attr]


@pytest.mark.parametrize("path", ["news?after=0", "older?before=1000000"])
def test_reading_a_transcript_without_its_page_is_in_the_audit_log_too(front: Front, anna: Person, path: str) -> None:
    chat = front.chat()
    assert "Can I bring my dog?" in anna.get(f"/desk/c/{chat}/{path}", part=True).text
    with reading(front.sessions) as session:
        assert [row.action for row in audit.history(session, f"conversation:{chat}")] == ["transcript.viewed"]


def test_a_change_that_shows_the_transcript_is_in_the_audit_log_as_a_view(front: Front, anna: Person) -> None:
    chat = front.chat()
    item = front.item(chat)
    assert "Can I bring my dog?" in anna.post(f"/desk/items/{item}/assign", seen=seen(front, item)).text
    with reading(front.sessions) as session:
        assert [row.action for row in audit.history(session, f"conversation:{chat}")] == ["transcript.viewed"]


def test_two_people_who_look_at_one_chat_see_each_other(front: Front, anna: Person, ben: Person) -> None:
    chat = front.chat()
    anna.get(f"/desk/c/{chat}")
    assert "Anna looks at this too" in ben.get(f"/desk/c/{chat}").text
    front.clock.move(minutes=5)
    assert "Anna looks" not in ben.get(f"/desk/c/{chat}").text


def test_the_page_shows_what_the_bot_understood(front: Front, anna: Person) -> None:
    page = anna.get(f"/desk/c/{front.chat()}").text
    assert "out_of_scope" in page
    assert "40%" in page


def test_news_are_only_what_came_since(front: Front, anna: Person) -> None:
    chat = front.chat("First question")
    with reading(front.sessions) as session:
        last = conversations.transcript(session, chat)[-1].position
    asks(front, chat, "Second question")
    page = anna.get(f"/desk/c/{chat}/news?after={last}", part=True).text
    assert "Second question" in page
    assert "First question" not in page


@given(st.lists(st.sampled_from(["ask", "take_over", "hand_back"]), max_size=12))
def test_whatever_is_done_in_whatever_order_only_a_person_silences_the_bot(changes: list[Any]) -> None:
    state: Any = "bot"
    for change in changes:
        if state in starts_from(change):
            state = leads_to(change)
        assert bot_may_speak(state) == (state != "person")
        assert change != "hand_back" or bot_may_speak(state)


def test_a_reply_to_a_chat_that_is_gone_is_a_page_and_not_a_crash(front: Front, anna: Person) -> None:
    assert anna.post("/desk/c/nowhere/reply", text="Hello").status_code == 404
    assert anna.get("/desk/c/nowhere").status_code == 404
    with reading(front.sessions) as session:
        assert session.query(Conversation).count() == 0


def test_whoever_takes_a_chat_over_has_its_row_too(front: Front, anna: Person) -> None:
    chat = front.chat()
    item = front.item(chat, "person")
    anna.post(f"/desk/c/{chat}/take-over", item=item)
    assert f'data-item="{item}"' in anna.get("/desk?show=mine").text


def says_in_silence(front: Front, chat: str, text: str) -> None:
    """What a channel does with a patient's message while a person has the chat."""
    channel = Records(front.sessions, "website", str)
    turn = channel.accept(chat, Incoming(f"c-{text}", text=text), front.clock())
    channel.answered(turn, [], front.clock(), "")


def open_rows(front: Front, chat: str) -> list[tuple[str, str | None]]:
    """(kind, who has it) of a chat's rows in the queue."""
    with reading(front.sessions) as session:
        return [(row.kind, row.assigned_to) for row in triage.queue(session, front.clock()).items]


def close(person: Person, front: Front, item: str) -> None:
    assert person.post(f"/desk/items/{item}/close", seen=seen(front, item), reason="called").status_code == 200


def test_closing_the_last_row_of_a_chat_i_have_hands_it_back_and_says_so(front: Front, anna: Person) -> None:
    chat = front.chat()
    item, other = front.item(chat, "person"), front.item(chat, "question")
    anna.post(f"/desk/c/{chat}/take-over", item=item)
    anna.post(f"/desk/items/{other}/assign", seen=seen(front, other))
    front.clock.move(minutes=1)
    close(anna, front, item)
    assert owner(front, chat) == "person", "a row of mine is still open"
    close(anna, front, other)
    assert owner(front, chat) == "returned"
    assert "I am back" in texts(front, chat)[-1][1]


def test_closing_a_row_of_a_chat_a_colleague_has_leaves_it_with_them(front: Front, anna: Person, ben: Person) -> None:
    chat = front.chat()
    anna.post(f"/desk/c/{chat}/take-over")
    close(ben, front, front.item(chat, "question"))
    assert owner(front, chat) == "person"


def test_what_a_patient_writes_to_a_person_stands_in_the_queue_for_that_person_once(
    front: Front, anna: Person, ben: Person
) -> None:
    assert anna.user is not None
    chat = front.chat()
    anna.post(f"/desk/c/{chat}/take-over")
    assert open_rows(front, chat) == []
    says_in_silence(front, chat, "Are you there?")
    says_in_silence(front, chat, "Hello?")
    says_in_silence(front, chat, "Hello?")
    assert open_rows(front, chat) == [("person", anna.user.id)]
    assert "Are you there?" in ben.get("/desk").text


def test_a_row_that_sleeps_wakes_when_its_patient_writes_to_the_person(front: Front, anna: Person) -> None:
    chat = front.chat()
    item = front.item(chat, "question")
    anna.post(f"/desk/c/{chat}/take-over", item=item)
    anna.post(f"/desk/items/{item}/snooze", seen=seen(front, item), until="week")
    front.clock.move(minutes=1)
    assert open_rows(front, chat) == []
    says_in_silence(front, chat, "One thing more")
    assert open_rows(front, chat) == [("question", anna.user.id)]  # type: ignore[union-attr]


@pytest.mark.parametrize("wrote", ["nothing", "before", "after"])
def test_a_patient_left_waiting_by_the_person_gets_the_assistant_back_and_stays_in_the_queue(
    front: Front, anna: Person, wrote: str
) -> None:
    chat = front.chat()
    item = front.item(chat, "person")
    anna.post(f"/desk/c/{chat}/take-over", item=item)
    if wrote != "nothing":
        anna.post(f"/desk/c/{chat}/reply", text="One moment")
    if wrote == "after":
        front.clock.move(hours=20)
        says_in_silence(front, chat, "Thank you, and when?")
    front.clock.move(hours=11)
    desk = front.router.desk
    assert held.give_back(desk) == 0
    front.clock.move(hours=1)
    if wrote == "before":
        front.clock.move(hours=40)
        assert (held.give_back(desk), owner(front, chat)) == (0, "person"), "this patient waits for nothing"
        return
    assert [held.give_back(desk), held.give_back(desk)] == [1, 0]
    assert owner(front, chat) == "returned"
    assert "I am back" in texts(front, chat)[-1][1]
    assert open_rows(front, chat) == [("person", None)]
    assert anna.post(f"/desk/c/{chat}/reply", text="Sorry, here I am").status_code == 200


def test_advice_in_danger_and_news_of_a_visit_do_not_count_as_the_persons_answer(front: Front, anna: Person) -> None:
    chat = front.chat()
    anna.post(f"/desk/c/{chat}/take-over")
    anna.post(f"/desk/c/{chat}/reply", text="One moment")
    says_in_silence(front, chat, "My skin burns")
    with unit_of_work(front.sessions) as session:
        conversations.add_bot_message(session, chat, {"text": "Call.", "metadata": {"kind": "urgent"}}, NOW)
        news = {"text": "Confirmed.", "metadata": {"kind": "confirmation"}}
        desk_ownership.tell_patient(session, chat, None, news, NOW)
        session.commit()
    front.clock.move(hours=12)
    assert held.give_back(front.router.desk) == 1


def test_in_messenger_nobody_is_woken_at_night_to_hear_that_the_assistant_is_back(front: Front, anna: Person) -> None:
    chat = front.chat()
    with unit_of_work(front.sessions) as session:
        conversations.get_conversation(session, chat).channel = "messenger"
        session.commit()
    anna.post(f"/desk/c/{chat}/take-over")
    front.clock.move(hours=13)  # 23:00 in the clinic
    assert held.give_back(front.router.desk) == 0
    front.clock.move(hours=11)
    assert held.give_back(front.router.desk) == 1


def test_a_waiting_patient_whose_row_is_closed_waits_no_longer_and_is_promised_anew_when_asking_again(
    front: Front, anna: Person
) -> None:
    chat = front.chat()
    item = front.item(chat, "person")
    desk = front.router.desk
    with unit_of_work(front.sessions) as session:
        assert desk_ownership.ask_for_person(session, chat, None, front.clock())
        session.commit()
    promises._promise_all(desk)
    close(anna, front, item)
    assert owner(front, chat) == "returned"
    front.clock.move(hours=100)
    with unit_of_work(front.sessions) as session:
        assert desk_ownership.ask_for_person(session, chat, None, front.clock())
        session.commit()
    front.item(chat, "person")
    assert promises._promise_all(desk) == 1
    assert "promise missed" not in anna.get("/desk").text
