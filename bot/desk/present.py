"""How values look on the desk's pages: times in the clinic's zone, waiting times, labels. Plain text only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.store.desk_ownership import ELSEWHERE
from bot.store.models import Message

KINDS = {
    "danger": "Danger",
    "person": "Wants a person",
    "review": "Clinician review",
    "booking": "Booking",
    "question": "Unanswered",
}
REASONS = {
    "asked_for_person": "Asked for a person",
    "knowledge_missing": "Knowledge missing",
    "out_of_policy": "Out of policy",
    "part_failed": "A part failed",
    "danger": "Danger",
    "review": "Review",
    "booking": "Booking",
}
CLOSE_REASONS = {
    "answered": "Answered",
    "called": "Called the patient",
    "booked": "Booking settled",
    "no_answer_needed": "No answer needed",
    "duplicate": "Is here already",
    "reviewed": "Reviewed by a clinician",
    "out_of_scope": "Not a matter of the clinic",
    "topic": "Belongs to a topic",
    "spam": "Spam",
}
# Why a visit's row is in the queue, where it is not to be confirmed for the first time.
WANTS = {
    "change": "Wants another time",
    "cancelled": "Cancelled by the patient",
    "reminder": "Remind the patient here",
}
OWNERS = {
    "bot": "The assistant answers",
    "waiting": "Waits for a person",
    "person": "A person answers",
    "returned": "Back with the assistant",
}
OUTCOMES = {"suitable": "Suitable", "not_suitable": "Not suitable", "clinician_review": "Clinician review"}
STATUSES = {
    "proposed": "To confirm",
    "pending": "Waits for the patient",
    "booked": "Confirmed",
    "cancelled": "Cancelled",
    "arrived": "Arrived",
    "fulfilled": "Done",
    "noshow": "Did not come",
}
FATES = {
    "kept": "Answered in time",
    "late": "Answered too late",
    "owed": "Owed, past their time",
    "waiting": "Waiting, still in time",
}
# What became of a line on its way to the patient, by its state at Messenger or the way it took.
WAITS, NOT_SENT = "Not delivered yet: waits for the patient to write", "Not delivered"
WHY_NOT = {
    "too_late": "its visit had begun before the patient wrote again",
    "outside_7_days": "the patient last wrote more than seven days ago",
    "gone": "Messenger cannot reach this patient any more",
    "control": "another app has this conversation on Messenger",
}
ROUTES = {"email": "Sent by email", "wait": "The patient may not have seen this"}
# What the assistant takes a message for, where the content has no title for it.
INTENTS = {
    "affirm": "Yes",
    "deny": "No",
    "unsure": "Does not know",
    "refuse": "Would rather not say",
    "inform": "Tells something",
    "talk_to_human": "Wants a person",
    "out_of_scope": "Another matter",
    "nlu_fallback": "Not understood",
    "bot_challenge": "Are you a machine?",
    "learned": "An answer of the desk",
}
ROLES = {"front_desk": "Front desk", "clinician": "Clinician", "admin": "Admin"}
SENDERS = {"patient": "Patient", "bot": "Assistant", "staff": "Person"}
CHANNELS = {"website": "Website", "messenger": "Messenger", "rest": "Test line"}
GLOBALS: dict[str, Any] = {
    "KINDS": KINDS,
    "REASONS": REASONS,
    "CLOSE_REASONS": CLOSE_REASONS,
    "OWNERS": OWNERS,
    "WANTS": WANTS,
    "OUTCOMES": OUTCOMES,
    "STATUSES": STATUSES,
    "FATES": FATES,
    "ROLES": ROLES,
    "SENDERS": SENDERS,
    "CHANNELS": CHANNELS,
    "ELSEWHERE": ELSEWHERE,
}


def ago(moment: datetime, now: datetime) -> str:
    """How long something lasts, in one unit: "just now", "7 min", "3 h", "2 days"."""
    return lasting(now - moment)


def lasting(span: timedelta) -> str:
    """A length of time in one unit."""
    minutes = int(span.total_seconds() // 60)
    if minutes < 1:
        return "just now"
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h"
    return f"{minutes // (24 * 60)} days"


def label(name: str | None) -> str:
    """A code as words: "ask_side_effects" -> "Ask side effects"."""
    return (name or "").replace("_", " ").capitalize()


def percent(value: float | None) -> str:
    """A share as a whole number of hundredths; a dash when there is none."""
    return "–" if value is None else f"{value * 100:.0f}%"


def fate(message: Message, delivery: tuple[str, str | None] | None) -> str:
    """What became of a line, where staff should know: that it waits, was refused and why, or went by email."""
    state, why = delivery or ("", None)
    if state == "waiting":
        return WAITS
    if state == "refused":
        return f"{NOT_SENT}: {WHY_NOT.get(why or '', 'Messenger refused it')}"
    return ROUTES.get(str((message.meta or {}).get("route")), "")


def filters(zone: ZoneInfo, topics: Mapping[str, str]) -> dict[str, Callable[..., Any]]:
    """The filters of the templates; `topics`: what patients can ask about, by intent."""

    def topic(intent: str | None) -> str:
        return topics.get(intent or "") or INTENTS.get(intent or "") or label(intent)

    def clock(moment: datetime) -> str:
        return moment.astimezone(zone).strftime("%H:%M")

    def day(moment: datetime) -> str:
        local = moment.astimezone(zone)
        return f"{local:%a} {local.day} {local:%b}"

    def full(moment: datetime) -> str:
        local = moment.astimezone(zone)
        return f"{local:%A} {local.day} {local:%B %Y, %H:%M}"

    def local_input(moment: datetime) -> str:
        return moment.astimezone(zone).strftime("%Y-%m-%dT%H:%M")

    return {
        "clock": clock,
        "day": day,
        "full": full,
        "local_input": local_input,
        "ago": ago,
        "lasting": lasting,
        "label": label,
        "topic": topic,
        "percent": percent,
        "fate": fate,
    }
