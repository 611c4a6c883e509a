"""Messages reach Rasa's process over a line where there is one, over HTTP where there is none, once in either case."""

from __future__ import annotations

import asyncio
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.line import Line as RasaEnd
from bot.frames import LARGEST, BadFrame, Frames, frame
from bot.web import proxy
from bot.web.line import Line, NoLine, Told
from tests.web.stack import Stack, running


class Answer:
    def __init__(self, status: int, body: bytes) -> None:
        self.status, self.body, self.headers, self.content_type = status, body, {"Retry-After": "5"}, "text/plain"


@pytest.fixture
def sockets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("l")


HEADS = st.recursive(st.none() | st.integers(0, 2**31) | st.text(), st.lists, max_leaves=4)


@given(st.lists(st.tuples(st.integers(0, 2**32 - 1), HEADS, st.binary(max_size=80)), max_size=6), st.data())
def test_frames_come_whole_and_in_order_however_the_bytes_are_cut(
    sent: list[tuple[int, object, bytes]], data: st.DataObject
) -> None:
    stream = b"".join(frame(*one) for one in sent)
    got, frames = [], Frames()
    while stream:
        cut = data.draw(st.integers(1, len(stream)))
        got += list(frames.feed(stream[:cut]))
        stream = stream[cut:]
    assert got == sent


TOO_LARGE = (LARGEST + 1).to_bytes(4, "big") + bytes(4)
NO_HEAD, NO_BODY = (b"\0\0\0\2" + bytes(4) + b"{\n"), (b"\0\0\0\1" + bytes(4) + b"1")


@pytest.mark.parametrize("wrong", [TOO_LARGE, NO_HEAD, NO_BODY])
def test_what_is_no_frame_is_refused(wrong: bytes) -> None:
    with pytest.raises(BadFrame):
        list(Frames().feed(wrong))


async def test_answers_find_their_requests_in_whatever_order_they_come(sockets: Path) -> None:
    first = asyncio.Event()

    async def handle(asked: object) -> Answer:
        if asked.body == b"first":  # type: ignore[attr-defined]
            await first.wait()
        first.set()
        return Answer(200, asked.body + asked.headers["x"].encode())  # type: ignore[attr-defined]

    rasa, web = RasaEnd(sockets / "s", {"message": handle}), Line(sockets / "s")
    await rasa.open()
    asked = [web.ask("message", {"x": str(n)}, body, 5) for n, body in enumerate((b"first", b"second"))]
    answers = await asyncio.gather(*asked)
    assert [one.body for one in answers] == [b"first0", b"second1"]
    assert answers[0] == Told(200, {"content-type": "text/plain", "retry-after": "5"}, b"first0")
    web.close()
    rasa.close()


async def test_only_this_user_may_open_the_socket(sockets: Path) -> None:
    rasa = RasaEnd(sockets / "s", {})
    await rasa.open()
    assert stat.S_IMODE((sockets / "s").stat().st_mode) & 0o077 == 0
    rasa.close()
    assert not (sockets / "s").exists()


async def test_without_a_listener_nothing_is_sent_and_said_so(sockets: Path) -> None:
    for path in (sockets / "none", sockets / ("long" * 40)):
        with pytest.raises(NoLine):
            await Line(path).ask("message", {}, b"", 1)


async def test_a_line_that_breaks_fails_who_waits_and_is_opened_again(sockets: Path) -> None:
    async def hang(asked: object) -> Answer:
        await asyncio.sleep(30)
        raise AssertionError

    async def answer(asked: object) -> Answer:
        return Answer(200, b"here again")

    rasa, web = RasaEnd(sockets / "s", {"message": hang}), Line(sockets / "s")
    await rasa.open()
    waiting = asyncio.create_task(web.ask("message", {}, b"", 5))
    while not rasa._ends:
        await asyncio.sleep(0.01)
    rasa.close()
    for end in rasa._ends:
        end._transport.abort()
    with pytest.raises(ConnectionError):
        await waiting
    with pytest.raises(NoLine):
        await web.ask("message", {}, b"", 5)
    again = RasaEnd(sockets / "s", {"message": answer})
    await again.open()
    assert (await web.ask("message", {}, b"", 5)).body == b"here again"
    web.close()
    again.close()


async def test_who_does_not_answer_in_time_is_given_up(sockets: Path) -> None:
    async def late(asked: object) -> Answer:
        await asyncio.sleep(0.05 if asked.body else 0)  # type: ignore[attr-defined]
        return Answer(200, b"late" if asked.body else b"next")  # type: ignore[attr-defined]

    rasa, web = RasaEnd(sockets / "s", {"message": late}), Line(sockets / "s")
    await rasa.open()
    with pytest.raises(asyncio.TimeoutError):
        await web.ask("message", {}, b"x", 0.001)
    await asyncio.sleep(0.1)
    assert (await web.ask("message", {}, b"", 5)).body == b"next"
    web.close()
    rasa.close()


@pytest.mark.parametrize("noise", [b"GET / HTTP/1.1\r\n\r\n", frame(1, ["nothing", {}], b""), frame(1, "message", b"")])
async def test_a_stranger_on_the_socket_is_hung_up_on(sockets: Path, noise: bytes) -> None:
    rasa = RasaEnd(sockets / "s", {})
    await rasa.open()
    reader, writer = await asyncio.open_unix_connection(sockets / "s")
    writer.write(noise + b"\xff" * 16)
    assert await reader.read() == b""
    writer.close()
    rasa.close()


# --- the whole way ---------------------------------------------------------------------------------------------------


@pytest.fixture
def stack(sockets: Path) -> Iterator[Stack]:
    with running(sockets, line=True) as stack:
        yield stack


def talk(stack: Stack, http: httpx.Client) -> tuple[httpx.Response, httpx.Response]:
    headers = {"Authorization": f"Bearer {http.post('/webhooks/website/session').json()['token']}"}
    body = {"id": str(uuid4()), "text": "hello"}
    return http.post("/webhooks/website/message", json=body, headers=headers), http.post(
        "/webhooks/website/message", json=body, headers=headers
    )


def test_a_message_over_the_line_is_answered_as_over_http_without_any(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    over_http: list[str] = []
    ask_one = proxy.Forwarder._ask_one

    async def noted(self: proxy.Forwarder, request: object, *rest: object) -> object:
        over_http.append(request.url.path)  # type: ignore[attr-defined]
        return await ask_one(self, request, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(proxy.Forwarder, "_ask_one", noted)
    with httpx.Client(base_url=stack.address, timeout=20) as http:
        first, again = talk(stack, http)
        assert over_http == []
        stack.stop_rasa()
        stack.website.line = None
        stack.start_rasa()
        other, _ = talk(stack, http)
    assert over_http
    assert first.json() == again.json()
    assert [one["text"] for one in first.json()["messages"]] == [one["text"] for one in other.json()["messages"]]
    kept = ("content-type", "cache-control", "content-security-policy", "x-content-type-options")
    assert {name: first.headers[name] for name in kept} == {name: other.headers[name] for name in kept}


def test_problems_come_through_the_line_as_over_http(stack: Stack) -> None:
    with httpx.Client(base_url=stack.address, timeout=20) as http:
        answers = [
            http.post("/webhooks/website/message", json={}, headers={"Authorization": "Bearer nothing"}),
            http.post("/webhooks/website/message", content=b"x" * 20_000),
            http.post("/webhooks/website/session", headers={"Sec-Fetch-Site": "cross-site"}),
        ]
        assert [one.status_code for one in answers] == [401, 413, 403]
        assert {one.headers["content-type"] for one in answers} == {"application/problem+json"}
        assert answers[0].headers["www-authenticate"] == "Bearer"
        text = http.get("/metrics").text
        assert 'mesoguide_requests_total{method="POST",route="/webhooks/website/{rest}",status="401"} 1.0' in text


def test_a_process_that_goes_and_comes_back_is_asked_again(stack: Stack) -> None:
    with httpx.Client(base_url=stack.address, timeout=20) as http:
        talk(stack, http)
        stack.stop_rasa()
        late = threading.Timer(0.6, stack.start_rasa)
        late.start()
        first, again = talk(stack, http)
        late.join()
    assert first.status_code == again.status_code == 200
