"""Consent before a form asks anything personal: the notice, a yes that is written down, and what follows a no."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace

from rasa_sdk.events import SlotSet

from bot.actions.base import ClinicAction, Events, Turn
from bot.actions.replies import FOR_LATER, answer_asides
from bot.clinic.consent import ASKS, REFUSED, joined, remembered, reply_to_notice
from bot.store import consents

START_AGAIN = ("check_eligibility", *FOR_LATER)


class PersonalForm(ClinicAction):
    """A form that asks for personal data. Until the patient has said yes to the present notice, it asks only that;
    then it goes on with the message that started it. `ended_by` is the slot whose value ends the form."""

    ended_by: str

    def act(self, turn: Turn) -> Events:
        if turn.slot("consent") == _version(turn):
            return self.go_on(turn)
        asked_for = turn.slot("consent_asked_for") or {}
        return self._hear(turn, asked_for["message"]) if asked_for.get("version") == _version(turn) else self._ask(turn)

    @abstractmethod
    def go_on(self, turn: Turn) -> Events:
        """What the form does with a message, the patient having agreed."""

    def before_notice(self, turn: Turn) -> bool:
        """Answer what the message asks besides: questions wait for no consent. True when that was all."""
        return False

    def _ask(self, turn: Turn) -> Events:
        if self.before_notice(turn):
            return self._leave("declined")
        turn.say("utter_ask_consent")
        asked_for = {"version": _version(turn), "message": remembered(turn.parse)}
        return [SlotSet("consent_asked_for", asked_for), SlotSet(self.ended_by, None)]

    def _hear(self, turn: Turn, asked_for: dict[str, object]) -> Events:
        pressed = str(turn.entity("answer")) if turn.entity("question") == ASKS else None
        reply = reply_to_notice(turn.intent, turn.text, pressed)
        if reply == "yes":
            given = self._record(turn, given=True)
            return [*given, *self.go_on(replace(turn, taken_up=joined(asked_for, turn.parse)))]
        if reply == "no":
            turn.say("utter_consent_declined")
            return [*self._record(turn, given=False), *self._leave("declined")]
        if reply == "why":
            turn.say("utter_consent_why")
        elif turn.intent not in START_AGAIN:
            answer_asides(turn)
        turn.say("utter_ask_consent_again")
        return [SlotSet(self.ended_by, None)]

    def _record(self, turn: Turn, *, given: bool) -> Events:
        """Write the reply down; nothing personal may be asked when that fails."""
        with turn.saving() as session:
            consents.record(session, turn.conversation_id, _version(turn), given=given, now=turn.now)
        return [SlotSet("consent", _version(turn) if given else REFUSED), SlotSet("consent_asked_for", None)]

    def _leave(self, outcome: str) -> Events:
        """End the form; what was told of a visit before the notice goes too."""
        over = (SlotSet(name, None) for name in ("booking", "booking_gate"))
        return [SlotSet(self.ended_by, outcome), SlotSet("offered", "none"), *over]


def _version(turn: Turn) -> str:
    return turn.content.clinic.privacy.version
