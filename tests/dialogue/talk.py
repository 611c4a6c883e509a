"""A conversation with the trained model: Rasa's own policies, our actions in this process, a database of its own."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from uuid import uuid4

from rasa.core.agent import Agent
from rasa.core.channels.channel import CollectingOutputChannel, UserMessage
from rasa.core.tracker_store import InMemoryTrackerStore
from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, BotUttered, Event, UserUttered
from rasa.utils.endpoints import EndpointConfig
from rasa.utils.log_utils import configure_structlog

from bot.channels.responses import ClinicResponses
from bot.serving.own_actions import OwnActions
from bot.serving.training import current_model, train

SILENT = frozenset({ACTION_LISTEN_NAME, "action_session_start", "action_extract_slots"})
AGREE = '/inform{"question": "consent", "answer": "yes"}'


def load_agent() -> Agent:
    """The model of the present files, trained where there is none, with the actions in this process."""
    configure_structlog(logging.WARNING)
    model = current_model() or train(lambda step: None)
    agent = Agent.load(str(model), action_endpoint=OwnActions(enable_selective_domain=True))
    agent.processor.nlg = ClinicResponses(EndpointConfig(), agent.domain or Domain.empty())
    agent.processor.tracker_store = InMemoryTrackerStore(agent.domain or Domain.empty())
    return agent


@dataclass
class Chat:
    """One patient's conversation."""

    agent: Agent
    id: str = field(default_factory=lambda: uuid4().hex)
    turn: list[Event] = field(default_factory=list)  # the events of the last message and of what followed
    _numbers: count[int] = field(default_factory=count)

    async def say(self, text: str) -> list[str]:
        """Send what a patient types, or a button's payload; the actions that it leads to, in order."""
        number = f"{self.id}-{next(self._numbers)}"
        message = UserMessage(text, CollectingOutputChannel(), self.id, input_channel="website", message_id=number)
        await self.agent.handle_message(message)
        events = list((await self.tracker()).events)
        start = max(place for place, event in enumerate(events) if isinstance(event, UserUttered))
        self.turn = events[start:]
        return [e.action_name for e in self.turn if isinstance(e, ActionExecuted) and e.action_name not in SILENT]

    async def tracker(self) -> Any:
        return await self.agent.processor.get_tracker(self.id)

    async def slot(self, name: str) -> Any:
        return (await self.tracker()).get_slot(name)

    @property
    def parse(self) -> dict[str, Any]:
        """What was understood of the last message."""
        return next(e.parse_data for e in self.turn if isinstance(e, UserUttered))

    @property
    def replies(self) -> list[BotUttered]:
        return [event for event in self.turn if isinstance(event, BotUttered)]

    @property
    def responses(self) -> list[str]:
        """The names of the domain's responses among the replies."""
        return [str(reply.metadata["utter_action"]) for reply in self.replies if "utter_action" in reply.metadata]

    @property
    def metadata(self) -> list[dict[str, Any]]:
        """What the replies say of themselves."""
        return [reply.metadata["metadata"] for reply in self.replies]

    @property
    def payloads(self) -> list[str]:
        """What the buttons of the last reply send."""
        return [button["payload"] for button in self.replies[-1].data.get("buttons") or []]
