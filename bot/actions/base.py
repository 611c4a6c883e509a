"""What every action shares: a view of one turn, the clinic behind it, and the promise never to go quiet.

Rasa drops the events of an action that raises, and the patient hears nothing; `ClinicAction` turns an error into an
apology and a way to a person. Errors are logged by class, never with what a patient wrote.
"""

from __future__ import annotations

import logging
import traceback
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher

from bot import logs
from bot.clinic.content import Content, load_content
from bot.settings import Settings
from bot.store.conversations import ensure_conversation, get_conversation
from bot.store.crypto import configure_keys
from bot.store.engine import Sessions, make_engine, make_sessions, reading, unit_of_work

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

log = logging.getLogger(__name__)
Events = list[EventType]


@dataclass(frozen=True)
class Clinic:
    """What the actions work with: the content the clinic stands for, the store, and what signs links."""

    content: Content
    sessions: Sessions
    secret: str = field(default="", repr=False)


@lru_cache(maxsize=1)
def clinic() -> Clinic:
    """The clinic of this process, built from the environment at the first action."""
    settings = Settings.from_env()
    configure_keys(settings.keys)
    return Clinic(load_content(settings.content), make_sessions(make_engine(settings.database_url)), settings.secret)


@dataclass(frozen=True)
class Turn:
    """One call of an action: what the patient wrote, what is remembered, and how to speak."""

    dispatcher: CollectingDispatcher
    tracker: Tracker
    clinic: Clinic
    now: datetime
    # An earlier message that is taken up now, in place of the latest one.
    taken_up: Mapping[str, Any] | None = None
    # Events that stand beside those which the action returns.
    also: Events = field(default_factory=list)

    @property
    def content(self) -> Content:
        return self.clinic.content

    @property
    def conversation_id(self) -> str:
        return str(self.tracker.sender_id)

    @property
    def parse(self) -> Mapping[str, Any]:
        """Rasa's parse of the message this turn is about, with our keys (docs/architecture.md)."""
        return self.taken_up or self.tracker.latest_message or {}

    @property
    def intent(self) -> str:
        return str((self.parse.get("intent") or {}).get("name") or "")

    @property
    def confidence(self) -> float:
        """How sure the understanding is of the intent, 0 to 1."""
        return float((self.parse.get("intent") or {}).get("confidence") or 0.0)

    @property
    def text(self) -> str:
        """What the patient typed; empty for a button."""
        text = str(self.parse.get("text") or "")
        return "" if text.startswith("/") else text

    def entity(self, name: str) -> Any:
        """The value of the first entity of that name in the latest message, or None."""
        return next((e.get("value") for e in self.parse.get("entities") or [] if e.get("entity") == name), None)

    def slot(self, name: str) -> Any:
        return self.tracker.get_slot(name)

    @contextmanager
    def saving(self) -> Iterator[Session]:
        """One unit of work in which this conversation exists; committed when the block ends without an error."""
        with unit_of_work(self.clinic.sessions) as session:
            channel = self.tracker.get_latest_input_channel() or "unknown"
            ensure_conversation(session, self.conversation_id, channel=channel, now=self.now)
            yield session
            session.commit()

    def say(self, response: str, **values: Any) -> None:
        """Utter a response of the domain by its name, with values for its placeholders."""
        self.dispatcher.utter_message(response=response, **values)

    def say_text(self, text: str, metadata: Mapping[str, Any], buttons: Sequence[Mapping[str, str]] = ()) -> None:
        """Utter a text that comes from the content, with its metadata and buttons."""
        self.dispatcher.utter_message(text=text, buttons=[dict(b) for b in buttons], metadata=dict(metadata))


class ClinicAction(Action, ABC):
    """An action of this project: `name` as in domain.yml, `act` returns the events."""

    waits_for_nothing = True  # `run` awaits nothing: a Rasa worker may run it in a thread (serving/own_actions.py)

    def name(self) -> str:
        raise NotImplementedError

    @abstractmethod
    def act(self, turn: Turn) -> Events:
        """Do one thing for this turn and return its events."""

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        """Run `act`; whatever goes wrong, the patient hears what happens to their message."""
        try:
            turn = Turn(dispatcher, tracker, clinic(), datetime.now(timezone.utc))
            return [*self.act(turn), *turn.also]
        except Exception as error:
            with logs.about(_pseudonym(tracker)):
                log.error("action %s failed: %s at %s", self.name(), type(error).__name__, _place(error))
            dispatcher.messages.clear()
            self.apologise(dispatcher)
            return []

    def apologise(self, dispatcher: CollectingDispatcher) -> None:
        """What the patient hears when the action failed."""
        dispatcher.utter_message(response="utter_part_failed")


def _pseudonym(tracker: Tracker) -> str:
    """What the desk calls the patient; "" when the store, perhaps the reason of the error, does not say."""
    with suppress(Exception), reading(clinic().sessions) as session:
        return get_conversation(session, str(tracker.sender_id)).pseudonym
    return ""


def _place(error: Exception) -> str:
    """Where an error came from. Its message is left out: a database error quotes the values of its statement."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{last.filename}:{last.lineno}"
