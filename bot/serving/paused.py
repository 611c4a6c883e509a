"""Advice in danger is given also while a person has the chat and Rasa's tracker is paused: that and nothing else."""

from __future__ import annotations

from rasa.core.processor import MessageProcessor
from rasa.shared.core.trackers import DialogueStateTracker

DANGER = frozenset({"report_emergency", "report_urgent"})  # rules.yml answers each with fixed advice
_stock_should_handle = MessageProcessor._should_handle_message


def install() -> None:
    """Let Rasa's processor follow the rules of danger in a paused conversation too."""
    MessageProcessor._should_handle_message = staticmethod(should_handle)  # type: ignore[method-assign]


def should_handle(tracker: DialogueStateTracker) -> bool:
    """Whether Rasa acts on the newest message. What it says beside the advice is dropped by the channel."""
    if _stock_should_handle(tracker):
        return True
    message = tracker.latest_message
    return message is not None and message.intent_name in DANGER
