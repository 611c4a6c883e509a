"""Random dialogues as Rasa's own events: what the processor would log, forms, reverts, restarts and staff included."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActionExecutionRejected,
    ActionReverted,
    ActiveLoop,
    AllSlotsReset,
    BotUttered,
    ConversationPaused,
    ConversationResumed,
    DefinePrevUserUtteredFeaturization,
    EntitiesAdded,
    Event,
    FollowupAction,
    LoopInterrupted,
    Restarted,
    SessionStarted,
    SlotSet,
    UserUtteranceReverted,
    UserUttered,
)

LISTEN = "action_listen"
INTENTS = ("ask_pain", "ask_uses", "inform", "deny", "book_appointment")
FORMS = ("screening_form", "booking_form")
DOMAIN = Domain.from_yaml(
    """
    version: "3.1"
    intents: [ask_pain, ask_uses, inform, deny, book_appointment]
    entities: [treatment, age]
    slots:
      treatment: {type: categorical, values: [hair, facial], mappings: [{type: custom}]}
      topic: {type: text, mappings: [{type: custom}]}
      screened: {type: bool, initial_value: false, mappings: [{type: custom}]}
      tags: {type: list, mappings: [{type: custom}]}
      screening: {type: any, mappings: [{type: custom}]}
      requested_slot: {type: text, influence_conversation: false, mappings: [{type: custom}]}
    responses:
      utter_answer: [{text: "It depends."}]
      utter_help: [{text: "Ask me."}]
    actions: [action_answer, action_undo]
    forms:
      screening_form: {required_slots: []}
      booking_form: {required_slots: []}
    """
)


class Dialogue:
    """One endless random conversation, turn by turn."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)  # noqa: S311 - a test's dice, the same every time
        self.clock = 1_700_000_000.0
        self.loop: str | None = None
        self.form_ends = 0.15
        self.hides = (0.2, 0.9)[seed % 2]  # how much of it rules alone decide: stories do not see that

    def turns(self) -> Iterator[list[Event]]:
        yield self.stamped(self.session_start())
        while True:
            yield self.stamped(self.turn())

    def endless_form(self) -> Iterator[list[Event]]:
        """A form that never ends, answered without a digression: Rasa folds all of it into one run of the form."""
        self.form_ends = 0
        yield self.stamped(self.session_start())
        yield self.stamped(self.form_starts())
        while True:
            yield self.stamped(self.form_goes_on())

    def stamped(self, events: list[Event]) -> list[Event]:
        """As when logged one after the other."""
        for event in events:
            self.clock += self.random.random() + 0.001
            event.timestamp = self.clock
        return events

    def session_start(self) -> list[Event]:
        self.loop = None
        carried: list[Event] = [SlotSet("topic", "ask_pain")] if self.chance(0.5) else []
        return [ActionExecuted("action_session_start"), SessionStarted(), *carried, ActionExecuted(LISTEN)]

    def turn(self) -> list[Event]:
        kinds: list[tuple[Callable[[], list[Event]], int]] = [
            (self.answer, 8),
            (self.form_goes_on if self.loop else self.form_starts, 12),
            (self.form_is_interrupted if self.loop else self.answer, 4),
            (self.taken_back, 1),
            (self.staff_speaks, 1),
            (self.paused, 1),
            (self.restarted, 1 if self.chance(0.3) else 0),
            (self.session_start, 1 if self.chance(0.3) else 0),
        ]
        chosen = self.random.choices([kind for kind, _ in kinds], [weight for _, weight in kinds])[0]
        return chosen()

    def answer(self) -> list[Event]:
        return [*self.user(), *self.slots(), *self.says("action_answer"), self.listens()]

    def form_starts(self) -> list[Event]:
        self.loop = self.random.choice(FORMS)
        asks = SlotSet("requested_slot", "age")
        return [*self.user(), *self.says(self.loop), ActiveLoop(self.loop), asks, self.listens()]

    def form_goes_on(self) -> list[Event]:
        events = [*self.user(), *self.says(str(self.loop)), *self.slots()]
        if self.chance(self.form_ends):
            self.loop = None
            events += [ActiveLoop(None), SlotSet("requested_slot", None), *self.says("utter_help")]
            if self.chance(0.3):
                events.append(FollowupAction("action_answer"))
                events += self.says("action_answer")
        return [*events, self.listens()]

    def form_is_interrupted(self) -> list[Event]:
        """A question in the middle of a form: it is answered, and as a rule the form asks again."""
        loop = str(self.loop)
        events = [*self.user(), ActionExecutionRejected(loop, "RulePolicy", 1.0), *self.says("utter_answer")]
        if self.chance(0.7):
            events += [LoopInterrupted(True), *self.says(loop)]
        return [*events, self.listens()]

    def taken_back(self) -> list[Event]:
        undone: list[Event] = [ActionReverted()] if self.chance(0.3) else [UserUtteranceReverted()]
        return [*self.user(), *self.slots(), ActionExecuted("action_undo"), *undone, self.listens()]

    def staff_speaks(self) -> list[Event]:
        return [BotUttered("A person here.", {"custom": {"from": "staff"}})]

    def paused(self) -> list[Event]:
        if self.chance(0.5):
            return [ConversationPaused()]
        return [ConversationResumed(), *self.user(), *self.says("utter_help"), self.listens()]

    def restarted(self) -> list[Event]:
        return [*self.user(), ActionExecuted("action_restart"), Restarted(), *self.session_start()]

    def user(self) -> list[Event]:
        intent = {"name": self.random.choice(INTENTS), "confidence": 0.9}
        value = self.random.choice(["hair", "facial"])
        entities = [{"entity": "treatment", "value": value, "start": 0, "end": 4}] if self.chance(0.4) else []
        text = f"message {self.random.random()}"
        parse: Any = {"text": text, "intent": intent, "entities": entities, "intent_ranking": [intent] * 5}
        uttered = UserUttered(text, intent, list(entities), parse, input_channel="website", message_id=text)
        events: list[Event] = [uttered, DefinePrevUserUtteredFeaturization(False)]
        if self.chance(0.1):
            events.append(EntitiesAdded([{"entity": "age", "value": 34}]))
        return events

    def slots(self) -> list[Event]:
        """What an action sets; slots are not changed one by one when all are cleared."""
        if self.chance(0.03):
            return [AllSlotsReset()]
        values = {
            "treatment": self.random.choice(["hair", "facial", None]),
            "topic": self.random.choice([None, "ask_uses"]),
            "screened": self.chance(0.5),
            "tags": self.random.choice([[], ["a"]]),
            "screening": {"answers": {"age": self.random.randrange(90)}},
        }
        names = self.random.sample(sorted(values), self.random.randrange(3))
        return [SlotSet(name, values[name]) for name in names]

    def says(self, action: str) -> list[Event]:
        executed = self.decided(action)
        return [
            executed,
            BotUttered(f"said {self.random.random()}", {"buttons": [{"title": "Yes", "payload": "/affirm"}]}),
        ]

    def listens(self) -> Event:
        return self.decided(LISTEN)

    def decided(self, action: str) -> Event:
        return ActionExecuted(action, "RulePolicy", 1.0, hide_rule_turn=self.chance(self.hides))

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability
