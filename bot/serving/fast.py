"""Rasa's hot code, replaced in the server process by functions that give the same result for less work.

`install()` swaps the functions named in REPLACEMENTS, once, before the model is loaded. `rasa train`, `rasa test`,
`rasa shell` and every other process keep Rasa as it is. Each replacement says what Rasa spends its time on; the figures
are in docs/performance.md, and tests/performance compares every replacement with the function it replaces.
MESOGUIDE_LEAN=off starts the server with Rasa's own functions.
"""

from __future__ import annotations

import copy
import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import Any

import rasa
from rasa.core.actions.action import ActionExtractSlots, RemoteAction
from rasa.core.actions.action import action_for_name_or_text as stock_action_for_name_or_text
from rasa.engine.exceptions import GraphRunError
from rasa.engine.runner.dask import DaskGraphRunner
from rasa.shared.core.constants import ACTION_VALIDATE_SLOT_MAPPINGS, DEFAULT_SLOT_NAMES
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    Event,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker, EventVerbosity
from rasa.shared.utils.schemas import events as event_schemas
from rasa.utils.endpoints import EndpointConfig

from bot.serving import fast_calls, fast_rules, fast_states, fast_trackers
from bot.serving.fast_classes import make_plain

RASA = "3.6.21"


@dataclass(frozen=True)
class Replacement:
    """`new` takes the place of `module.name` (or `module.Class.name`); `why` says what the original costs."""

    path: str
    new: Any
    why: str

    def place(self) -> tuple[Any, str]:
        """The module or class that holds the name, and the name."""
        *owners, name = self.path.split(".")
        for cut in range(len(owners), 0, -1):
            try:
                found: Any = importlib.import_module(".".join(owners[:cut]))
            except ModuleNotFoundError:
                continue
            for part in owners[cut:]:
                found = getattr(found, part)
            return found, name
        raise ImportError(self.path)


def install() -> None:
    """Put the replacements in place. Raises RuntimeError under a Rasa they were not checked against."""
    if rasa.__version__ != RASA:
        raise RuntimeError(
            f"bot/serving/fast.py was checked against Rasa {RASA}, not {rasa.__version__}. Compare each replaced "
            "function with the new one, run tests/performance, then change RASA; or start with MESOGUIDE_LEAN=off."
        )
    for replacement in REPLACEMENTS:
        owner, name = replacement.place()
        setattr(owner, name, replacement.new)
    make_plain(Event)


# --- the graph ------------------------------------------------------------------------------------------------------


def run_graph(
    self: DaskGraphRunner, inputs: dict[str, Any] | None = None, targets: list[str] | None = None
) -> dict[str, Any]:
    """Run the nodes the targets need, one after the other, in an order worked out once."""
    wanted = tuple(targets or self._graph_schema.target_names)
    done: dict[str, Any] = {name: (name, value) for name, value in (inputs or {}).items()}
    for name, value in (inputs or {}).items():
        if isinstance(value, str) and value in self._instantiated_nodes:
            raise GraphRunError(f"Input value '{value}' of '{name}' clashes with a node name.")
    try:
        for name, needs in _order(self, wanted):
            if name not in done:
                done[name] = self._instantiated_nodes[name](*[done.get(need, need) for need in needs])
    except RuntimeError as error:
        raise GraphRunError("Error running runner.") from error
    return dict(done[name] for name in wanted)


def _order(runner: DaskGraphRunner, wanted: tuple[str, ...]) -> list[tuple[str, tuple[str, ...]]]:
    """The nodes to run for these targets, each after all it needs, with what it needs."""
    orders: dict[tuple[str, ...], list[tuple[str, tuple[str, ...]]]] = runner.__dict__.setdefault("_orders", {})
    if wanted not in orders:
        nodes = runner._graph_schema.nodes
        order: dict[str, tuple[str, ...]] = {}

        def visit(name: str) -> None:
            if name in nodes and name not in order:
                for need in nodes[name].needs.values():
                    visit(need)
                order[name] = tuple(nodes[name].needs.values())

        for name in wanted:
            visit(name)
        orders[wanted] = list(order.items())
    return orders[wanted]


# --- actions --------------------------------------------------------------------------------------------------------

_stock_validate = RemoteAction._validate_action_result
_stock_extract = ActionExtractSlots.run


def validate_action_result(self: RemoteAction, result: Any) -> bool:
    """Accept a result whose events are plainly valid; whatever else is Rasa's to judge."""
    if isinstance(result, dict) and _plainly_valid(result):
        return True
    return _stock_validate(self, result)


def _plainly_valid(result: Mapping[str, Any]) -> bool:
    responses, events = result.get("responses", []), result.get("events", [])
    if not isinstance(responses, list) or not all(isinstance(one, dict) for one in responses):
        return False
    return isinstance(events, list) and all(isinstance(one, dict) and _plain_event(one) for one in events)


def _plain_event(event: Mapping[str, Any]) -> bool:
    stamp, kind = event.get("timestamp"), event.get("event")
    if isinstance(stamp, bool) or not isinstance(stamp, (int, float, type(None))):
        return False
    if not isinstance(event.get("metadata"), (dict, type(None))):
        return False
    if kind == "slot":
        return isinstance(event.get("name"), str) and "value" in event
    return isinstance(kind, str) and kind in _events_without_demands()


@cache
def _events_without_demands() -> frozenset[str]:
    """The types of which the schema says nothing but the name, and says it once."""
    named = [one["properties"] for one in event_schemas.EVENT_SCHEMA["oneOf"]]  # type: ignore[attr-defined]
    kinds = [properties["event"]["const"] for properties in named]
    return frozenset(kind for kind, one in zip(kinds, named, strict=True) if len(one) == 1 and kinds.count(kind) == 1)


def action_call_format(self: RemoteAction, tracker: DialogueStateTracker, domain: Domain) -> dict[str, Any]:
    """The call of a custom action with the events since the patient's message only; all else is as Rasa sends it."""
    state = tracker.current_state(EventVerbosity.NONE)
    state["events"] = [event.as_dict() for event in _since_the_message(tracker)]
    call = {"next_action": self._name, "sender_id": tracker.sender_id, "tracker": state, "version": rasa.__version__}
    if not self._is_selective_domain_enabled() or domain.does_custom_action_explicitly_need_domain(self.name()):
        call["domain"] = domain.as_dict()
    return call


def _since_the_message(tracker: DialogueStateTracker) -> list[Any]:
    found: list[Any] = []
    for event in reversed(tracker.events):
        found.append(event)
        if isinstance(event, UserUttered):
            break
    return found[::-1]


def action_for_name_or_text(name: str, domain: Domain, endpoint: EndpointConfig | None) -> Any:
    """The action, built once per domain; Rasa builds a dozen default actions to find one."""
    actions: dict[Any, Any] = domain.__dict__.setdefault("_actions_built", {})
    key = (name, id(endpoint))
    if key not in actions:
        actions[key] = (stock_action_for_name_or_text(name, domain, endpoint), endpoint)
    return actions[key][0]


async def extract_slots(
    self: ActionExtractSlots, output_channel: Any, nlg: Any, tracker: DialogueStateTracker, domain: Domain
) -> list[Any]:
    """Look only at slots that a message alone may fill; most are set by actions."""
    if "_extracts" not in domain.__dict__:
        domain.__dict__["_extracts"] = _with_extracted_slots_only(domain)
    return await _stock_extract(self, output_channel, nlg, tracker, domain.__dict__["_extracts"])


def _with_extracted_slots_only(domain: Domain) -> Domain:
    """The domain without the slots that only actions set; all of it where an action fills slots and hears of all."""
    looked_for = [slot for slot in domain.slots if slot.name not in DEFAULT_SLOT_NAMES]
    asks_an_action = any(mapping.get("action") for slot in looked_for for mapping in slot.mappings)
    if asks_an_action or ACTION_VALIDATE_SLOT_MAPPINGS in domain.user_actions:
        return domain
    twin = copy.copy(domain)
    twin.slots = [slot for slot in looked_for if any(mapping.get("type") != "custom" for mapping in slot.mappings)]
    return twin


_stock_is_empty = Domain.is_empty


def is_empty(self: Domain) -> bool:
    """Asked for every message; a domain does not change while the server runs."""
    if "_is_empty" not in self.__dict__:
        self.__dict__["_is_empty"] = _stock_is_empty(self)
    return bool(self.__dict__["_is_empty"])


def log_slots(tracker: DialogueStateTracker) -> None:
    """Nothing: the text is for a debug line, and would quote what patients said."""


_UNREAD = SimpleNamespace(deepcopy=lambda value: value)
_SLOTS = SimpleNamespace(copy=fast_states.copy_slot)
_LOOPS = SimpleNamespace(asdict=lambda loop: dict(vars(loop)))
_stock_resolve = Event.resolve_by_type
_resolve_event = cache(_stock_resolve)


def resolve_event(type_name: str, default: Any = None) -> Any:
    """The class of an event type; event classes do not change while the server runs."""
    return _resolve_event(type_name, default)


REPLACEMENTS = (
    Replacement(
        "rasa.engine.runner.dask.DaskGraphRunner.run",
        run_graph,
        "a thread pool, a queue and a graph built anew for every run; three to four runs a turn",
    ),
    Replacement(
        "rasa.core.actions.action.RemoteAction._validate_action_result",
        validate_action_result,
        "jsonschema checks its schema against the meta-schema for every answer of the action server",
    ),
    Replacement(
        "rasa.core.actions.action.RemoteAction._action_call_format",
        action_call_format,
        "every event of the tracker as JSON, with each call",
    ),
    Replacement("rasa.core.actions.action.action_for_name_or_text", action_for_name_or_text, "builds all actions"),
    Replacement("rasa.core.actions.action.ActionExtractSlots.run", extract_slots, "asks each mapping of each slot"),
    Replacement(
        "rasa.utils.endpoints.EndpointConfig.request",
        fast_calls.request,
        "a new connection for every call",
    ),
    Replacement(
        "rasa.shared.core.trackers.DialogueStateTracker.copy", fast_trackers.copy_tracker, "replays all events"
    ),
    Replacement(
        "rasa.shared.core.trackers.DialogueStateTracker.applied_events",
        fast_states.applied_events,
        "goes through all events, a dozen times a turn",
    ),
    Replacement(
        "rasa.shared.core.events.Event.resolve_by_type",
        staticmethod(resolve_event),
        "looks through all event classes for each event",
    ),
    Replacement("rasa.shared.core.domain.Domain.is_empty", is_empty, "builds an empty domain to compare with"),
    Replacement("rasa.shared.core.trackers.copy", _SLOTS, "copies slots by the pickle protocol"),
    Replacement(
        "rasa.core.actions.forms.FormAction._get_events_since_last_user_uttered",
        staticmethod(fast_trackers.slots_since_the_message),
        "compares every event with the message, whose entities are written as JSON for that",
    ),
    Replacement("rasa.core.processor.MessageProcessor._log_slots", staticmethod(log_slots), "all slots as text"),
    Replacement(
        "rasa.shared.core.trackers.dataclasses",
        _LOOPS,
        "a deep copy of the message that began a form, for the call of an action, which writes it as JSON anyway",
    ),
    Replacement(
        "rasa.shared.core.trackers.DialogueStateTracker.past_states",
        fast_states.past_states,
        "replays all events for every policy and prediction",
    ),
    Replacement(
        "rasa.shared.core.domain.Domain._get_slots_sub_state",
        staticmethod(fast_states.slots_sub_state),
        "turns each slot into features three times",
    ),
    Replacement(
        "rasa.core.policies.rule_policy.RulePolicy._prediction_states",
        fast_rules.rule_states,
        "states older than the longest rule",
    ),
    Replacement(
        "rasa.core.policies.rule_policy.RulePolicy._get_possible_keys",
        fast_rules.possible_keys,
        "compares every rule with every state",
    ),
    Replacement(
        "rasa.core.policies.rule_policy.RulePolicy._find_action_from_rules",
        fast_rules.find_action_from_rules,
        "asks all rules about the text of a message first, where no rule is about texts",
    ),
    Replacement(
        "rasa.core.policies.rule_policy.RulePolicy.predict_action_probabilities",
        fast_rules.predict_by_rules,
        "does not tell the policies after it that all is decided",
    ),
    Replacement(
        "rasa.core.policies.memoization.MemoizationPolicy.predict_action_probabilities",
        fast_rules.predict_from_memory,
        "writes all states as JSON, and compresses it, although a rule has decided",
    ),
    Replacement(
        "rasa.core.actions.forms.FormAction._temporary_tracker",
        fast_trackers.temporary_tracker,
        "replays all events, twice a turn",
    ),
    Replacement(
        "rasa.core.policies.policy.Policy.format_tracker_states",
        staticmethod(lambda states: ""),
        "writes out the states for a debug line",
    ),
    # In these modules the name `copy` serves arguments of debug lines only.
    Replacement("rasa.core.processor.copy", _UNREAD, "deep copies for debug lines"),
    Replacement("rasa.core.policies.rule_policy.copy", _UNREAD, "deep copies for debug lines"),
    Replacement("rasa.core.policies.memoization.copy", _UNREAD, "deep copies for debug lines"),
    Replacement("rasa.core.actions.forms.copy", _UNREAD, "deep copies for debug lines"),
)
