"""A person: asked for, or needed because of danger."""

from __future__ import annotations

from rasa_sdk.events import ActiveLoop, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from bot.actions.base import ClinicAction, Events, Turn
from bot.clinic.desk import reasons
from bot.store import desk_ownership, slots, triage

PAUSE_FORM: Events = [ActiveLoop(None), SlotSet("requested_slot", None), SlotSet("consent_asked_for", None)]
# A booking or visit that is left half-way is not kept, nor the name and contact in it.
LEAVE_FORM: Events = [*PAUSE_FORM, SlotSet("booking", None), SlotSet("visit", None)]


class ActionHandoff(ClinicAction):
    """Puts the patient in the queue for a person and says when to expect one."""

    def name(self) -> str:
        return "action_handoff"

    def act(self, turn: Turn) -> Events:
        hand_off(turn)
        return [*LEAVE_FORM, SlotSet("offered", "none"), SlotSet("booking_gate", None)]


def hand_off(turn: Turn) -> None:
    """Queue the patient for a person, once however often they ask while they wait, then say so."""
    with turn.saving() as session:
        desk_ownership.ask_for_person(session, turn.conversation_id, None, turn.now)
        slots.release(session, turn.conversation_id)
        if not triage.is_open(session, turn.conversation_id, "person"):
            desk_ownership.forget_promise(session, turn.conversation_id)
            triage.add(
                session,
                kind="person",
                handoff_reason=reasons.of_person(turn.slot("screening_outcome")),
                conversation_id=turn.conversation_id,
                question=turn.text or None,
                now=turn.now,
                key=f"person:{turn.conversation_id}:{turn.parse.get('message_id')}",
            )
    turn.say("utter_handoff")


class ActionRaiseAlert(ClinicAction):
    """Queues a danger for the desk. The advice has been given before this runs and stands whatever happens here."""

    def name(self) -> str:
        return "action_raise_alert"

    def act(self, turn: Turn) -> Events:
        danger = turn.parse.get("danger") or {}
        with turn.saving() as session:
            triage.add(
                session,
                kind="danger",
                handoff_reason="danger",
                conversation_id=turn.conversation_id,
                question=turn.text or None,
                details={"level": danger.get("level") or turn.intent, "sign": danger.get("sign")},
                key=f"danger:{turn.conversation_id}:{turn.parse.get('message_id')}",
                now=turn.now,
            )
        return [*LEAVE_FORM, SlotSet("alarmed_at", turn.now.isoformat())]

    def apologise(self, dispatcher: CollectingDispatcher) -> None:
        dispatcher.utter_message(response="utter_alert_not_stored")
