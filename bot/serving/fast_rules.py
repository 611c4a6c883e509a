"""Which rule applies, found without asking every rule about every state, and what need not be predicted then.

Part of bot/serving/fast.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rasa.core.policies.memoization import MemoizationPolicy
from rasa.core.policies.policy import PolicyPrediction
from rasa.core.policies.rule_policy import RulePolicy
from rasa.shared.core.constants import ACTION_LISTEN_NAME, PREVIOUS_ACTION, USER
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, ActionExecutionRejected
from rasa.shared.core.trackers import DialogueStateTracker

from bot.serving.fast_states import State, copied, moments

SURE = "_rule_is_sure"
_stock_find = RulePolicy._find_action_from_rules
_stock_rule = RulePolicy.predict_action_probabilities
_stock_memory = MemoizationPolicy.predict_action_probabilities


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
    states = [copied(moment.state) for moment in moments(tracker, domain)[-max(longest, 1) :]]
    self.featurizer._choose_last_user_input([states], use_text_for_last_user_input)
    return states


def find_action_from_rules(
    self: RulePolicy, tracker: DialogueStateTracker, domain: Domain, use_text_for_last_user_input: bool
) -> tuple[str | None, str | None, bool]:
    """Rules are asked about a message's text only where a rule could hold for a text."""
    if use_text_for_last_user_input and not _any_rule_about_text(self):
        return None, None, False
    return _stock_find(self, tracker, domain, use_text_for_last_user_input)


def _any_rule_about_text(policy: RulePolicy) -> bool:
    """Whether a rule that follows action_listen holds for a text, or for anything."""
    if "_about_text" not in policy.__dict__:
        policy.__dict__["_about_text"] = any(not user or "text" in user for user in _heard_by_rules(policy))
    return bool(policy.__dict__["_about_text"])


def _heard_by_rules(policy: RulePolicy) -> Iterator[Mapping[str, Any]]:
    """What each rule that follows action_listen wants the patient to have said."""
    for lookup in policy.lookup.values():
        if isinstance(lookup, dict):
            for newest, *_ in _rules(policy, lookup).states.values():
                if (newest.get(PREVIOUS_ACTION) or {}).get("action_name") == ACTION_LISTEN_NAME:
                    yield newest.get(USER) or {}


# --- certainty ------------------------------------------------------------------------------------------------------


def predict_by_rules(self: RulePolicy, tracker: DialogueStateTracker, domain: Domain, **more: Any) -> PolicyPrediction:
    """As Rasa's; notes on the tracker when no policy of a lower priority can change what happens next."""
    prediction = _stock_rule(self, tracker, domain, **more)
    certain = prediction.is_no_user_prediction or (prediction.max_confidence == 1.0 and not _was_rejected(tracker))
    tracker.__dict__[SURE] = (len(tracker.events), self.priority) if certain else None
    return prediction


def predict_from_memory(
    self: MemoizationPolicy, tracker: DialogueStateTracker, domain: Domain, **more: Any
) -> PolicyPrediction:
    """As Rasa's, but nothing is looked up when a rule has just decided."""
    count, priority = tracker.__dict__.get(SURE) or (None, 0)
    if count == len(tracker.events) and self.priority < priority:
        return self._prediction(self._default_predictions(domain))
    return _stock_memory(self, tracker, domain, **more)


def _was_rejected(tracker: DialogueStateTracker) -> bool:
    """Whether the last action refused to run; the ensemble then takes it out of every prediction."""
    for event in reversed(tracker.events):
        if isinstance(event, (ActionExecuted, ActionExecutionRejected)):
            return isinstance(event, ActionExecutionRejected)
    return False
