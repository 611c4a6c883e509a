"""A plain "no": what was offered is withdrawn."""

from __future__ import annotations

from rasa_sdk.events import SlotSet

from bot.actions.base import ClinicAction, Events, Turn


class ActionDecline(ClinicAction):
    """Takes a "no" to whatever was offered."""

    def name(self) -> str:
        return "action_decline"

    def act(self, turn: Turn) -> Events:
        turn.say("utter_declined")
        return [SlotSet("offered", "none"), SlotSet("misunderstood", 0)]
