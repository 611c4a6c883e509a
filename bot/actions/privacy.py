"""The patient's own data: deleted when they ask for it and confirm it."""

from __future__ import annotations

from rasa_sdk.events import AllSlotsReset, FollowupAction, SlotSet

from bot.actions.base import ClinicAction, Events, Turn
from bot.actions.handoff import LEAVE_FORM
from bot.store import privacy
from bot.store.engine import reading


class ActionOfferDeletion(ClinicAction):
    """Asks whether to delete; a "yes" right after the question does it, and so does its button. That button pressed
    later, when other things have been said, asks again."""

    def name(self) -> str:
        return "action_offer_deletion"

    def act(self, turn: Turn) -> Events:
        if turn.entity("answer") == "yes" and turn.slot("offered") == "deletion":
            return [FollowupAction("action_delete_my_data")]
        turn.say("utter_ask_delete_except_visits" if _visits_stay(turn) else "utter_ask_delete")
        return [*LEAVE_FORM, SlotSet("offered", "deletion")]


class ActionDeleteMyData(ClinicAction):
    """Says that all is deleted; the channel erases when the turn has ended, so that nothing is written after it.

    `metadata.erase` is the sign to the channel (bot/channels/website.py).
    """

    def name(self) -> str:
        return "action_delete_my_data"

    def act(self, turn: Turn) -> Events:
        response = "utter_deleted_except_visits" if _visits_stay(turn) else "utter_deleted"
        turn.say(response, metadata={"kind": "confirmation", "erase": True})
        return [AllSlotsReset()]


def _visits_stay(turn: Turn) -> bool:
    """Whether there is a visit of which the law makes the clinic keep a record."""
    if not turn.content.clinic.privacy.visit_record_days:
        return False
    with reading(turn.clinic.sessions) as session:
        return bool(privacy.visits_that_stay(session, turn.conversation_id, turn.now))
