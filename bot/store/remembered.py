"""An event that stands for a part of a conversation that is not replayed any more: it sets the tracker's state at once.

Rasa rebuilds a tracker by replaying events, in many places; a state kept outside the events would be lost there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActionExecutionRejected,
    ActiveLoop,
    DefinePrevUserUtteredFeaturization,
    EntitiesAdded,
    Event,
    SlotSet,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker, TrackerActiveLoop

EventDict = dict[str, Any]
# What the featurizers read of an older message; the rest (rankings, …) stays in the log.
_KEPT_OF_A_PARSE = ("text", "intent", "entities")


class Remembered(DefinePrevUserUtteredFeaturization):
    """The state of a tracker after events that are not there. Serialised to others it shows no state.

    Its base class is what Rasa drops together with a user's message when a form's repeated run swallows that message;
    the state after the message has to go with it.
    """

    type_name = "remembered"

    def __init__(self, state: EventDict, timestamp: float | None = None) -> None:
        """`state` is what `state_of` gives."""
        super().__init__(False, timestamp)
        self.state = state

    def apply_to(self, tracker: DialogueStateTracker) -> None:
        """Put the tracker into the remembered state; slots the domain no longer has are left out."""
        tracker._reset()
        for name, value in self.state["slots"].items():
            if name in tracker.slots:
                tracker.slots[name].value = value
        tracker._paused = self.state["paused"]
        tracker.followup_action = self.state["followup_action"]
        tracker.latest_action = dict(self.state["latest_action"])
        loop = self.state["active_loop"]
        tracker.active_loop = TrackerActiveLoop(**loop) if loop else None
        for field in ("latest_message", "latest_bot_utterance"):
            if self.state[field]:
                setattr(tracker, field, event_from(self.state[field]))
        tracker.latest_message.use_text_for_featurization = self.state["featurized_by_text"]

    def as_dict(self) -> EventDict:
        """What others get to see of it."""
        return {"event": self.type_name, "timestamp": self.timestamp}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Remembered) and other.state == self.state

    def __hash__(self) -> int:
        return hash(self.timestamp)


def state_of(tracker: DialogueStateTracker) -> EventDict:
    """The tracker's state as JSON-ready data."""
    return {
        "slots": {name: slot.value for name, slot in tracker.slots.items() if slot.has_been_set},
        "paused": tracker.is_paused(),
        "followup_action": tracker.followup_action,
        "latest_action": tracker.latest_action or {},
        "active_loop": _slim_loop(tracker.active_loop),
        "latest_message": _slim(tracker.latest_message),
        "featurized_by_text": tracker.latest_message and tracker.latest_message.use_text_for_featurization,
        "latest_bot_utterance": tracker.latest_bot_utterance.as_dict() if tracker.latest_bot_utterance else None,
    }


def compact(events: Sequence[Event], domain: Domain, actions: int) -> list[Event]:
    """A short beginning that replays to the same state as `events`, and whose last states look the same to policies.

    Kept are the last `actions` actions that still count (what a form repeats or the patient took back does not), with
    the state before them, and last of all the state after all events.
    """
    whole = _replay(events, domain)
    applied = _without_the_superseded(whole.applied_events())
    start = _start_of_last_actions(applied, actions)
    before = _replay(applied[:start], domain)
    now = events[-1].timestamp
    beginning: list[Event] = [Remembered(state_of(before), now)] if start else []
    if beginning and before.active_loop_name:
        beginning.insert(0, ActiveLoop(before.active_loop_name, now))
    return [*beginning, *_without_former_ends(applied[start:]), Remembered(state_of(whole), now)]


def to_dicts(events: Iterable[Event]) -> list[EventDict]:
    """A compacted beginning as JSON-ready data."""
    return [_to_dict(event) for event in events]


def from_dicts(dicts: Iterable[EventDict]) -> list[Event]:
    """The events again; raises ValueError at a type this version does not know."""
    return [event_from(one) for one in dicts]


def event_from(data: EventDict) -> Event:
    """One event from its dictionary."""
    if data["event"] == Remembered.type_name:
        return Remembered(data["state"], data["timestamp"])
    return _class_of(data["event"])._from_parameters(data)


@cache
def _class_of(type_name: str) -> Any:
    """Rasa searches all subclasses for each event; the answer never changes."""
    return Event.resolve_by_type(type_name)


def _to_dict(event: Event) -> EventDict:
    data: EventDict = event.as_dict()
    if isinstance(event, Remembered):
        data["state"] = event.state
    elif isinstance(event, UserUttered):
        data = _slim(event) or data
    return data


def _slim(event: UserUttered | None) -> EventDict | None:
    return None if event is None else event.as_dict() | {"parse_data": _slim_parse(event.parse_data)}


def _slim_loop(loop: TrackerActiveLoop | None) -> EventDict | None:
    return None if loop is None else vars(loop) | {"trigger_message": _slim_parse(loop.trigger_message)}


def _slim_parse(parse: Mapping[str, Any] | None) -> EventDict:
    return {name: parse[name] for name in _KEPT_OF_A_PARSE if name in parse} if parse else {}


def _replay(events: Iterable[Event], domain: Domain) -> DialogueStateTracker:
    return DialogueStateTracker.from_events("", list(events), domain.slots)


def _without_the_superseded(events: list[Event]) -> list[Event]:
    """Between two actions only the last value of a slot, the last utterance, … is ever seen; the others may go.

    Without this a form that lasts for a hundred turns would leave a hundred turns of them in its one remaining run.
    """
    kept: list[Event] = []
    seen: set[tuple[str, str]] = set()
    for event in reversed(events):
        if isinstance(event, ActionExecuted | UserUttered | Remembered):
            seen.clear()
        elif _what(event) in seen:
            continue
        seen.add(_what(event))
        kept.append(event)
    return kept[::-1]


def _what(event: Event) -> tuple[str, str]:
    """Events that are alike in this overwrite each other."""
    subject: Any = None
    if isinstance(event, SlotSet):
        subject = event.key
    elif isinstance(event, ActiveLoop):
        subject = event.name
    elif isinstance(event, ActionExecutionRejected):
        subject = event.action_name
    elif isinstance(event, EntitiesAdded):
        subject = event.entities
    return event.type_name, repr(subject)


def _without_former_ends(events: list[Event]) -> list[Event]:
    """Drop the states that closed an earlier beginning; one that opens it stands for lost events, and stays."""
    opened = next((place for place, event in enumerate(events) if not isinstance(event, ActiveLoop | Remembered)), 0)
    return events[:opened] + [event for event in events[opened:] if not isinstance(event, Remembered)]


def _start_of_last_actions(events: list[Event], actions: int) -> int:
    places = [place for place, event in enumerate(events) if isinstance(event, ActionExecuted)]
    return places[-actions] if len(places) > actions else 0
