"""Calls to Meta: one version, a timeout, retries that help, and an alert at the desk instead of silence."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import httpx
import pytest

from bot.channels.messenger import graph as graph_module
from bot.channels.messenger.graph import Graph, GraphError
from bot.channels.messenger.settings import GRAPH_VERSION, REQUIRED
from bot.settings import BOT, SettingError
from bot.store.engine import Sessions, reading
from bot.store.models import TriageItem

from . import bodies
from .bodies import ANNA, BEN
from .clinic import SECRET, TOKEN, clinic, messenger_settings
from .graph import Refusal


def test_the_version_stands_in_one_place() -> None:
    named = [
        path.name for path in (BOT / "channels" / "messenger").glob("*.py") if re.search(r"v\d\d\.0", path.read_text())
    ]
    assert named == ["settings.py"]
    assert GRAPH_VERSION == "v25.0"


async def test_every_call_names_the_version_and_no_address_holds_the_token(sessions: Sessions) -> None:
    async with clinic(sessions) as it:
        await it.receive(bodies.text(ANNA, "hello"))
        assert it.graph.addresses
        assert all(one.startswith(f"/{GRAPH_VERSION}/") and TOKEN not in one for one in it.graph.addresses)


async def test_an_old_version_is_refused_by_the_stand_in(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph_module, "GRAPH_VERSION", "v2.12")
    async with clinic(sessions) as it:
        with pytest.raises(GraphError, match="2635"):
            await it.door.worker.delivery.graph.call("GET", "me")  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "passing",
    [
        Refusal(500, 2),
        Refusal(503, 0),
        Refusal(400, 1200),
        Refusal(400, 613, retry_after=3),
        Refusal(429, 4, retry_after=1),
    ],
    ids=lambda one: f"{one.status}-{one.code}",
)
async def test_passing_trouble_is_tried_again_and_the_patient_notices_nothing(
    sessions: Sessions, passing: Refusal
) -> None:
    async with clinic(sessions) as it:
        await it.receive(bodies.text(ANNA, "hello"))
        it.graph.failures.extend([passing, passing])
        it.hand(ANNA, "person")
        it.staff_writes(ANNA, "Hello.")
        it.hand(ANNA, "bot")
        await it.settle()
        assert it.graph.texts(ANNA).count("Hello.") == 1


async def test_pauses_between_attempts_grow_and_a_rate_limits_wish_is_kept() -> None:
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    def answer(request: httpx.Request) -> httpx.Response:
        if len(pauses) == 2:
            return httpx.Response(429, json={"error": {"code": 613}}, headers={"Retry-After": "7"})
        return httpx.Response(500, json={"error": {"code": 2}})

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        with pytest.raises(GraphError, match="temporary"):
            await Graph(messenger_settings("http://meta.test"), http, sleep).call("GET", "me")
    assert len(pauses) == 3
    assert 0.25 <= pauses[0] <= 0.5 <= pauses[1] <= 1.0
    assert pauses[2] == 7.0


async def test_while_meta_says_too_fast_and_not_for_how_long_pauses_grow_to_a_bound_and_nothing_is_called() -> None:
    now, calls, too_fast = [0.0], [], [True]

    def answer(request: httpx.Request) -> httpx.Response:
        calls.append(now[0])
        return httpx.Response(400, json={"error": {"code": 613}}) if too_fast[0] else httpx.Response(200, json={})

    async def pause(graph: Graph) -> float:
        with pytest.raises(GraphError, match="rate") as found:
            await graph.call("GET", "me")
        return found.value.retry_after

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        graph = Graph(messenger_settings("http://meta.test"), http, clock=lambda: now[0])
        pauses = []
        for _ in range(7):
            pauses.append(await pause(graph))
            now[0] += 1.0
            assert await pause(graph) == pauses[-1] - 1.0, "nobody asks before the pause is over"
            now[0] += pauses[-1]
        assert len(calls) == 7
        assert pauses == [60.0, 120.0, 240.0, 480.0, 900.0, 900.0, 900.0]
        too_fast[0] = False
        await graph.call("GET", "me")
        too_fast[0] = True
        assert await pause(graph) == 60.0, "once it went well the pause is short again"


async def test_while_meta_says_too_fast_lines_wait_turns_go_on_and_advice_in_danger_is_tried_at_once(
    sessions: Sessions,
) -> None:
    async with clinic(sessions) as it:
        it.graph.failures.append(Refusal(400, 613))
        await it.receive(bodies.text(ANNA, "hello"), bodies.text(BEN, "hello"))
        assert (len(it.heard.texts), it.graph.sent, len(it.graph.refused)) == (2, [], 1)
        await it.receive(bodies.text(ANNA, "I cannot breathe"))
        assert it.graph.texts(ANNA) == ["Please call 112 now."]
        it.graph.failures.extend([Refusal(400, 613)] * 2)
        it.clock.advance(seconds=61)
        await it.settle()
        assert it.graph.texts(BEN) == [], "it is still too fast"
        it.graph.failures.clear()
        it.clock.advance(seconds=61)
        await it.settle()
        assert it.graph.texts(BEN)[-1] == "You said: hello"


@pytest.mark.parametrize("code", [10, 200])
async def test_a_lost_permission_keeps_the_lines_and_alerts_the_desk_once_a_day(sessions: Sessions, code: int) -> None:
    async with clinic(sessions) as it:
        it.graph.failures.extend([Refusal(403, code)] * 20)
        await it.receive(bodies.text(ANNA, "hello"), bodies.text(BEN, "hello too"))
        assert it.graph.sent == []
        with reading(sessions) as session:
            assert [one.details["trouble"] for one in session.query(TriageItem)] == ["permission"]
        it.graph.failures.clear()
        it.clock.advance(minutes=6)
        await it.settle()
        assert it.graph.texts(ANNA)[-1] == "You said: hello"
        assert it.graph.texts(BEN)[-1] == "You said: hello too"


async def test_a_call_that_gets_no_answer_is_cut_off_and_counts_as_passing() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.extensions["timeout"]["read"] == 10.0
        raise httpx.ReadTimeout("too slow", request=request)

    async def sleep(seconds: float) -> None:
        return None

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        with pytest.raises(GraphError) as found:
            await Graph(messenger_settings("http://meta.test"), http, sleep).call("GET", "me")
    assert found.value.passes


async def test_trouble_that_lasts_keeps_the_line_until_it_is_over(sessions: Sessions) -> None:
    async with clinic(sessions) as it:
        it.graph.failures.extend([Refusal(500, 2)] * 40)
        await it.receive(bodies.text(ANNA, "hello"))
        assert it.graph.sent == []
        it.graph.failures.clear()
        await it.settle()
        assert it.graph.sent == []  # the lane rests
        it.clock.advance(minutes=1)
        await it.settle()
        assert it.graph.texts(ANNA) == [it.words.disclosure.start, "You said: hello"]
        assert it.heard.texts == ["hello"]


async def test_an_expired_token_alerts_the_desk_once_and_everything_is_sent_when_it_works_again(
    sessions: Sessions, caplog: pytest.LogCaptureFixture
) -> None:
    async with clinic(sessions) as it:
        it.graph.expired = True
        await it.receive(bodies.text(ANNA, "hello"), bodies.text(BEN, "hello too"))
        assert it.graph.sent == []
        with reading(sessions) as session:
            [item] = session.query(TriageItem)
            assert (item.kind, item.handoff_reason, item.details["trouble"]) == ("person", "part_failed", "token")
            assert "token" in item.details["note"]
        assert "the desk was told" in caplog.text
        it.graph.expired = False
        it.clock.advance(minutes=6)
        await it.settle()
        assert it.graph.texts(ANNA)[-1] == "You said: hello"
        assert it.graph.texts(BEN)[-1] == "You said: hello too"


async def test_a_patient_who_blocked_the_page_stops_nobody_else(sessions: Sessions) -> None:
    async with clinic(sessions) as it:
        await it.receive(bodies.text(ANNA, "hello"), bodies.text(BEN, "hello"))
        it.hand(ANNA, "person")
        it.hand(BEN, "person")
        await it.settle()
        it.graph.wrote.pop(ANNA)  # Meta knows this person no more
        it.staff_writes(ANNA, "Hello Anna.")
        it.staff_writes(BEN, "Hello Ben.")
        await it.settle()
        assert it.states(ANNA)[-1] == ("refused", "gone")
        assert it.graph.texts(BEN)[-1] == "Hello Ben."


async def test_a_message_of_which_half_is_sent_goes_on_with_the_other_half(sessions: Sessions) -> None:
    text = ("This is one sentence of many. " * 100).strip()
    async with clinic(sessions) as it:
        await it.receive(bodies.text(ANNA, "hello"))
        it.hand(ANNA, "person")
        await it.settle()
        graph = it.door.worker.delivery.graph  # type: ignore[union-attr]
        send, told = graph.send, len(it.graph.sent)

        async def send_one(*args: object, **more: object) -> str:
            if len(it.graph.sent) > told:
                it.graph.failures.extend([Refusal(500, 2)] * 4)
            return await send(*args, **more)  # type: ignore[arg-type]

        graph.send = send_one  # type: ignore[method-assign]
        it.staff_writes(ANNA, text)
        await it.settle()
        assert len(it.graph.sent) == told + 1
        graph.send = send  # type: ignore[method-assign]
        it.graph.failures.clear()
        it.clock.advance(minutes=1)
        await it.settle()
        assert " ".join(it.graph.texts()[told:]) == text


async def test_nothing_of_what_people_write_or_are_called_is_logged(
    sessions: Sessions, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    mid = "m_" + "s" * 90
    async with clinic(sessions) as it:
        await it.receive(
            bodies.text(ANNA, "marked-words", mid),
            bodies.attachments(ANNA, "image", "audio"),
            bodies.location(ANNA),
            bodies.sticker(ANNA),
            bodies.edit(ANNA, mid, "marked-words changed"),
            bodies.unsend(ANNA, mid),
            bodies.reaction(ANNA, mid, "love"),
            bodies.echo(ANNA, "marked-words of staff", "4711"),
        )
        it.graph.expired = True
        it.staff_writes(ANNA, "marked-words to come")
        await it.settle()
        await it.post(b"marked-words", "sha256=0")
        await it.post(b"marked-words")
    ours = "\n".join(r.getMessage() for r in caplog.records if not r.name.startswith(("asyncio", "sanic.access")))
    for secret in ("marked-words", ANNA, bodies.MEDIA_URL, "52.52", TOKEN, SECRET, mid):
        assert secret not in ours


def test_settings_name_what_is_wrong() -> None:
    from bot.channels.messenger.settings import MessengerSettings

    with pytest.raises(SettingError, match="MESSENGER_PAGE_ID"):
        MessengerSettings.from_env({"MESSENGER_PAGE_ID": "my page"})
    with pytest.raises(SettingError, match="MESSENGER_HANDOVER"):
        MessengerSettings.from_env({"MESSENGER_HANDOVER": "robot"})
    settings = MessengerSettings.from_env({"MESSENGER_PAGE_TOKEN": "t", "GRAPH_API_URL": "http://x/"})
    assert settings.graph_url == "http://x"
    assert settings.missing == list(REQUIRED[1:])
    assert "t'" not in repr(settings)
