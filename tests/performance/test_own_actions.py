"""An action inside Rasa's process ends as one of an action server does, shares nothing with Rasa, holds up nobody."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import ModuleType
from typing import Any
from uuid import uuid4

import httpx
import pytest
from rasa.core.actions.action import ActionExecutionRejection, RemoteAction
from rasa.core.channels.channel import CollectingOutputChannel
from rasa.core.nlg.response import TemplatedNaturalLanguageGenerator
from rasa.shared.core.events import SlotSet
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.exceptions import RasaException
from rasa.utils.endpoints import EndpointConfig
from rasa_sdk import Action, Tracker
from rasa_sdk.endpoint import create_app
from rasa_sdk.executor import ActionExecutor, CollectingDispatcher
from rasa_sdk.interfaces import ActionExecutionRejection as Rejection
from sanic import Sanic

from bot.serving import actions_port, own_actions
from bot.serving.own_actions import OwnActions
from tests.channels.website_server import free_port
from tests.store.dialogues import DOMAIN

GOES_ON = threading.Event()


class Named(Action):
    """Actions of these tests."""

    waits_for_nothing = True

    def name(self) -> str:
        return f"test_{type(self).__name__.lower()}"


class Says(Named):
    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[Any]:
        dispatcher.utter_message(response="utter_help", buttons=[{"title": "Yes", "payload": "/affirm"}])
        dispatcher.utter_message(text=f"about {tracker.get_slot('topic')}", metadata={"kind": "answer"})
        return [{"event": "slot", "name": "tags", "value": ("a", "tuple")}]


class Plain(Named):
    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[Any]:
        return [{"event": "slot", "name": "topic", "value": tracker.latest_message.get("text")}, {"no": "event"}]


class Waits(Named):
    waits_for_nothing = False

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[Any]:
        await asyncio.sleep(0)
        dispatcher.utter_message(text="waited")
        return []


class Rejects(Named):
    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[Any]:
        raise Rejection(self.name())


class Raises(Named):
    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[Any]:
        raise KeyError("lost")


class Meddles(Named):
    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[Any]:
        tracker.slots["screening"]["answers"].append("meddled")
        return [{"event": "slot", "name": "screening", "value": tracker.slots["screening"]}]


class Blocks(Named):
    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[Any]:
        assert GOES_ON.wait(30)
        return []


ACTIONS = (Says, Plain, Waits, Rejects, Raises, Meddles, Blocks)


def executor() -> ActionExecutor:
    made = ActionExecutor()
    for action in ACTIONS:
        made.register_action(action)
    return made


def tracker() -> DialogueStateTracker:
    made = DialogueStateTracker("s", DOMAIN.slots)
    made.update(SlotSet("topic", "pain"))
    made.update(SlotSet("screening", {"answers": ["none"]}))
    return made


@asynccontextmanager
async def action_server() -> AsyncIterator[EndpointConfig]:
    """Rasa's own action server with these actions."""
    Sanic.test_mode = True
    app = create_app(ModuleType("none"), cors_origins="")
    app.name = f"actions-{uuid4().hex}"
    port = free_port()
    server = await app.create_server("127.0.0.1", port, return_asyncio_server=True, access_log=False)
    await server.startup()
    await server.start_serving()
    try:
        yield EndpointConfig(f"http://127.0.0.1:{port}/webhook")
    finally:
        server.close()


@asynccontextmanager
async def offered(actions: OwnActions) -> AsyncIterator[str]:
    """These actions on a port of their own."""
    port = free_port()
    runner = await actions_port.offer(actions, port)
    assert runner is not None
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()


async def outcome(name: str, endpoint: EndpointConfig, before: DialogueStateTracker) -> Any:
    """The events of an action, or the error it ends with and what Rasa makes of it."""
    nlg = TemplatedNaturalLanguageGenerator(DOMAIN.responses)
    try:
        events = await RemoteAction(name, endpoint).run(CollectingOutputChannel(), nlg, before, DOMAIN)
    except RasaException as error:
        return type(error), getattr(error, "action_name", str(error))
    return [event.as_dict() | {"timestamp": None} for event in events]


@pytest.mark.parametrize("name", ["says", "plain", "waits", "rejects", "raises", "meddles", "unknown"])
async def test_an_action_in_this_process_ends_as_one_of_a_server_does(name: str) -> None:
    here = OwnActions(executor())
    async with action_server() as there, offered(here) as port:
        at_the_port = EndpointConfig(f"{port}/webhook")
        ours, also_ours, theirs = [await outcome(f"test_{name}", one, tracker()) for one in (here, at_the_port, there)]
    assert ours == also_ours == theirs
    assert (ours == []) is False
    if name == "rejects":
        assert ours[0] is ActionExecutionRejection


async def test_the_port_of_the_actions_says_that_it_is_well_and_what_there_is_and_refuses_what_is_no_call() -> None:
    async with offered(OwnActions(executor())) as port, httpx.AsyncClient(base_url=port, trust_env=False) as client:
        assert (await client.get("/health")).json() == {"status": "ok"}
        assert {"name": "test_says"} in (await client.get("/actions")).json()
        answers = [await client.post("/webhook", content=body) for body in (b"", b"[]", b"{", b"\xff")]
    assert [one.status_code for one in answers] == [400] * 4


async def test_of_several_workers_the_first_has_the_port() -> None:
    here = OwnActions(executor())
    async with offered(here) as port:
        assert await actions_port.offer(here, int(port.rpartition(":")[2])) is None


async def test_an_action_shares_no_object_with_rasas_tracker() -> None:
    before = tracker()
    events = await outcome("test_meddles", OwnActions(executor()), before)
    assert events[0]["value"] == {"answers": ["none", "meddled"]}
    assert before.get_slot("screening") == {"answers": ["none"]}


async def test_the_event_loop_goes_on_while_an_action_works() -> None:
    GOES_ON.clear()
    running = asyncio.create_task(outcome("test_blocks", OwnActions(executor()), tracker()))
    await asyncio.sleep(0.01)
    assert not running.done()
    GOES_ON.set()
    assert await running == []


async def test_an_action_that_does_not_end_fails_and_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    here = OwnActions(executor(), clock=lambda: now)
    monkeypatch.setattr(own_actions, "ACTION_SECONDS", 0.01)
    GOES_ON.clear()
    assert (await outcome("test_blocks", here, tracker()))[0] is RasaException
    assert not here.is_stuck()
    now += own_actions.STUCK_SECONDS + 1
    assert here.is_stuck()
    GOES_ON.set()
    while here._running:
        await asyncio.sleep(0.01)
    assert not here.is_stuck()


async def test_an_action_that_awaits_although_it_says_otherwise_fails_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Waits, "waits_for_nothing", True)
    assert (await outcome("test_waits", OwnActions(executor()), tracker()))[0] is RasaException
