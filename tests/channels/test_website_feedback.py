"""Thumbs and codes over the website's HTTP: what is kept, what the desk sees, and how a chat goes on elsewhere."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest

from bot.channels.website import Website
from bot.store import conversations, triage
from bot.store.engine import Sessions, reading, unit_of_work
from bot.store.moving import GUESSES, issue_code
from tests.channels.website_server import Visitor, parts, sessions_at, visiting


@pytest.fixture
def sessions(tmp_path: Path) -> Sessions:
    return sessions_at(tmp_path / "test.db")


@pytest.fixture
def website(sessions: Sessions) -> Website:
    return parts(sessions)


async def rate(visitor: Visitor, message_id: str, thumb: object, **more: object) -> int:
    body = {"message_id": message_id, "thumb": thumb, **more}
    return (await visitor.http.post("/feedback", json=body, headers=visitor.headers)).status_code


def disliked(sessions: Sessions, website: Website) -> list[tuple[str | None, str]]:
    with reading(sessions) as session:
        items = triage.queue(session, website.clock()).items
        return [(item.question, item.details["why"]) for item in items if item.details.get("thumb") == "down"]


async def test_a_thumb_down_is_one_row_at_the_desk_with_the_reason_that_came_later(
    website: Website, sessions: Sessions
) -> None:
    async with visiting(website) as visitor:
        answer = (await visitor.send("Does it hurt?")).json()["messages"][0]["id"]
        assert await rate(visitor, answer, "down") == 200
        assert disliked(sessions, website) == [("Does it hurt?", "")]
        assert await rate(visitor, answer, "down", reason="It was hard to understand") == 200
        assert disliked(sessions, website) == [("Does it hurt?", "It was hard to understand")]


async def test_the_last_thumb_counts_and_is_in_the_history(website: Website, sessions: Sessions) -> None:
    async with visiting(website) as visitor:
        answer = (await visitor.send("Does it hurt?")).json()["messages"][0]["id"]
        for thumb in ("down", "up"):
            await rate(visitor, answer, thumb)
        assert [m["metadata"].get("thumb") for m in await visitor.history()] == [None, None, "up"]


async def test_only_the_bots_messages_of_ones_own_chat_can_be_rated(website: Website) -> None:
    async with visiting(website) as visitor, visiting(website) as other:
        theirs = (await other.send("Does it hurt?")).json()["messages"][0]["id"]
        mine = (await visitor.send("hello"), await visitor.history())[1][1]["id"]
        for message_id in (theirs, mine, str(uuid4())):
            assert await rate(visitor, message_id, "up") == 404


@pytest.mark.parametrize(
    ("message_id", "thumb", "more"),
    [
        ("x", "up", {}),
        (str(uuid4()), "sideways", {}),
        (str(uuid4()), ["up"], {}),
        (str(uuid4()), "down", {"reason": 5}),
    ],
    ids=["no id", "no thumb", "a list", "no text"],
)
async def test_an_opinion_that_is_none_is_400(website: Website, message_id: str, thumb: object, more: object) -> None:
    async with visiting(website) as visitor:
        assert await rate(visitor, message_id, thumb, **dict(more)) == 400


def begun_elsewhere(sessions: Sessions, website: Website) -> str:
    """A chat begun in Messenger; returns its code."""
    now = website.clock()
    with unit_of_work(sessions) as session:
        chat = conversations.open_conversation(session, channel="messenger", now=now)
        conversations.add_bot_message(session, chat.id, {"text": "Said in Messenger."}, now)
        code = issue_code(session, chat.id, now)
        session.commit()
    return code


async def test_a_typed_code_opens_the_chat_begun_elsewhere_and_the_answer_can_be_lost(
    website: Website, sessions: Sessions
) -> None:
    code = begun_elsewhere(sessions, website)
    async with visiting(website) as visitor:
        identity = str(uuid4())
        first = (await visitor.send(code.lower(), id=identity)).json()["messages"]
        again = (await visitor.send(code.lower(), id=identity)).json()["messages"]
        assert [m["text"] for m in first] == [m["text"] for m in again]
        assert "(a code)" in [m["text"] for m in await visitor.history()], "no code stands in the transcript"
        for said in (first, again):
            visitor.token = said[0]["metadata"]["token"]
            assert (await visitor.history())[0]["text"] == "Said in Messenger."


async def test_wrong_codes_open_nothing_and_are_limited(website: Website, sessions: Sessions) -> None:
    async with visiting(website) as visitor:
        for _ in range(GUESSES):
            said = (await visitor.send("AAAA-2222")).json()["messages"]
            assert "token" not in said[0]["metadata"]
        right = begun_elsewhere(sessions, website)
        assert "token" not in (await visitor.send(right)).json()["messages"][0]["metadata"]


async def test_a_code_is_given_to_go_on_elsewhere(website: Website, sessions: Sessions) -> None:
    async with visiting(website) as visitor, visiting(website) as other:
        answer = await visitor.http.post("/move", headers=visitor.headers)
        assert answer.status_code == 201
        assert answer.json()["expires_in"] == 600
        said = (await other.send(answer.json()["code"])).json()["messages"]
        assert website.tokens.read(said[0]["metadata"]["token"], website.clock()) == visitor.conversation_id
        assert (await other.http.post("/move")).status_code == 401
