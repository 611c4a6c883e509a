"""An event that stands for a part of a conversation that is not replayed any more: it sets the tracker's state at once.

Rasa rebuilds a tracker by replaying events, in many places; a state kept outside the events would be lost there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from rasa.shared.core.constants import ACTION_LISTEN_NAME
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
VISIBLE = 5  # more than the longest max_history of the policies in config.yml, so that none sees where the past is cut


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


def compact(events: Sequence[Event], domain: Domain, actions: int, visible: int = VISIBLE) -> list[Event]:
    """A short beginning that replays to the same state as `events`, and whose last states look the same to policies.

    Kept are the last `actions` actions that still count (what a form repeats or the patient took back does not), with
    the state before them, and last of all the state after all events. Policies that learn from stories do not see
    what rules alone decided: so many older moments that they do see stay that they find `visible` of them.
    """
    whole = _replay(events, domain)
    applied = _without_the_superseded(whole.applied_events())
    opened = max((place + 1 for place, event in enumerate(applied) if _is_remembered(event, "opens")), default=0)
    start = opened + _start_of_last_actions(applied[opened:], actions)
    opening = applied[:opened] if start == opened else _opening(applied, start, domain, visible)
    rest = [event for event in applied[start:] if not _is_remembered(event, "closes")]
    return [*opening, *rest, Remembered(state_of(whole) | {"place": "closes"}, events[-1].timestamp)]


@dataclass(frozen=True)
class _Moment:
    """The conversation before the action at `place`; what rules alone decided is hidden from stories."""

    place: int
    state: EventDict
    hidden: bool


def _opening(applied: list[Event], start: int, domain: Domain, visible: int) -> list[Event]:
    """What stands for the events before `start`: older moments that stories see, then the state at `start`."""
    now = applied[start].timestamp
    moments = list(_moments(applied, domain))
    opening: list[Event] = []
    for number in _seen_by_stories(moments, start, visible):
        after = moments[number + 1]
        for moment in (moments[number], after) if after.hidden and after.place < start else (moments[number],):
            opening += [ActiveLoop(None, now), Remembered(moment.state, now), applied[moment.place]]
    before = _replay(applied[:start], domain)
    loop = [ActiveLoop(before.active_loop_name, now)] if before.active_loop_name else []
    return [*opening, ActiveLoop(None, now), *loop, Remembered(state_of(before) | {"place": "opens"}, now)]


def _seen_by_stories(moments: Sequence[_Moment], start: int, visible: int) -> list[int]:
    """The last moments before `start` that stories see, so many that `visible` can be seen in all. The first of them
    hears the patient: what any other shows of a message depends on the one before it."""
    wanted = visible - sum(not moment.hidden for moment in moments if moment.place >= start)
    chosen: list[int] = []
    for number in reversed(range(len(moments))):
        if moments[number].hidden or moments[number].place >= start:
            continue
        if len(chosen) >= wanted and (not chosen or _hears(moments[chosen[0]])):
            break
        chosen.insert(0, number)
    return chosen


def _hears(moment: _Moment) -> bool:
    return moment.state["latest_action"].get("action_name") == ACTION_LISTEN_NAME


def _moments(applied: Iterable[Event], domain: Domain) -> Iterator[_Moment]:
    """The moments before each action, hidden the way Domain.states_for_tracker_history hides them."""
    tracker, hidden = _replay([], domain), False
    for place, event in enumerate(applied):
        if isinstance(event, ActionExecuted):
            if not tracker.followup_action and tracker.latest_action_name != tracker.active_loop_name:
                hidden = event.hide_rule_turn
            yield _Moment(place, state_of(tracker), hidden)
        tracker.update(event)


def _is_remembered(event: Event, place: str) -> bool:
    return isinstance(event, Remembered) and event.state.get("place") == place


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


def _start_of_last_actions(events: list[Event], actions: int) -> int:
    places = [place for place, event in enumerate(events) if isinstance(event, ActionExecuted)]
    return places[-actions] if len(places) > actions else 0
