"""The webhook's door: who may knock, what is answered, and that an event is safe before Meta hears 200."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest
from prometheus_client import CollectorRegistry
from sanic import Sanic

from bot.channels.messenger.channel import MessengerChannel
from bot.channels.messenger.signature import sign
from bot.serving.figures import ClinicFigures
from bot.store.engine import Sessions, reading
from bot.store.messenger_queue import backlog, counted

from . import bodies
from .bodies import ANNA, BEN
from .clinic import SECRET, VERIFY, clinic, listening

ASKED = {"hub.mode": "subscribe", "hub.verify_token": VERIFY, "hub.challenge": "1158201444"}


async def test_the_address_is_verified_with_the_challenge_and_our_token(sessions: Sessions) -> None:
    async with clinic(sessions) as it:
        answer = await it.http.get("/webhooks/messenger", params=ASKED)
        assert (answer.status_code, answer.text) == (200, "1158201444")


@pytest.mark.parametrize(
    "wrong",
    [
        {"hub.verify_token": "something else"},
        {"hub.verify_token": ""},
        {"hub.mode": "unsubscribe"},
        {"hub.challenge": "<script>"},
    ],
    ids=str,
)
async def test_a_wrong_verification_is_forbidden_and_echoes_nothing(sessions: Sessions, wrong: dict[str, str]) -> None:
    async with clinic(sessions) as it:
        answer = await it.http.get("/webhooks/messenger", params={**ASKED, **wrong})
        assert answer.status_code == 403
        assert "1158201444" not in answer.text
        assert "<" not in answer.text


def _with(algorithm: str, raw: bytes) -> str:
    return f"{algorithm}=" + hmac.new(SECRET.encode(), raw, algorithm).hexdigest()


RAW = bodies.body(bodies.text(ANNA, "hello"))


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "sha256=",
        "sha256=" + "0" * 64,
        sign(RAW, "another secret"),
        sign(RAW + b" ", SECRET),
        _with("md5", RAW),
        _with("sha1", RAW),
        sign(RAW, SECRET).removeprefix("sha256="),
        sign(RAW, SECRET).upper(),
        "sha256=é",
    ],
    ids=[
        "none",
        "empty",
        "no-hash",
        "zeros",
        "other-secret",
        "other-body",
        "md5",
        "sha1",
        "bare",
        "upper",
        "not-ascii",
    ],
)
async def test_a_call_without_the_right_sha256_of_the_raw_body_is_forbidden(
    sessions: Sessions, header: str | None
) -> None:
    async with clinic(sessions) as it:
        answer = await it.post(RAW, header)
        assert answer.status_code == 403
        with reading(sessions) as session:
            assert backlog(session, it.clock()).waiting == 0


async def test_the_old_sha1_header_does_not_stand_in_for_the_new_one(sessions: Sessions) -> None:
    async with clinic(sessions) as it:
        assert (await it.post(RAW, None, **{"X-Hub-Signature": _with("sha1", RAW)})).status_code == 403


async def test_the_signature_covers_the_bytes_as_sent_escapes_included(sessions: Sessions) -> None:
    raw = bodies.body(bodies.text(ANNA, "placeholder")).replace(b"placeholder", b"\\u00e4\\u00f6\\ud83d\\ude00")
    assert json.dumps(json.loads(raw), ensure_ascii=False).encode() != raw
    async with clinic(sessions) as it:
        assert (await it.post(raw)).status_code == 200


async def test_200_comes_when_the_event_is_stored_and_before_rasa_hears_it(sessions: Sessions) -> None:
    async with clinic(sessions) as it:
        answer = await it.post(RAW)
        assert answer.status_code == 200
        assert it.heard.texts == []
        with reading(sessions) as session:
            assert backlog(session, it.clock()).waiting == 1
        assert it.graph.sent == []


async def test_every_event_of_every_entry_is_taken(sessions: Sessions) -> None:
    raw = bodies.batch(
        bodies.entry(bodies.text(ANNA, "one"), bodies.text(BEN, "two")),
        bodies.entry(bodies.text(ANNA, "three")),
        {"id": bodies.PAGE, "time": 1, "changes": [{"field": "feed", "value": {}}]},
        bodies.entry(bodies.text(BEN, "four"), standby=True),
    )
    async with clinic(sessions) as it:
        assert (await it.post(raw)).status_code == 200
        with reading(sessions) as session:
            assert backlog(session, it.clock()).waiting == 4


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"", 400),
        (b"not json", 400),
        (b"[]", 400),
        (b'"page"', 400),
        (b"[" * 100_000, 400),
        (b'{"object": "user", "entry": []}', 404),
        (b'{"object": "instagram", "entry": []}', 404),
        (b'{"object": "page"}', 200),
        (b'{"object": "page", "entry": null}', 200),
        (b'{"object": "page", "entry": {"messaging": []}}', 200),
        (b'{"object": "page", "entry": [null, 1, "x", {"messaging": [null, 7, {"message": []}]}]}', 200),
        (b'{"object": "page", "entry": [{"messaging": [{"sender": {"id": null}, "message": {"mid": 5}}]}]}', 200),
        (b"\xff\xfe{}", 400),
        (b" " * (1024 * 1024 + 1), 413),
    ],
    ids=range(14),
)
async def test_a_signed_body_of_any_shape_is_answered_without_a_crash(
    sessions: Sessions, raw: bytes, status: int
) -> None:
    async with clinic(sessions) as it:
        assert (await it.post(raw)).status_code == status


async def test_a_store_that_is_away_makes_meta_send_again_and_loses_nothing(sessions: Sessions) -> None:
    async with clinic(sessions) as it:

        def fail(events: object) -> int:
            raise OSError("disk full")

        intake = it.door.intake
        real, intake._store = intake._store, fail  # type: ignore[method-assign,assignment]
        assert (await it.post(RAW)).status_code == 503
        intake._store = real  # type: ignore[method-assign]
        assert (await it.post(RAW)).status_code == 200
        with reading(sessions) as session:
            assert backlog(session, it.clock()).waiting == 1


async def test_receipts_own_echoes_and_unknown_events_are_counted_and_ignored(sessions: Sessions) -> None:
    async with clinic(sessions) as it:
        await it.receive(
            bodies.read(ANNA),
            bodies.delivered(ANNA),
            bodies.echo(ANNA, "hello from the bot", bodies.APP),
            bodies.echo(ANNA, None, bodies.APP, attachments=[{"type": "image", "payload": {"url": bodies.MEDIA_URL}}]),
            bodies.item(ANNA, optin={"type": "notification_messages"}),
            bodies.item(ANNA, something_new={"a": 1}),
            bodies.text("", "from nobody"),
        )
        assert it.heard.texts == []
        assert it.graph.sent == []
        wanted = {"read": 1, "delivery": 1, "echo": 2, "optin": 1, "unknown": 1, "message_of_nobody": 1}
        assert {name: it.door.counts[name] for name in wanted} == wanted


async def test_calls_at_once_are_counted_each_once_and_prometheus_reads_the_sum(sessions: Sessions) -> None:
    events = [bodies.text(ANNA, f"word {number}") for number in range(20)]
    async with clinic(sessions) as it:
        await asyncio.gather(*(it.post(bodies.body(one)) for one in [*events, *events[:5]]))
        await it.post(RAW, "sha256=0")
        await it.post(bodies.body(bodies.read(ANNA)))
        assert (it.door.counts["queued"], it.door.counts["known"]) == (20, 5)
        await it.door.write_counts()
        await it.post(RAW, "sha256=0")
        await it.door.write_counts()
        await it.door.write_counts()
        registry = CollectorRegistry()
        registry.register(ClinicFigures(sessions, lambda: it.clock.now + timedelta(seconds=90)))
        wanted = {"queued": 20, "known": 5, "message": 25, "read": 1, "bad_signature": 2}
        found = {
            name: registry.get_sample_value("mesoguide_messenger_events_total", {"event": name}) for name in wanted
        }
        assert found == wanted
        assert registry.get_sample_value("mesoguide_messenger_queue_waiting") == 20
        assert registry.get_sample_value("mesoguide_messenger_queue_oldest_seconds") == 90
        assert registry.get_sample_value("mesoguide_messenger_given_up") == 0


async def test_counts_that_could_not_be_written_are_written_later(sessions: Sessions) -> None:
    async with clinic(sessions) as it:
        await it.post(RAW, "sha256=0")
        real, it.door.parts.sessions = it.door.parts.sessions, None  # type: ignore[assignment]
        await it.door.write_counts()
        it.door.parts.sessions = real
        await it.post(RAW, "sha256=0")
        await it.door.write_counts()
        with reading(sessions) as session:
            assert counted(session) == {"bad_signature": 2}


async def test_an_event_of_another_page_is_not_ours(sessions: Sessions) -> None:
    other = {"id": "777", "time": 1, "messaging": [{**bodies.text(ANNA, "hello"), "recipient": {"id": "777"}}]}
    async with clinic(sessions) as it:
        await it.post(bodies.batch(other))
        await it.settle()
        assert it.heard.texts == []
        assert it.door.counts["other_page"] == 1


async def test_without_settings_the_channel_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PAGE_TOKEN", "APP_SECRET", "VERIFY_TOKEN", "PAGE_ID"):
        monkeypatch.delenv(f"MESSENGER_{name}", raising=False)
    channel = MessengerChannel.from_credentials({})
    Sanic.test_mode = True
    app = Sanic(f"test-{uuid4().hex}", configure_logging=False)
    app.config.MOTD = False
    app.blueprint(channel.blueprint(None), url_prefix="/webhooks/messenger")  # type: ignore[arg-type]
    async with listening(app) as address, httpx.AsyncClient(base_url=address) as http:
        assert (await http.get("/webhooks/messenger", params=ASKED)).status_code == 404
        answer = await http.post("/webhooks/messenger/", content=RAW)
        assert (answer.status_code, answer.json()) == (404, {"error": "not configured"})
    assert set(channel.missing) >= {"MESSENGER_PAGE_TOKEN", "MESSENGER_APP_SECRET"}


def test_a_signature_needs_a_secret() -> None:
    from bot.channels.messenger.signature import is_signed, same_token

    empty = "sha256=" + hmac.new(b"", RAW, hashlib.sha256).hexdigest()
    assert not is_signed(RAW, empty, "")
    assert not same_token("", "")
