"""What policies see of a conversation, grown event by event instead of replayed. Part of bot/serving/fast.py.

A state belongs to the moment before an action; the states before older actions never change while the events before
them stay the same. They are kept on the tracker, and checked against its events each time.
"""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import islice, takewhile
from operator import is_
from typing import Any

from rasa.shared.core.constants import (
    PREVIOUS_ACTION,
    SHOULD_NOT_BE_SET,
)
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActionReverted,
    ActiveLoop,
    Event,
    Restarted,
    SessionStarted,
    UserUtteranceReverted,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker

KEPT = "_states_kept"
APPLIED = "_applied_kept"
MARKS = 8  # how many actions back a history can go without a replay; a repeated form needs two
State = dict[str, Any]
_stock_past_states = DialogueStateTracker.past_states
_stock_applied_events = DialogueStateTracker.applied_events


@dataclass(frozen=True)
class Moment:
    """The conversation before an action: its state, the action before, and how the action's turn counts for stories."""

    state: State
    previous: Mapping[str, str] | None
    keeps_hiding: bool
    hidden: bool


@dataclass(frozen=True)
class Mark:
    """Where `running` stood before an action: after so many events, with so many moments, and what it was like."""

    events: int
    moments: int
    running: DialogueStateTracker


@dataclass
class History:
    """The moments of a conversation so far. `running` stands after the last of `events`.

    A form that runs again takes back the events of its last run, and a patient may take back a message: the history
    then goes back to a mark before them.
    """

    domain: Domain
    running: DialogueStateTracker
    events: list[Event] = field(default_factory=list)
    moments: list[Moment] = field(default_factory=list)
    present: Moment | None = None
    marks: deque[Mark] = field(default_factory=lambda: deque(maxlen=MARKS))

    def grow(self, applied: Sequence[Event]) -> None:
        """Follow the conversation to its present end."""
        for event in applied[len(self.events) :]:
            self.present = None
            if isinstance(event, ActionExecuted):
                self.marks.append(Mark(len(self.events), len(self.moments), twin(self.running)))
                self.moments.append(self.moment(event.hide_rule_turn))
            self.running.update(event)
            self.events.append(event)

    def moment(self, hidden: bool) -> Moment:
        """The moment at which the conversation stands now."""
        at = self.running
        keeps = bool(at.followup_action) or at.latest_action_name == at.active_loop_name
        state = self.domain.get_active_state(at)
        return Moment(state, self.domain._get_prev_action_sub_state(at), keeps, hidden)

    def goes_back_to(self, applied: Sequence[Event]) -> bool:
        """Go back to where the conversation still begins with the events seen so far; False when that is too far."""
        if len(applied) >= len(self.events) and all(map(is_, self.events, applied)):  # a few microseconds
            return True
        alike = sum(1 for _ in takewhile(bool, map(is_, self.events, applied)))
        while self.marks:
            mark = self.marks.pop()
            if mark.events <= alike:
                del self.events[mark.events :], self.moments[mark.moments :]
                self.running, self.present = mark.running, None
                return True
        return False


def moments(tracker: DialogueStateTracker, domain: Domain) -> list[Moment]:
    """The moments before each action of the conversation, and the present one."""
    applied = tracker.applied_events()
    history = tracker.__dict__.get(KEPT)
    if history is None or history.domain is not domain or not history.goes_back_to(applied):
        history = History(domain, tracker.init_copy())
        tracker.__dict__[KEPT] = history
    history.grow(applied)
    history.present = history.present or history.moment(False)
    return [*history.moments, history.present]


def twin(tracker: DialogueStateTracker) -> DialogueStateTracker:
    """A tracker in the same state that goes its own way."""
    new = DialogueStateTracker.__new__(type(tracker))
    new.__dict__.update(tracker.__dict__)
    new.events = deque(tracker.events, maxlen=tracker.events.maxlen)
    new.slots = {name: copy_slot(slot) for name, slot in tracker.slots.items()}
    new.active_loop = copy.copy(tracker.active_loop)
    return new


def copy_slot(slot: Any) -> Any:
    """What copy.copy does for a slot."""
    new = object.__new__(type(slot))
    new.__dict__.update(slot.__dict__)
    return new


@dataclass(frozen=True)
class Applied:
    """The events that count among the first `count`, the last of which is `last`; `loops` ran among them."""

    count: int
    last: Event | None
    loops: frozenset[str]
    events: list[Event]


NOTHING = Applied(0, None, frozenset(), [])


def applied_events(self: DialogueStateTracker) -> list[Event]:
    """The events that count, grown by those that came since. Events are only ever added at the end."""
    if self._max_event_history is not None:
        return _stock_applied_events(self)
    kept, length = self.__dict__.get(APPLIED, NOTHING), len(self.events)
    if kept.count > length or (kept.count and self.events[kept.count - 1] is not kept.last):
        kept = NOTHING
    if kept.count < length:
        kept = self.__dict__[APPLIED] = _further(kept, self.events)
    return list(kept.events)


def _further(kept: Applied, events: deque[Event]) -> Applied:
    """What counts after the newest events. A loop seen for the first time may change what counted before."""
    new = list(islice(events, kept.count, None))
    loops = kept.loops.union(event.name for event in new if _role(type(event)) == "loops" and event.name)
    if loops != kept.loops:
        kept, new = NOTHING, list(events)
    applied = list(kept.events)
    for event in new:
        applied = _applied(applied, event, loops)
    return Applied(len(events), events[-1], loops, applied)


def _applied(applied: list[Event], event: Any, loops: frozenset[str]) -> list[Event]:
    """`applied` after one more event, as DialogueStateTracker.applied_events has it."""
    role = _role(type(event))
    undo = DialogueStateTracker._undo_till_previous
    if role == "starts":
        return []
    if role == "takes back":
        if isinstance(event, UserUtteranceReverted):
            undo(UserUttered, applied)
        undo(ActionExecuted, applied)
    elif role == "acts" and event.action_name in loops and _ran_before(applied, event.action_name):
        DialogueStateTracker._undo_till_previous_loop_execution(event.action_name, applied)
    else:
        applied.append(event)
    return applied


def _ran_before(applied: list[Event], loop: str) -> bool:
    return not DialogueStateTracker._first_loop_execution_or_unhappy_path(_ANY, loop, applied)


_ANY: Any = DialogueStateTracker  # the method asks nothing of the tracker it is called on but its static methods


@cache
def _role(kind: type[Event]) -> str:
    """What events of a class do to those before them. Asked of classes once; Rasa asks every event, several times."""
    if issubclass(kind, (Restarted, SessionStarted)):
        return "starts"
    if issubclass(kind, (ActionReverted, UserUtteranceReverted)):
        return "takes back"
    if issubclass(kind, ActionExecuted):
        return "acts"
    return "loops" if issubclass(kind, ActiveLoop) else "adds"


def past_states(
    self: DialogueStateTracker,
    domain: Domain,
    omit_unset_slots: bool = False,
    ignore_rule_only_turns: bool = False,
    rule_only_data: dict[str, Any] | None = None,
) -> list[State]:
    """The states of the conversation, as Domain.states_for_tracker_history gives them; the caller may change them."""
    if omit_unset_slots or not isinstance(domain, Domain):
        return _stock_past_states(self, domain, omit_unset_slots, ignore_rule_only_turns, rule_only_data)
    past = moments(self, domain)
    if not ignore_rule_only_turns:
        return [copied(moment.state) for moment in past]
    return _as_stories_see_them(past, rule_only_data)


def copied(state: State) -> State:
    """A state that may be changed."""
    return {kind: dict(part) for kind, part in state.items()}


def _as_stories_see_them(past: Sequence[Moment], rule_only: Mapping[str, Any] | None) -> list[State]:
    """Without the turns that rules made; of what stays, without what only rules know."""
    states: list[State] = []
    last_action, was_hidden = None, False
    for moment in past:
        if not was_hidden:
            last_action = moment.previous
        if not moment.keeps_hiding:
            was_hidden = moment.hidden
        if was_hidden:
            continue
        state = copied(moment.state)
        Domain._remove_rule_only_features(state, rule_only)
        if states:
            Domain._substitute_rule_only_user_input(state, states[-1])
        if last_action:
            state[PREVIOUS_ACTION] = dict(last_action)
        states.append(Domain._clean_state(state))
    return states


def slots_sub_state(tracker: DialogueStateTracker, omit_unset_slots: bool = False) -> State:
    """The features of the slots that have some; each slot is asked once."""
    features: State = {}
    for name, slot in tracker.slots.items():
        if slot is None or not slot.influence_conversation:
            continue
        feature = slot.as_feature()
        if not feature or (omit_unset_slots and not slot.has_been_set):
            continue
        if slot.value == SHOULD_NOT_BE_SET:
            features[name] = SHOULD_NOT_BE_SET
        elif any(feature):
            features[name] = tuple(feature)
    return features
