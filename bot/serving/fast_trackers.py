"""Copies of trackers, and what forms look for in them. Part of bot/serving/fast.py."""

from __future__ import annotations

from typing import Any

from rasa.core.actions.forms import FormAction
from rasa.shared.core.constants import ACTION_LISTEN_NAME, ACTION_SESSION_START_NAME, REQUESTED_SLOT
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActionReverted,
    Event,
    FollowupAction,
    Restarted,
    SessionStarted,
    SlotSet,
    UserUtteranceReverted,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker

from bot.serving import fast_states
from bot.store.remembered import Remembered

_stock_copy = DialogueStateTracker.copy


def copy_tracker(self: DialogueStateTracker) -> DialogueStateTracker:
    """A duplicate that shares the events; what replaying them would set is taken from the tracker."""
    if self._max_event_history is not None or type(self.slots) is not dict:
        return _stock_copy(self)
    followup = _replayed_followup(self)
    if followup is NotImplemented:
        return _stock_copy(self)
    twin = fast_states.twin(self)
    twin.__dict__.pop(fast_states.KEPT, None)
    twin.sender_id = self.sender_id or "default"
    twin.sender_source = None
    twin.followup_action = followup
    twin.model_id = twin.assistant_id = None
    return twin


def _replayed_followup(tracker: DialogueStateTracker) -> Any:  # noqa: PLR0911 - one answer per kind of event
    """The follow-up action after a replay: a prediction clears it in the tracker without an event."""
    for event in reversed(tracker.events):
        if isinstance(event, (ActionExecuted, UserUttered)):
            return None
        if isinstance(event, FollowupAction):
            return event.action_name
        if isinstance(event, Restarted):
            return ACTION_SESSION_START_NAME
        if isinstance(event, SessionStarted):
            return ACTION_LISTEN_NAME
        if isinstance(event, Remembered):
            return event.state["followup_action"]
        if isinstance(event, (ActionReverted, UserUtteranceReverted)):
            return NotImplemented
    return ACTION_LISTEN_NAME


_stock_temporary = FormAction._temporary_tracker


def temporary_tracker(
    self: FormAction, current_tracker: DialogueStateTracker, additional_events: list[Event], domain: Domain
) -> DialogueStateTracker:
    """The tracker a form shows to its validation: a copy and a few events more, where Rasa replays everything."""
    if Restarted in map(type, current_tracker.events):
        return _stock_temporary(self, current_tracker, additional_events, domain)
    tracker = copy_tracker(current_tracker)
    requested = SlotSet(REQUESTED_SLOT, self.get_slot_to_fill(current_tracker))
    for event in (requested, ActionExecuted(self.name()), *additional_events):
        tracker.update(event)
    return tracker


_stock_slots_since = FormAction._get_events_since_last_user_uttered


def slots_since_the_message(tracker: DialogueStateTracker) -> list[SlotSet]:
    """The slots set since the patient's message (or a restart), oldest first."""
    found: list[SlotSet] = []
    for event in reversed(tracker.events):
        if event is tracker.latest_message or type(event) is Restarted:
            return found[::-1]
        if type(event) is SlotSet:
            found.append(event)
        elif type(event) is UserUttered:
            break
    return _stock_slots_since(tracker)  # the message is not among the events as it is: let Rasa compare them
