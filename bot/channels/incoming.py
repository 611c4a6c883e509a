"""What a patient's program sends, read with suspicion: the only place where a request's words become a message.

Pure functions. They raise `Problem` with what the patient is told.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from bot.clinic.screening.checklist import CHECKLIST, Item, read_out
from bot.problems import Problem

LONGEST_TEXT = 2000  # characters after cleaning
LARGEST_BODY = 16 * 1024  # bytes
LONGEST_PAYLOAD = 500  # characters

# The intents a program may send without the bot having offered them, bare.
PUBLIC_INTENTS = frozenset(
    {
        "ask_definition",
        "ask_mechanism",
        "ask_procedure",
        "ask_uses",
        "ask_ingredients",
        "ask_pain",
        "ask_sessions",
        "ask_session_duration",
        "ask_side_effects",
        "ask_side_effect_duration",
        "ask_recovery",
        "ask_aftercare",
        "ask_safety",
        "ask_suitability",
        "ask_types",
        "ask_comparison",
        "ask_results",
        "ask_cost",
        "ask_clinic_info",
        "check_eligibility",
        "book_appointment",
        "change_booking",
        "cancel_booking",
        "talk_to_human",
        "report_symptom",
        "report_emergency",
        "greet",
        "goodbye",
        "thank",
        "affirm",
        "deny",
        "unsure",
        "bot_challenge",
        "ask_privacy",
        "delete_my_data",
        "complain",
        "chitchat",
        "out_of_scope",
        "help",
        "stop",
    }
)

# Joiners shape emoji and several scripts; every other format character is invisible and may turn the text around.
_KEPT_FORMATS = "\u200c\u200d"


@dataclass(frozen=True)
class Incoming:
    """A patient's message: the program's id for it, and either words or a button's payload."""

    id: str
    text: str = ""
    payload: str = ""


def read_message(body: bytes) -> Incoming:
    """The message in a request's body; raises Problem when there is none."""
    if len(body) > LARGEST_BODY:
        raise Problem("too_large", limit=LARGEST_BODY // 1024)
    data = _object(body)
    if ("text" in data) == ("payload" in data):
        raise Problem("bad_message", what='it needs either "text" or "payload"')
    identity = _identity(data.get("id"))
    if "payload" in data:
        return Incoming(identity, payload=_payload(data["payload"]))
    return Incoming(identity, text=_text(data["text"]))


def clean(text: str) -> str:
    """The text as it is stored: composed (NFC), without control, format and half characters, and no leading `/`."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " "))
    text = "".join(
        c for c in text if c == "\n" or c in _KEPT_FORMATS or unicodedata.category(c) not in ("Cc", "Cf", "Cs")
    )
    return re.sub(r"^[\s/]+", "", text).rstrip()


def is_public(payload: str) -> bool:
    """Whether a payload is a bare public intent, which a program may send unoffered."""
    return payload.removeprefix("/") in PUBLIC_INTENTS


def check_payload(payload: str, offered: Mapping[str, str]) -> None:
    """Raise Problem unless the bot offered this payload (`offered`: payload to title) or it is a bare public intent."""
    if payload not in offered and not is_public(payload):
        raise Problem("unknown_payload")


def checklist_title(payload: str, checklists: Iterable[Sequence[Item]]) -> str | None:
    """A filled-in checklist in words; None when the payload is none, or is one the bot did not offer."""
    try:
        data = json.loads(payload.removeprefix("/inform"))
    except ValueError:
        return None
    if not isinstance(data, dict) or set(data) != {"question", "answer"} or data["question"] != CHECKLIST:
        return None
    return next((title for one in checklists if (title := read_out(str(data["answer"]), one))), None)


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Problem("not_json") from error
    if not isinstance(data, dict):
        raise Problem("bad_message", what="it must be a JSON object")
    return data


def _identity(value: Any) -> str:
    try:
        return str(UUID(value))
    except (ValueError, TypeError, AttributeError) as error:
        raise Problem("bad_message", what='"id" must be a UUID, a new one for each message') from error


def _payload(value: Any) -> str:
    if not isinstance(value, str):
        raise Problem("bad_message", what='"payload" must be a text')
    if len(value) > LONGEST_PAYLOAD or not value.startswith("/"):
        raise Problem("unknown_payload")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise Problem("bad_message", what='"text" must be a text')
    text = clean(value)
    if not text.strip(_KEPT_FORMATS + " \n\u2800\u3164"):
        raise Problem("empty")
    if len(text) > LONGEST_TEXT:
        raise Problem("too_long", length=len(text), limit=LONGEST_TEXT)
    return text
