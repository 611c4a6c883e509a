"""What policies see of a conversation, grown event by event instead of replayed. Part of bot/serving/fast.py.

A state belongs to the moment before an action; the states before older actions never change while the events before
them stay the same. They are kept on the tracker, and checked against its events each time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from operator import is_
from typing import Any

from rasa.core.policies.rule_policy import RulePolicy
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
)
from rasa.shared.core.trackers import DialogueStateTracker

KEPT = "_states_kept"
APPLIED = "_applied_kept"
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


@dataclass
class History:
    """The moments of a conversation so far. `running` stands after the last of `events`."""

    domain: Domain
    running: DialogueStateTracker
    events: list[Event] = field(default_factory=list)
    moments: list[Moment] = field(default_factory=list)
    present: Moment | None = None

    def grow(self, applied: Sequence[Event]) -> None:
        """Follow the conversation to its present end."""
        for event in applied[len(self.events) :]:
            self.present = None
            if isinstance(event, ActionExecuted):
                self.moments.append(self.moment(event.hide_rule_turn))
            self.running.update(event)
            self.events.append(event)

    def moment(self, hidden: bool) -> Moment:
        """The moment at which the conversation stands now."""
        at = self.running
        keeps = bool(at.followup_action) or at.latest_action_name == at.active_loop_name
        state = self.domain.get_active_state(at)
        return Moment(state, self.domain._get_prev_action_sub_state(at), keeps, hidden)

    def begins(self, applied: Sequence[Event]) -> bool:
        """Whether the conversation still begins with the events seen so far."""
        return len(applied) >= len(self.events) and all(map(is_, self.events, applied))  # a few microseconds


def moments(tracker: DialogueStateTracker, domain: Domain) -> list[Moment]:
    """The moments before each action of the conversation, and the present one."""
    applied = tracker.applied_events()
    history = tracker.__dict__.get(KEPT)
    if history is None or history.domain is not domain or not history.begins(applied):
        history = History(domain, tracker.init_copy())
        tracker.__dict__[KEPT] = history
    history.grow(applied)
    history.present = history.present or history.moment(False)
    return [*history.moments, history.present]


def applied_events(self: DialogueStateTracker) -> list[Event]:
    """The events that count, worked out once until another event comes. Events are only ever added at the end."""
    length, last = len(self.events), self.events[-1] if self.events else None
    kept = self.__dict__.get(APPLIED)
    if kept is None or self._max_event_history is not None or kept[0] != length or kept[1] is not last:
        kept = self.__dict__[APPLIED] = (length, last, _plainly_applied(self.events) or _stock_applied_events(self))
    return list(kept[2])


def _plainly_applied(events: Iterable[Event]) -> list[Event] | None:
    """The events since the last start, where none takes anything back and no form runs; else None."""
    applied: list[Event] = []
    for event in events:
        role = _role(type(event))
        if role == "starts":
            applied = []
        elif role == "complicates" and not (isinstance(event, ActiveLoop) and not event.name):
            return None
        else:
            applied.append(event)
    return applied


@cache
def _role(kind: type[Event]) -> str:
    """What events of a class do to those before them. Asked of classes once; Rasa asks every event, several times."""
    if issubclass(kind, (Restarted, SessionStarted)):
        return "starts"
    return "complicates" if issubclass(kind, (ActionReverted, UserUtteranceReverted, ActiveLoop)) else "adds"


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
        return [_copied(moment.state) for moment in past]
    return _as_stories_see_them(past, rule_only_data)


def _copied(state: State) -> State:
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
        state = _copied(moment.state)
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


# --- rules ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rules:
    """A lookup of RulePolicy, read once. `by_action` finds rules by the action before the present moment."""

    lookup: Mapping[str, str]
    longest: int
    by_action: Mapping[Any, Sequence[str]]
    states: Mapping[str, Sequence[State]]  # newest first

    @classmethod
    def of(cls, lookup: Mapping[str, str]) -> Rules:
        states = {key: json.loads(key)[::-1] for key in lookup}
        by_action: dict[Any, list[str]] = {}
        for key, found in states.items():
            by_action.setdefault(_action(found[0]) if found else None, []).append(key)
        return cls(lookup, max(map(len, states.values()), default=0), by_action, states)


def _action(state: State) -> Any:
    previous = state.get(PREVIOUS_ACTION) or {}
    return tuple(previous.items()) if previous else None


def _rules(policy: RulePolicy, lookup: Mapping[str, str]) -> Rules:
    read: list[Rules] = policy.__dict__.setdefault("_rules_read", [])
    for rules in read:
        if rules.lookup is lookup:
            return rules
    read.append(Rules.of(lookup))
    return read[-1]


def possible_keys(self: RulePolicy, lookup: Mapping[str, str], states: list[State]) -> set[str]:
    """The rules that apply, as RulePolicy finds them: only those that follow the last action are looked at."""
    rules = _rules(self, lookup)
    if not states:
        return set(lookup)
    candidates = rules.by_action.get(_action(states[-1]), ())
    newest_first = states[: -rules.longest - 1 : -1]
    return {key for key in candidates if _applies(rules.states[key], newest_first)}


def _applies(rule: Sequence[State], conversation: Sequence[State]) -> bool:
    for wanted, seen in zip(rule, conversation):  # noqa: B905 - the shorter of the two decides
        before, was = wanted.get(PREVIOUS_ACTION), seen.get(PREVIOUS_ACTION)
        if not before and not was:
            continue
        if not before or not was or not RulePolicy._does_rule_match_state(wanted, seen):
            return False
    return True


def rule_states(
    self: RulePolicy,
    tracker: DialogueStateTracker,
    domain: Domain,
    use_text_for_last_user_input: bool = False,
    rule_only_data: dict[str, Any] | None = None,
) -> list[State]:
    """The newest states, as many as the longest rule can see."""
    lookups = [part for part in self.lookup.values() if isinstance(part, dict)]
    longest = max((_rules(self, lookup).longest for lookup in lookups), default=0)
    states = [_copied(moment.state) for moment in moments(tracker, domain)[-max(longest, 1) :]]
    self.featurizer._choose_last_user_input([states], use_text_for_last_user_input)
    return states
