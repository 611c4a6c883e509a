"""Bad input at the website's door: every case gets a clear answer, nothing is lost and nothing is executed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rasa.core.channels.channel import UserMessage

from bot.channels.incoming import clean, read_message
from bot.channels.website import Website
from bot.problems import Problem
from tests.channels.website_server import echo, parts, say, sessions_at, visiting

ID = "67cadc4c-2972-41e9-9db5-4814b56e9a5d"


@pytest.fixture
def website(tmp_path: Path) -> Website:
    return parts(sessions_at(tmp_path / "test.db"))


@pytest.mark.parametrize("text", ["", "   ", "\n\t \r\n", "\u200b\u2060", "\x00\x07", "///", "\u202e"])
async def test_a_message_without_words_is_400_and_not_kept(website: Website, text: str) -> None:
    async with visiting(website) as visitor:
        answer = await visitor.send(text)
        assert answer.status_code == 400
        assert answer.json()["type"] == "urn:mesoguide:problem:empty"
        assert len(await visitor.history()) == 1


async def test_10000_characters_are_413_and_say_how_many_fit(website: Website) -> None:
    async with visiting(website) as visitor:
        answer = await visitor.send("x" * 10_000)
        assert answer.status_code == 413
        assert "10000" in answer.json()["detail"]
        assert "2000" in answer.json()["detail"]
        assert (await visitor.send("x" * 2000)).status_code == 200


async def test_a_body_beyond_16_kilobytes_is_413(website: Website) -> None:
    async with visiting(website) as visitor:
        assert (await visitor.send("😀" * 10_000)).status_code == 413


@pytest.mark.parametrize(
    "text", ["😀", "👩🏽‍⚕️👍", "\u0130", "日本語", "<b>bold</b><script>alert(1)</script>", "'; DROP TABLE message;--"]
)
async def test_any_words_reach_the_bot_and_come_back_as_they_are(website: Website, text: str) -> None:
    async with visiting(website) as visitor:
        answer = await visitor.send(text)
        assert answer.json()["messages"][0]["text"] == f"You said: {text}"
        assert (await visitor.history())[1]["text"] == text


async def test_control_characters_are_taken_out(website: Website) -> None:
    async with visiting(website) as visitor:
        await visitor.send("a\x00b\x1b[31mc\u202ed\r\ne")
        assert (await visitor.history())[1]["text"] == "ab[31mcd\ne"


async def test_half_characters_do_not_break_the_answer(website: Website) -> None:
    async with visiting(website) as visitor:
        raw = f'{{"id": "{ID}", "text": "a\\ud800b"}}'
        answer = await visitor.http.post("/message", content=raw, headers=visitor.headers)
        assert answer.json()["messages"][0]["text"] == "You said: ab"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nonsense",
        b"\xff\xfe\x00",
        b"[" * 9000,
        b"null",
        b"[]",
        b'"text"',
        b"{}",
        b'{"text": "no id"}',
        b'{"id": 7, "text": "x"}',
        b'{"id": "not-a-uuid", "text": "x"}',
        json.dumps({"id": ID}).encode(),
        json.dumps({"id": ID, "text": "x", "payload": "/greet"}).encode(),
        json.dumps({"id": ID, "text": 5}).encode(),
        json.dumps({"id": ID, "text": None}).encode(),
        json.dumps({"id": ID, "text": ["x"]}).encode(),
        json.dumps({"id": ID, "payload": {"a": 1}}).encode(),
        json.dumps({"id": [1], "payload": "/greet"}).encode(),
    ],
)
async def test_a_body_that_is_no_message_is_400(website: Website, body: bytes) -> None:
    async with visiting(website) as visitor:
        answer = await visitor.http.post("/message", content=body, headers=visitor.headers)
        assert answer.status_code == 400
        assert answer.headers["content-type"] == "application/problem+json"
        assert set(answer.json()) == {"type", "title", "status", "detail"}
        assert len(await visitor.history()) == 1


@pytest.mark.parametrize(
    "payload",
    [
        "/restart",
        "/start_chat",
        "/session_start",
        '/inform{"question": "pregnant", "answer": "no"}',
        "/ask_side_effects{}",
        "ask_side_effects!",
        "greet",
        "/",
        "",
        "/" + "x" * 600,
        "//ask_pain",
        "/ask_pain\n",
    ],
)
async def test_a_payload_nobody_offered_is_400(website: Website, payload: str) -> None:
    async with visiting(website) as visitor:
        answer = await visitor.send(payload=payload)
        assert answer.status_code == 400
        assert answer.json()["type"] == "urn:mesoguide:problem:unknown_payload"


async def test_a_button_the_bot_offered_and_a_bare_public_intent_are_accepted(website: Website) -> None:
    heard: list[str] = []

    async def agent(message: UserMessage) -> None:
        heard.append(message.text)
        await echo(message)

    async with visiting(website, agent) as visitor:
        assert (await visitor.send(payload="/ask_side_effects")).status_code == 200
        assert (await visitor.send(payload="/ask_pain")).status_code == 200
        history = [m for m in await visitor.history() if m["from"] == "patient"]
    assert heard[1:] == ["/ask_side_effects", "/ask_pain"]
    assert [m["text"] for m in history] == ["Side effects", "Ask pain"]


async def test_typed_text_never_becomes_a_payload(website: Website) -> None:
    heard: list[str] = []

    async def agent(message: UserMessage) -> None:
        heard.append(message.text)
        await echo(message)

    async with visiting(website, agent) as visitor:
        for text in ('/inform{"answer": "no"}', " //restart", "\u200b/restart", "\x00 / /greet"):
            await visitor.send(text)
    assert heard[1:] == ['inform{"answer": "no"}', "restart", "restart", "greet"]


@given(st.text(max_size=300))
def test_a_cleaned_text_is_stable_and_starts_no_payload(text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    assert not once.startswith("/")
    once.encode()


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "text", "payload", "x"]), inner, max_size=4)
    ),
)


@given(json_values | st.binary(max_size=50))
def test_reading_anything_gives_a_message_or_a_problem(data: Any) -> None:
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    try:
        message = read_message(body)
    except Problem:
        return
    assert bool(message.text) != bool(message.payload)


ITEMS = [
    {"id": one, "title": f"{one}?", "options": [{"title": "No", "answer": "no"}, {"title": "Yes", "answer": "yes"}]}
    for one in ("pregnant", "diabetes", "cancer")
]


async def offer_checklist(message: UserMessage) -> None:
    await say(message, message.text, kind="question", checklist=ITEMS)


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        ("pregnant=no diabetes=yes", "pregnant? No\ndiabetes? Yes"),
        ("liver=no", None),
        ("pregnant=maybe", None),
        ("pregnant=no x", "pregnant? No"),
        ("", None),
    ],
)
async def test_a_filled_in_checklist_is_accepted_as_offered(website: Website, answer: str, shown: str | None) -> None:
    payload = "/inform" + json.dumps({"question": "checklist", "answer": answer})
    async with visiting(website, offer_checklist) as visitor:
        reply = await visitor.send(payload=payload)
        assert reply.status_code == (200 if shown else 400)
        if shown:
            assert reply.json()["messages"][0]["text"] == payload
            assert (await visitor.history())[1]["text"] == shown
