"""The website's HTTP interface: sessions, messages, history; what is stored, repeated, refused."""

from __future__ import annotations

import asyncio
import threading
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import httpx
import pytest
from rasa.core.channels.channel import UserMessage

from bot.channels.records import Records
from bot.channels.turns import Turns
from bot.channels.website import Door, Website
from bot.limits import visitor as counted_as
from bot.problems import Problem
from bot.store import bookings, conversations, triage
from bot.store.engine import Sessions, reading, unit_of_work
from tests.channels.website_server import Visitor, echo, parts, say, serving, sessions_at, visiting


@pytest.fixture
def sessions(tmp_path: Path) -> Sessions:
    return sessions_at(tmp_path / "test.db")


@pytest.fixture
def website(sessions: Sessions) -> Website:
    return parts(sessions)


def queue(sessions: Sessions, website: Website) -> list[tuple[str, str]]:
    with reading(sessions) as session:
        return [(item.kind, item.handoff_reason) for item in triage.queue(session, website.clock()).items]


async def test_a_session_has_a_token_and_starts_with_the_bots_welcome(website: Website) -> None:
    async with serving(website) as address, httpx.AsyncClient(base_url=address) as http:
        answer = await http.post("/session")
        assert answer.status_code == 201
        assert set(answer.json()) == {"token", "conversation_id", "expires_in"}
        assert answer.json()["expires_in"] == 30 * 24 * 3600
        history = await http.get("/history", headers={"Authorization": f"Bearer {answer.json()['token']}"})
    (welcome,) = history.json()["messages"]
    assert welcome["from"] == "bot"
    assert "computer program" in welcome["text"]
    assert welcome["buttons"] == [{"title": "Side effects", "payload": "/ask_side_effects"}]
    assert set(welcome) == {"id", "from", "text", "buttons", "metadata"}


async def test_a_message_without_metadata_is_smalltalk(website: Website) -> None:
    async with visiting(website) as visitor:
        assert (await visitor.history())[0]["metadata"]["kind"] == "smalltalk"


async def test_a_message_is_answered_and_both_are_in_the_history(website: Website) -> None:
    async with visiting(website) as visitor:
        answer = (await visitor.send("Does it hurt?")).json()["messages"]
        assert [m["text"] for m in answer] == ["You said: Does it hurt?"]
        assert answer[0]["metadata"]["kind"] == "answer"
        assert [(m["from"], m["text"]) for m in (await visitor.history())[1:]] == [
            ("patient", "Does it hurt?"),
            ("bot", "You said: Does it hurt?"),
        ]


async def test_a_repeated_id_gets_the_first_answer_and_rasa_hears_it_once(website: Website) -> None:
    heard: list[str] = []

    async def agent(message: UserMessage) -> None:
        heard.append(message.text)
        await say(message, f"answer {len(heard)}")

    async with visiting(website, agent) as visitor:
        name = str(uuid4())
        first = await visitor.send("hello", id=name)
        again = await visitor.send("something else", id=name)
    assert first.json() == again.json()
    assert heard == ["/start_chat", "hello"]


async def test_a_repeat_during_the_first_waits_for_its_answer(website: Website) -> None:
    heard: list[str] = []
    go_on = asyncio.Event()

    async def agent(message: UserMessage) -> None:
        if message.text == "slow":
            heard.append(message.text)
            await go_on.wait()
        await say(message, "done")

    async with visiting(website, agent) as visitor:
        name = str(uuid4())
        both = [asyncio.create_task(visitor.send("slow", id=name)) for _ in range(2)]
        await asyncio.sleep(0.3)
        go_on.set()
        first, second = [(await task).json() for task in both]
    assert first == second
    assert heard == ["slow"]


async def test_two_processes_given_the_same_message_act_once(sessions: Sessions) -> None:
    heard: list[str] = []

    async def agent(message: UserMessage) -> None:
        heard.append(message.text)
        await asyncio.sleep(0.3)
        await say(message, "done")

    async with (
        visiting(parts(sessions, shared=True), agent) as one,
        serving(parts(sessions, shared=True), agent) as other,
    ):
        body = {"id": str(uuid4()), "text": "twice"}
        doors = (str(one.http.base_url).rstrip("/"), other)
        async with httpx.AsyncClient(timeout=20) as http:
            sending = [http.post(f"{door}/message", json=body, headers=one.headers) for door in doors]
            first, second = await asyncio.gather(*sending)
    assert first.status_code == second.status_code == 200
    assert first.json() == second.json()
    assert heard.count("twice") == 1


async def test_a_turn_goes_on_when_the_patient_closes_the_page(website: Website) -> None:
    go_on = asyncio.Event()

    async def agent(message: UserMessage) -> None:
        if message.text == "slow":
            await go_on.wait()
        await say(message, "done")

    async with visiting(website, agent) as visitor:
        name = str(uuid4())
        with pytest.raises(httpx.ReadTimeout):
            await visitor.http.post(
                "/message",
                json={"id": name, "text": "slow"},
                headers=visitor.headers,
                timeout=httpx.Timeout(5, read=0.3),
            )
        await asyncio.sleep(0.3)  # the server notices that nobody listens any more
        go_on.set()
        assert [m["text"] for m in (await visitor.send("slow", id=name)).json()["messages"]] == ["done"]
        assert [m["text"] for m in await visitor.history()] == ["done", "slow", "done"]


async def test_what_a_crash_left_unanswered_is_answered_when_it_is_sent_again(sessions: Sessions) -> None:
    name = str(uuid4())
    async with visiting(parts(sessions)) as visitor:
        token, conversation_id = visitor.token, visitor.conversation_id
        with unit_of_work(sessions) as session:
            now = visitor_clock()
            conversations.accept_message(session, conversation_id, name, "before the crash", now)
            session.commit()
    async with serving(parts(sessions)) as address, httpx.AsyncClient(base_url=address, timeout=20) as http:
        body = {"id": name, "text": "before the crash"}
        answer = await http.post("/message", json=body, headers={"Authorization": f"Bearer {token}"})
    assert [m["text"] for m in answer.json()["messages"]] == ["You said: before the crash"]


async def test_messages_of_one_patient_are_answered_in_their_order(website: Website) -> None:
    heard: list[str] = []

    async def agent(message: UserMessage) -> None:
        await asyncio.sleep(0.05 if message.text == "m0" else 0)
        heard.append(message.text)
        await say(message, f"re {message.text}")

    async with visiting(website, agent) as visitor:
        tasks = []
        for number in range(4):
            tasks.append(asyncio.create_task(visitor.send(f"m{number}")))
            await asyncio.sleep(0.01)
        await asyncio.gather(*tasks)
        told = [m["text"] for m in (await visitor.history())[1:]]
    assert heard[1:] == ["m0", "m1", "m2", "m3"]
    assert told == ["m0", "re m0", "m1", "re m1", "m2", "re m2", "m3", "re m3"]


async def test_one_token_opens_only_its_own_conversation(website: Website) -> None:
    async with visiting(website) as one, visiting(website) as other:
        await one.send("a secret")
        assert "a secret" not in str(await other.history())


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer nonsense", "Basic abc", "Bearer a.b.c"])
async def test_a_wrong_token_is_401(website: Website, header: str) -> None:
    async with visiting(website) as visitor:
        for method, path in (("POST", "/message"), ("GET", "/history"), ("GET", "/stream")):
            answer = await visitor.http.request(method, path, headers={"Authorization": header})
            assert answer.status_code == 401, path
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["status"] == 401


async def test_the_conversation_id_alone_opens_nothing(website: Website) -> None:
    async with visiting(website) as visitor:
        headers = {"Authorization": f"Bearer {visitor.conversation_id}"}
        assert (await visitor.http.get("/history", headers=headers)).status_code == 401


async def test_rasa_silent_means_an_honest_answer_and_an_item_at_the_desk(website: Website, sessions: Sessions) -> None:
    async def agent(message: UserMessage) -> None:
        if message.text == "/start_chat":
            await say(message, "Hello")

    async with visiting(website, agent) as visitor:
        (answer,) = (await visitor.send("anybody there?")).json()["messages"]
        history = await visitor.history()
    assert answer["metadata"]["kind"] == "fallback"
    assert "+1 202 555 0143" in answer["text"]
    assert [m["text"] for m in history if m["from"] == "patient"] == ["anybody there?"]
    assert queue(sessions, website) == [("question", "part_failed")]


async def test_rasa_failing_half_way_keeps_what_was_said_before(website: Website, sessions: Sessions) -> None:
    async def agent(message: UserMessage) -> None:
        await say(message, "First")
        if message.text != "/start_chat":
            raise RuntimeError("the model is gone")

    async with visiting(website, agent) as visitor:
        answer = (await visitor.send("hello")).json()["messages"]
    assert [m["metadata"]["kind"] for m in answer] == ["smalltalk", "fallback"]
    assert queue(sessions, website) == [("question", "part_failed")]


async def test_an_older_visit_that_was_named_does_not_stand_for_an_apology(website: Website) -> None:
    async def agent(message: UserMessage) -> None:
        await say(message, "Your visit is on Tuesday.", kind="confirmation", reference="MG-7K4P2Q")
        if message.text != "/start_chat":
            raise RuntimeError("the model is gone")

    async with visiting(website, agent) as visitor:
        answer = (await visitor.send("my visit")).json()["messages"]
    assert [m["metadata"]["kind"] for m in answer] == ["confirmation", "fallback"]


@pytest.mark.parametrize("told", [False, True])
async def test_a_visit_stored_before_the_turn_broke_off_is_told_once(
    website: Website, sessions: Sessions, told: bool
) -> None:
    async def agent(message: UserMessage) -> None:
        if message.text == "/start_chat":
            return await say(message, "Hello")
        wanted = bookings.Request("Kim Example", "kim@example.org", "email")
        with unit_of_work(sessions) as session:
            row = bookings.create(session, message.sender_id, wanted, datetime.now(timezone.utc))
            session.commit()
        if told:
            await say(message, "Your request is with the clinic.", kind="confirmation", reference=row.reference)
        raise RuntimeError("the disk is full")

    async with visiting(website, agent) as visitor:
        (answer,) = (await visitor.send("yes")).json()["messages"]
        (again,) = (await visitor.send("and now")).json()["messages"][:1]
    with reading(sessions) as session:
        references = [row.reference for row in bookings.of_conversation(session, visitor.conversation_id)]
    assert (answer["metadata"]["kind"], answer["metadata"]["reference"]) == ("confirmation", references[-1])
    assert again["metadata"]["reference"] == references[0]


@pytest.mark.parametrize("kind", ["emergency", "urgent"])
async def test_danger_is_at_the_desk_once_also_when_an_action_queued_it_too(
    website: Website, sessions: Sessions, kind: str
) -> None:
    async def agent(message: UserMessage) -> None:
        await say(message, "Call 112 now", kind=kind)
        if message.text != "/start_chat":
            with unit_of_work(sessions) as session:
                triage.add(
                    session,
                    kind="danger",
                    handoff_reason="danger",
                    conversation_id=message.sender_id,
                    key=f"danger:{message.sender_id}:{message.message_id}",
                    now=website.clock(),
                )
                session.commit()

    async with visiting(website, agent) as visitor:
        await visitor.send("I cannot breathe")
    assert queue(sessions, website) == [("danger", "danger")]


@pytest.fixture
def danger_is_breath(monkeypatch: pytest.MonkeyPatch) -> None:
    """An understanding that knows one danger."""

    async def understood(app: Any, text: str) -> dict[str, Any]:
        return {"danger": {"level": "emergency", "sign": "breathing"}} if "breathe" in text else {}

    monkeypatch.setattr("bot.channels.website.understood_by", understood)


@pytest.mark.usefixtures("danger_is_breath")
async def test_danger_advice_arrives_while_the_store_is_away(website: Website) -> None:
    async def agent(message: UserMessage) -> None:
        await say(message, "Call 112 now", kind="emergency" if "breathe" in message.text else "answer")

    async with visiting(website, agent) as visitor:
        with website.records.sessions.kw["bind"].connect() as connection:
            connection.exec_driver_sql("ALTER TABLE message RENAME TO gone")
            connection.commit()
        danger = await visitor.send("I cannot breathe")
        other = await visitor.send("What is it?")
    assert danger.json()["messages"][0]["text"] == "Call 112 now"
    assert other.status_code == 503
    assert "112" in other.json()["detail"]


async def test_a_payload_nobody_offered_is_not_heard_by_rasa_while_the_store_is_away_either(website: Website) -> None:
    heard: list[str] = []

    async def agent(message: UserMessage) -> None:
        heard.append(message.text)
        await say(message, "Call 112 now", kind="emergency" if message.text == "/report_emergency" else "answer")

    async with visiting(website, agent) as visitor:
        with website.records.sessions.kw["bind"].connect() as connection:
            connection.exec_driver_sql("ALTER TABLE message RENAME TO gone")
            connection.commit()
        forged = await visitor.send(payload='/inform{"question":"consent","answer":"yes","age":"34"}')
        danger = await visitor.send(payload="/report_emergency")
    assert forged.status_code == 503
    assert danger.json()["messages"][0]["text"] == "Call 112 now"
    assert heard == ["/start_chat", "/report_emergency"]


@pytest.mark.usefixtures("danger_is_breath")
async def test_a_yes_that_could_not_be_kept_does_nothing_until_it_is_sent_again(
    website: Website, monkeypatch: pytest.MonkeyPatch
) -> None:
    booked, same = [], str(uuid4())

    async def agent(message: UserMessage) -> None:
        if message.text == "yes":
            booked.append(str(message.message_id))
        await say(message, "Your request is with the clinic.", kind="confirmation")

    def locked(*_: Any) -> None:
        raise OSError

    async with visiting(website, agent) as visitor:
        with monkeypatch.context() as away:
            away.setattr(Records, "accept", locked)
            refused = await visitor.send("yes", id=same)
        await asyncio.sleep(0.1)  # time for a turn that should not have begun
        assert booked == []
        told = await visitor.send("yes", id=same)
    assert refused.status_code == 503
    assert told.json()["messages"][0]["text"] == "Your request is with the clinic."
    assert len(booked) == 1


@pytest.mark.usefixtures("danger_is_breath")
async def test_danger_advice_waits_neither_for_a_store_that_hangs_nor_for_what_follows_it(
    website: Website, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on = threading.Event()

    async def agent(message: UserMessage) -> None:
        await say(message, "Call 112 now", kind="emergency" if "breathe" in message.text else "answer")
        if message.text != "/start_chat":
            await asyncio.to_thread(goes_on.wait, 30)

    def hang(*_: Any) -> None:
        goes_on.wait(30)
        raise OSError

    monkeypatch.setattr("bot.channels.website.Turns", partial(Turns, store_seconds=0.05))
    async with visiting(website, agent) as visitor:
        monkeypatch.setattr(Records, "accept", hang)
        danger = await visitor.send("I cannot breathe")
        assert not goes_on.is_set()
        goes_on.set()
    assert [one["text"] for one in danger.json()["messages"]][:1] == ["Call 112 now"]


async def test_the_bot_is_well_only_while_actions_in_its_process_come_to_their_end(website: Website) -> None:
    stuck = False
    actions = SimpleNamespace(is_stuck=lambda: stuck)
    agent = SimpleNamespace(is_ready=lambda: True, action_endpoint=actions)
    channel = Door(website, echo)
    channel._app = SimpleNamespace(ctx=SimpleNamespace(agent=agent))
    assert (await channel.health(None)).status == 200  # type: ignore[arg-type]
    stuck = True
    with pytest.raises(Problem):
        await channel.health(None)  # type: ignore[arg-type]


async def test_the_bot_stays_silent_while_a_person_has_the_chat(website: Website, sessions: Sessions) -> None:
    async def agent(message: UserMessage) -> None:
        if message.text == "/start_chat":
            await say(message, "Hello")

    async with visiting(website, agent) as visitor:
        with unit_of_work(sessions) as session:
            conversations.set_owner(session, visitor.conversation_id, "person", expected=["bot"])
            session.commit()
        name = str(uuid4())
        assert (await visitor.send("hello?", id=name)).json() == {"messages": []}
        assert (await visitor.send("hello?", id=name)).json() == {"messages": []}
    assert queue(sessions, website) == [("person", "asked_for_person")], "whoever has the chat sees that they wrote"


async def test_erasing_removes_the_conversation_after_the_goodbye(website: Website, sessions: Sessions) -> None:
    async def agent(message: UserMessage) -> None:
        if message.text == "/delete_my_data":
            await say(message, "Your data is deleted.", kind="confirmation", erase=True)
        else:
            await echo(message)

    async with visiting(website, agent) as visitor:
        await visitor.send("remember me")
        (goodbye,) = (await visitor.send(payload="/delete_my_data")).json()["messages"]
        assert goodbye["text"] == "Your data is deleted."
        assert (await visitor.send("hello?")).status_code == 401
    with reading(sessions) as session, pytest.raises(conversations.UnknownConversation):
        conversations.get_conversation(session, visitor.conversation_id)


async def test_too_many_messages_are_429_with_the_time_to_wait(sessions: Sessions) -> None:
    async with visiting(parts(sessions, rates={"message": "3/minute"})) as visitor:
        answers = [await visitor.send(f"m{number}") for number in range(5)]
        assert [a.status_code for a in answers] == [200, 200, 200, 429, 429]
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
        async with visiting(parts(sessions)) as other:
            assert (await other.send("hello")).status_code == 200


async def test_one_address_does_not_get_around_the_limit_with_many_chats(sessions: Sessions) -> None:
    async with visiting(parts(sessions, rates={"address": "3/minute"})) as visitor:
        chats = [await Visitor(visitor.http).open() for _ in range(4)]
        assert [(await chat.send("hello")).status_code for chat in chats] == [200, 200, 200, 429]
        answer = await visitor.http.get("/history", headers=chats[0].headers)
        assert answer.status_code == 429, "histories are counted with them"
        elsewhere = {**chats[0].headers, "X-Forwarded-For": "203.0.113.7"}
        assert (await visitor.http.get("/history", headers=elsewhere)).status_code == 200


async def test_too_many_histories_are_429(sessions: Sessions) -> None:
    async with visiting(parts(sessions, rates={"history": "3/minute"})) as visitor:
        answers = [await visitor.http.get("/history", headers=visitor.headers) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("203.0.113.7", "203.0.113.8", False),
        ("::ffff:203.0.113.7", "::ffff:203.0.113.8", False),
        ("unix", "unix", True),
    ],
)
def test_the_addresses_of_one_home_count_as_one(one: str, other: str, same: bool) -> None:
    assert (counted_as(one) == counted_as(other)) is same


def visitor_clock():
    from bot.channels.website import utc_now

    return utc_now()
