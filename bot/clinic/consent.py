"""The yes before anything personal is asked: what a reply to the privacy notice means. Pure.

Consent to the use of health data has to be explicit (GDPR, article 9): whatever is not clearly a yes is none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

Reply = Literal["yes", "no", "why", "other"]
ASKS = "consent"  # as in a message's `asks` and a button's `question`
REFUSED = "no"  # what the slot `consent` holds after a no; after a yes it holds the version of the notice

_BY_INTENT: Mapping[str, Reply] = {"deny": "no", "refuse": "no", "stop": "no", "ask_why": "why"}
_TELLING = ("inform", "check_eligibility", "book_appointment")
_YES = r"yes|yeah|yea|yep|yup|y|ok|okay|k|sure|fine|agreed?|go ahead|go on|please do|of course|absolutely"
_AGREES = re.compile(rf"\W*(\b({_YES})\b|[👍👌✅✔🆗])[^?]*$", re.IGNORECASE)


def reply_to_notice(intent: str, text: str, pressed: str | None) -> Reply:
    """What a message says to the notice; `pressed` is the answer of a consent button. "Yes, I'm 34" is a yes too."""
    if pressed is not None:
        return "yes" if pressed == "yes" else "no"
    if intent == "affirm" and (not text or _AGREES.search(text)):  # "huh?" may be taken for an affirmation: no consent
        return "yes"
    if intent in _TELLING and _AGREES.match(text):
        return "yes"
    return _BY_INTENT.get(intent, "other")


def joined(first: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """The message that started a form, with what the yes told besides; its questions were answered before."""
    told = [entity for entity in now.get("entities") or [] if entity.get("entity") not in ("question", "answer")]
    known = {entity.get("entity") for entity in told}
    kept = [entity for entity in first.get("entities") or [] if entity.get("entity") not in known]
    return {**first, "entities": [*kept, *told], "questions": []}


def remembered(parse: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of the message that started a form until the patient has replied to the notice."""
    return {key: parse.get(key) for key in ("intent", "entities", "text", "message_id")}
