"""Every function that replaces one of Rasa's gives the same result, in random dialogues with forms and reverts."""

from __future__ import annotations

import copy
import itertools
import json
from abc import ABC
from collections.abc import Iterator
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from jsonschema import ValidationError
from rasa.core.actions.action import ActionExtractSlots, RemoteAction, action_for_name_or_text
from rasa.core.actions.forms import FormAction
from rasa.core.policies.ensemble import DefaultPolicyPredictionEnsemble
from rasa.core.policies.memoization import MemoizationPolicy
from rasa.core.policies.rule_policy import RulePolicy
from rasa.core.processor import MessageProcessor
from rasa.engine.exceptions import GraphRunError
from rasa.engine.graph import ExecutionContext, GraphComponent, GraphSchema, SchemaNode
from rasa.engine.runner.dask import DaskGraphRunner
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActionExecutionRejected,
    BotUttered,
    Event,
    SlotSet,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker

from bot.serving import fast, fast_states, fast_trackers
from bot.serving.fast_classes import Plain, make_plain
from tests.performance.stock import STOCK, installed, stock
from tests.store.dialogues import DOMAIN, Dialogue

SEEDS = range(25)
TURNS = 14


def dialogue(seed: int) -> Iterator[tuple[DialogueStateTracker, Event]]:
    """A conversation as it grows, event by event, and the event that came last."""
    tracker = DialogueStateTracker("s", DOMAIN.slots)
    for events in itertools.islice(Dialogue(seed).turns(), TURNS):
        for event in events:
            tracker.update(event)
            yield tracker, event


def told(tracker: DialogueStateTracker) -> dict[str, Any]:
    """All that can be asked of a tracker."""
    known = {name: (slot.value, slot.has_been_set, type(slot)) for name, slot in tracker.slots.items()}
    names = ("sender_id", "sender_source", "is_rule_tracker", "model_id", "assistant_id", "followup_action", "_paused")
    names += ("latest_action", "latest_message", "latest_bot_utterance", "active_loop", "_max_event_history")
    return {name: getattr(tracker, name) for name in names} | {"slots": known, "events": list(tracker.events)}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_copied_tracker_is_the_one_a_replay_gives(seed: int) -> None:
    for tracker, event in dialogue(seed):
        if isinstance(event, ActionExecuted) and seed % 2:
            tracker.clear_followup_action()  # as a prediction does
        assert told(fast_trackers.copy_tracker(tracker)) == told(STOCK_COPY(tracker))


def test_a_copied_tracker_leaves_its_original_alone() -> None:
    tracker = list(dialogue(3))[-1][0]
    before = told(tracker)
    twin = fast_trackers.copy_tracker(tracker)
    for event in Dialogue(4).session_start():
        twin.update(event)
    twin.slots["topic"].value = "another"
    assert told(tracker) == before


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("stories", [False, True])
def test_states_that_grew_are_the_states_of_a_replay(seed: int, stories: bool) -> None:
    rule_only = {"rule_only_slots": ["treatment"], "rule_only_loops": ["booking_form"]}
    for tracker, event in dialogue(seed):
        if not isinstance(event, ActionExecuted):
            continue
        for options in (
            {},
            {"omit_unset_slots": True},
            {"ignore_rule_only_turns": stories, "rule_only_data": rule_only},
        ):
            ours = fast_states.past_states(tracker, DOMAIN, **options)
            assert ours == STOCK_STATES(tracker, DOMAIN, **options)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_events_that_count_are_the_same_after_every_event(seed: int) -> None:
    stock_applied = STOCK["rasa.shared.core.trackers.DialogueStateTracker.applied_events"]
    for tracker, _ in dialogue(seed):
        ours, theirs = fast_states.applied_events(tracker), stock_applied(tracker)
        assert len(ours) == len(theirs)
        assert all(one is other for one, other in zip(ours, theirs, strict=True))
        ours.clear()  # what was handed out may be changed


def test_an_empty_domain_is_told_from_others() -> None:
    for _ in range(2):
        assert fast.is_empty(Domain.empty())
        assert not fast.is_empty(DOMAIN)


def test_states_handed_out_may_be_changed() -> None:
    tracker = list(dialogue(5))[-1][0]
    for state in fast_states.past_states(tracker, DOMAIN):
        state.pop("user", None)
        state.get("slots", {}).clear()
    assert fast_states.past_states(tracker, DOMAIN) == STOCK_STATES(tracker, DOMAIN)


# --- policies -------------------------------------------------------------------------------------------------------


def rule_policy(seed: int, tmp_path: Any) -> RulePolicy:
    """A policy with rules cut from a random dialogue, some about unhappy paths, none of them sensible."""
    random = Random(seed)  # noqa: S311
    context = ExecutionContext(GraphSchema({}))
    policy = RulePolicy(RulePolicy.get_default_config(), LocalModelStorage(tmp_path), Resource("r"), context)
    lookups: dict[str, dict[str, str]] = {"rules": {}, "rules_for_loop_unhappy_path": {}}
    for tracker, event in itertools.chain(dialogue(seed), dialogue(seed + 100)):
        if not isinstance(event, ActionExecuted) or random.random() < 0.3:
            continue
        states = copy.deepcopy(STOCK_STATES(tracker, DOMAIN)[-random.randrange(1, 4) :])
        for state in states:
            state.get("user", {}).pop(random.choice(["text", "intent", "entities"]), None)
            if random.random() < 0.7:
                state.pop("slots", None)
        key = json.dumps(states, sort_keys=True)
        lookups["rules"][key] = random.choice(["utter_answer", "utter_help", "action_listen", "action_answer"])
        lookups["rules_for_loop_unhappy_path"][key] = random.choice(
            ["do_not_predict_loop_action", "loop_was_interrupted"]
        )
    policy.lookup = {**lookups, "rules_not_in_stories": list(lookups["rules"])[::2]}
    return policy


@pytest.mark.parametrize("seed", SEEDS)
def test_rules_predict_what_stock_rules_predict(seed: int, tmp_path: Any) -> None:
    policy = rule_policy(seed, tmp_path)
    twin = rule_policy(seed, tmp_path)
    predicted = set()
    for tracker, event in dialogue(seed):
        if not isinstance(event, ActionExecuted):
            continue
        theirs = policy.predict_action_probabilities(tracker, DOMAIN)
        with installed():
            ours = twin.predict_action_probabilities(tracker, DOMAIN)
        assert (ours, ours.hide_rule_turn) == (theirs, theirs.hide_rule_turn)
        predicted.add(theirs.max_confidence_index)
    assert len(predicted) > 1


@pytest.mark.parametrize("seed", range(8))
def test_memories_are_what_stock_memories_are(seed: int, tmp_path: Any) -> None:
    context = ExecutionContext(GraphSchema({}))
    config = {**MemoizationPolicy.get_default_config(), "max_history": 3}
    policy = MemoizationPolicy(config, LocalModelStorage(tmp_path), Resource("m"), context)
    for tracker, event in dialogue(seed):
        if isinstance(event, ActionExecuted):
            theirs = policy._prediction_states(tracker, DOMAIN)
            with installed():
                assert policy._prediction_states(tracker, DOMAIN) == theirs


def memory(seed: int, tmp_path: Any, actions: list[str]) -> MemoizationPolicy:
    """A policy that remembers moments of a random dialogue, with actions drawn by lot."""
    random = Random(seed)  # noqa: S311
    context = ExecutionContext(GraphSchema({}))
    config = {**MemoizationPolicy.get_default_config(), "max_history": 2}
    policy = MemoizationPolicy(config, LocalModelStorage(tmp_path), Resource("m"), context)
    policy.lookup = {}
    for tracker, event in dialogue(seed):
        if isinstance(event, ActionExecuted):
            key = policy._create_feature_key(policy._prediction_states(tracker, DOMAIN))
            policy.lookup[key] = random.choice(actions)
    return policy


@pytest.mark.parametrize("seed", SEEDS)
def test_rules_and_memory_together_decide_as_stock_policies_do(seed: int, tmp_path: Any) -> None:
    rules, memories = rule_policy(seed, tmp_path / "r"), memory(seed, tmp_path / "m", ["utter_help", "action_listen"])
    ensemble = DefaultPolicyPredictionEnsemble()
    winners = set()

    def decide(tracker: DialogueStateTracker) -> tuple[Any, Any]:
        predictions = [policy.predict_action_probabilities(tracker, DOMAIN) for policy in (rules, memories)]
        best = ensemble.combine_predictions(predictions, tracker, DOMAIN)
        return best, (best.hide_rule_turn, best.events, best.is_end_to_end_prediction)

    for tracker, event in dialogue(seed):
        if isinstance(event, ActionExecuted | ActionExecutionRejected | UserUttered):
            theirs = decide(tracker)
            with installed():
                assert decide(tracker) == theirs
            winners.add(theirs[0].policy_name)
    assert "RulePolicy" in winners


@pytest.mark.parametrize("about", [{"text": "hello"}, {}])
def test_a_rule_about_a_text_or_about_anything_said_is_still_asked(about: dict[str, str], tmp_path: Any) -> None:
    policy = rule_policy(1, tmp_path)
    rule = [{"prev_action": {"action_name": "action_listen"}, "user": about}]
    policy.lookup = {"rules": {json.dumps(rule): "utter_help"}, "rules_for_loop_unhappy_path": {}}
    heard = UserUttered("hello", {"name": "greet", "confidence": 1.0}, [])
    tracker = DialogueStateTracker.from_events("s", [ActionExecuted("action_listen"), heard], DOMAIN.slots)
    theirs = policy.predict_action_probabilities(tracker, DOMAIN)
    with installed():
        ours = policy.predict_action_probabilities(tracker, DOMAIN)
    assert (ours, ours.is_end_to_end_prediction) == (theirs, theirs.is_end_to_end_prediction)
    assert DOMAIN.action_names_or_texts[theirs.max_confidence_index] == "utter_help"


@pytest.mark.parametrize("seed", SEEDS)
def test_a_form_shows_its_validation_the_tracker_stock_rasa_shows(seed: int) -> None:
    form = FormAction("booking_form", None)
    theirs = STOCK["rasa.core.actions.forms.FormAction._temporary_tracker"]
    for tracker, event in dialogue(seed):
        if isinstance(event, ActionExecuted | UserUttered):
            more: list[Event] = [SlotSet("topic", "ask_pain"), BotUttered("And now?")]
            ours = fast_trackers.temporary_tracker(form, tracker, more, DOMAIN)
            assert told(ours)["events"][:-4] == list(tracker.events)[-len(ours.events) + 4 :]
            assert alike(told(ours)) == alike(told(theirs(form, tracker, more, DOMAIN)))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_form_finds_the_slots_set_since_the_message_as_stock_rasa_does(seed: int) -> None:
    theirs = STOCK["rasa.core.actions.forms.FormAction._get_events_since_last_user_uttered"].__func__
    found = set()
    for tracker, _ in dialogue(seed):
        now = theirs(tracker)
        assert [id(one) for one in fast_trackers.slots_since_the_message(tracker)] == [id(one) for one in now]
        found.add(len(now))
        apart = DialogueStateTracker.from_events("s", list(tracker.events), DOMAIN.slots)
        apart.latest_message = copy.deepcopy(apart.latest_message)  # equal to an event, and none of them
        assert fast_trackers.slots_since_the_message(apart) == theirs(apart)
    assert len(found) > 1


def test_no_text_is_made_of_the_slots() -> None:
    with installed():
        MessageProcessor._log_slots(None)  # type: ignore[arg-type]


def alike(known: dict[str, Any]) -> dict[str, Any]:
    """Without the moments at which events were made a moment ago."""
    return known | {"events": [{**event.as_dict(), "timestamp": 0} for event in known["events"]]}


# --- the graph ------------------------------------------------------------------------------------------------------


class Adds(GraphComponent):
    """Adds what it is given to its own number; counts its runs."""

    @classmethod
    def create(cls, config: dict[str, Any], *_: Any, **__: Any) -> Adds:
        made = cls()
        made.number, made.runs = config["number"], []
        return made

    def add(self, **given: int) -> int:
        self.runs.append(given)
        return self.number + sum(given.values())

    def fails(self) -> None:
        raise RuntimeError


def runner(tmp_path: Any) -> DaskGraphRunner:
    def node(number: int, fn: str = "add", **needs: str) -> SchemaNode:
        return SchemaNode(needs, Adds, "create", fn, {"number": number}, eager=True)

    nodes = {
        "first": node(1, given="input"),
        "left": node(10, a="first"),
        "right": node(100, a="first", b="left"),
        "last": node(1000, a="left", b="right"),
        "unused": node(5),
    }
    schema = GraphSchema(nodes)
    return DaskGraphRunner(schema, LocalModelStorage(tmp_path), ExecutionContext(schema))


@pytest.mark.parametrize("targets", [["last"], ["right", "left"], ["first"]])
def test_a_graph_gives_what_dask_gives_and_runs_each_node_once(targets: list[str], tmp_path: Any) -> None:
    theirs, ours = runner(tmp_path), runner(tmp_path)
    for number in (1, 2):
        assert fast.run_graph(ours, {"input": number}, targets) == STOCK_RUN(theirs, {"input": number}, targets)
    for name, node in ours._instantiated_nodes.items():
        assert node._component.runs == theirs._instantiated_nodes[name]._component.runs


def test_a_graph_refuses_an_input_that_is_the_name_of_a_node(tmp_path: Any) -> None:
    for run in (STOCK_RUN, fast.run_graph):
        with pytest.raises(GraphRunError):
            run(runner(tmp_path), {"input": "left"}, ["last"])


# --- actions --------------------------------------------------------------------------------------------------------

RESULTS = [
    {"events": [], "responses": []},
    {"events": [{"event": "slot", "name": "topic", "value": None, "timestamp": None}], "responses": [{"text": "Hi"}]},
    {"events": [{"event": "slot", "timestamp": 1.5, "name": "topic", "value": {"a": 1}, "metadata": {}}]},
    {"events": [{"event": "followup", "name": "action_listen"}, {"event": "active_loop", "name": None}]},
    {"events": [{"event": "user", "text": "hi", "parse_data": {"intent": {"name": "greet"}, "entities": []}}]},
    {"events": [{"event": "slot", "name": "topic"}]},
    {"events": [{"event": "slot", "name": 3, "value": 1}]},
    {"events": [{"event": "slot", "name": "topic", "value": 1, "timestamp": True}]},
    {"events": [{"event": "slot", "name": "topic", "value": 1, "metadata": []}]},
    {"events": [{"event": "unheard_of"}]},
    {"events": [{"name": "topic", "value": 1}]},
    {"events": ["slot"]},
    {"events": {}},
    {"responses": ["Hi"]},
    {"responses": {}},
    {},
    [],
    None,
]


@pytest.mark.parametrize("result", RESULTS, ids=[json.dumps(result)[:60] for result in RESULTS])
def test_results_of_actions_are_judged_as_by_the_schema(result: Any) -> None:
    action = RemoteAction("action_answer", None)
    outcome = []
    for judge in (STOCK["rasa.core.actions.action.RemoteAction._validate_action_result"], fast.validate_action_result):
        try:
            outcome.append(judge(action, copy.deepcopy(result)))
        except ValidationError as error:
            outcome.append(error.message)
    assert outcome[0] == outcome[1]


@pytest.mark.parametrize("seed", range(6))
def test_an_action_is_told_what_stock_rasa_tells_it_but_for_older_events(seed: int) -> None:
    action = RemoteAction("action_answer", None)
    stock_format = STOCK["rasa.core.actions.action.RemoteAction._action_call_format"]
    for tracker, _ in dialogue(seed):
        theirs, ours = stock_format(action, tracker, DOMAIN), fast.action_call_format(action, tracker, DOMAIN)
        events = ours["tracker"].pop("events")
        assert events == theirs["tracker"].pop("events")[len(tracker.events) - len(events) :]
        assert ours == theirs


def test_the_events_of_a_call_begin_with_the_patients_message() -> None:
    action = RemoteAction("action_answer", None)
    for tracker, _ in dialogue(7):
        if any(event.type_name == "user" for event in tracker.events):
            first = fast.action_call_format(action, tracker, DOMAIN)["tracker"]["events"][0]
            assert first["event"] == "user"
            assert first["input_channel"] == tracker.get_latest_input_channel()


def test_a_running_form_is_told_as_stock_rasa_tells_it(monkeypatch: pytest.MonkeyPatch) -> None:
    told_of = [(tracker, tracker.current_state()) for tracker, _ in dialogue(5) if tracker.active_loop]
    tracker, theirs = told_of[-1]
    with installed():
        assert tracker.current_state() == theirs
        monkeypatch.setattr(copy, "deepcopy", None)  # what is written as JSON is not copied first
        assert tracker.current_state() == theirs


def test_actions_are_of_the_kind_stock_rasa_builds_and_built_once() -> None:
    for name in DOMAIN.action_names_or_texts:
        ours = fast.action_for_name_or_text(name, DOMAIN, None)
        theirs = action_for_name_or_text(name, DOMAIN, None)
        assert (type(ours), ours.name()) == (type(theirs), theirs.name())
        assert fast.action_for_name_or_text(name, DOMAIN, None) is ours


@pytest.mark.parametrize(
    "mapping",
    [
        {"type": "custom"},
        {"type": "from_intent", "value": "yes", "intent": "ask_pain"},
        {"type": "from_intent", "value": "yes", "not_intent": ["ask_pain", "deny"]},
    ],
)
async def test_slots_are_extracted_as_by_stock_rasa(mapping: dict[str, Any]) -> None:
    slots = {"asked": {"type": "text", "mappings": [mapping]}}
    domain = DOMAIN.merge(Domain.from_dict({"slots": slots}))
    nlg: Any = SimpleNamespace()
    for tracker, event in dialogue(9):
        if event.type_name == "user":
            known = DialogueStateTracker.from_events("s", list(tracker.events), domain.slots)
            action = ActionExtractSlots(None)
            theirs = await STOCK["rasa.core.actions.action.ActionExtractSlots.run"](action, nlg, nlg, known, domain)
            assert await fast.extract_slots(action, nlg, nlg, known, domain) == theirs


# --- classes --------------------------------------------------------------------------------------------------------


def test_plain_classes_say_of_every_event_what_abstract_ones_say() -> None:
    root = type("Root", (ABC,), {})
    kinds = [root, type("Said", (root,), {}), type("Done", (root,), {})]
    kinds.append(type("DoneAgain", (kinds[2],), {}))
    things = [*[kind() for kind in kinds], "text", None, 1]
    before = [[isinstance(thing, kind) for kind in kinds] for thing in things]
    within = [[issubclass(one, kind) for kind in kinds] for one in (*kinds, str)]
    make_plain(root)
    later = type("Later", (kinds[1],), {})
    assert [[isinstance(thing, kind) for kind in kinds] for thing in things] == before
    assert [[issubclass(one, kind) for kind in kinds] for one in (*kinds, str)] == within
    assert isinstance(later(), root)
    assert type(later) is Plain


def test_an_event_that_is_not_complete_is_still_refused() -> None:
    with installed(), pytest.raises(TypeError, match="abstract"):
        type("Unfinished", (Event,), {"type_name": "unfinished", "__hash__": None})("unfinished")


def test_events_are_plain_once_installed() -> None:
    with installed():
        assert {type(kind) for kind in (Event, UserUttered, ActionExecuted, SlotSet)} == {Plain}


# --- the whole ------------------------------------------------------------------------------------------------------


def test_another_rasa_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fast.rasa, "__version__", "3.6.22")
    with pytest.raises(RuntimeError, match=r"checked against Rasa 3\.6\.21"):
        fast.install()


def test_every_replacement_stands_where_rasa_looks_for_it_and_says_why() -> None:
    with installed():
        for one in fast.REPLACEMENTS:
            owner, name = one.place()
            assert vars(owner)[name] is one.new
            assert one.why
    assert stock() == STOCK


STOCK_COPY = STOCK["rasa.shared.core.trackers.DialogueStateTracker.copy"]
STOCK_STATES = STOCK["rasa.shared.core.trackers.DialogueStateTracker.past_states"]
STOCK_RUN = STOCK["rasa.engine.runner.dask.DaskGraphRunner.run"]
