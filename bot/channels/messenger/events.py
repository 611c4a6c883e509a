"""What Meta's webhook says, read with suspicion: every event of every entry, each with a key that makes it unique.

Pure functions. Only what needs work becomes an Event; receipts, our own echoes and whatever is unknown is counted.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

MEDIA = {
    "sticker": "sticker",
    "audio": "voice",
    "image": "image",
    "video": "video",
    "reel": "share",
    "ig_reel": "share",
    "post": "share",
    "ig_post": "share",
    "file": "file",
    "location": "location",
    "fallback": "share",
    "template": "share",
}
NEGATIVE = frozenset({"dislike", "angry", "sad"})
POSITIVE = frozenset({"like", "love", "smile", "wow"})
LONGEST_ID = 512  # characters of a mid or id; Meta's are far shorter


class NotAPage(ValueError):
    """A body that is not about a page; Meta's own samples answer 404."""


@dataclass(frozen=True)
class Event:
    """Something a person (or the page) did. `at` is Meta's clock. `data` is all that the work needs, and personal."""

    kind: str
    key: str
    psid: str
    at: datetime
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Reading:
    """A webhook body, read: the events to work on, in order, and how many of each kind there were in all."""

    events: list[Event]
    counts: Counter[str]


def read_body(body: bytes, page_id: str, app_id: str, now: datetime) -> Reading:
    """The events of a body; raises ValueError when it is no JSON object, NotAPage when it is about something else."""
    try:
        data = json.loads(body)
    except RecursionError as error:
        raise ValueError("too deep") from error
    if not isinstance(data, dict):
        raise ValueError("not an object")
    if data.get("object") != "page":
        raise NotAPage(str(data.get("object"))[:20])
    counts: Counter[str] = Counter()
    events = [event for item in _items(data, counts) if (event := _event(*item, page_id, app_id, now, counts))]
    return Reading(events, counts)


def hashed(mid: str) -> str:
    """A mid as it is stored and compared: Meta's are longer than a column, and nobody needs to read them."""
    return hashlib.sha256(mid.encode("utf-8", "replace")).hexdigest()


def _items(data: Mapping[str, Any], counts: Counter[str]) -> Iterator[tuple[str, Mapping[str, Any], bool]]:
    """(the entry's page, the event, whether another app has the conversation) in the order they stand."""
    for entry in _dicts(data.get("entry")):
        page = _id(entry)
        counts["changes"] += len(_dicts(entry.get("changes")))
        for name in ("messaging", "standby"):
            for item in _dicts(entry.get(name)):
                yield page, item, name == "standby"
    counts += Counter()  # drops what is zero


def _event(  # noqa: PLR0913, PLR0917 - what the entry says, and whom it is read for
    page: str, item: Mapping[str, Any], standby: bool, page_id: str, app_id: str, now: datetime, counts: Counter[str]
) -> Event | None:
    kind, key, data = _kind(item, app_id)
    sender, recipient = _id(item.get("sender")), _id(item.get("recipient"))
    echo = kind in ("echo", "inbox_echo")
    psid = recipient if echo else sender
    if page_id and page_id not in (page, sender, recipient):
        kind, key = "other_page", ""
    elif psid == page_id or not psid:
        kind, key = f"{kind}_of_nobody", ""
    counts["standby" if standby and key else kind] += 1
    if not key:
        return None
    at = _moment(item.get("timestamp"), now)
    return Event(kind, hashed(f"{kind}:{key}" if key[0] == ":" else key), psid, at, {**data, "standby": standby})


def _kind(item: Mapping[str, Any], app_id: str) -> tuple[str, str, dict[str, Any]]:
    """(kind, key, data) of an event; without a key there is nothing to do. A key that starts with a colon is no mid."""
    for name, reader in _READERS.items():
        if isinstance(item.get(name), dict):
            return reader(item, item[name], app_id)
    for name in ("read", "delivery", "optin", "referral", "app_roles", "policy_enforcement", "account_linking"):
        if name in item:
            return name, "", {}
    return "unknown", "", {}


def _message(item: Mapping[str, Any], message: Mapping[str, Any], app_id: str) -> tuple[str, str, dict[str, Any]]:
    mid = _text(message.get("mid"))
    if message.get("is_echo"):
        return _echo(mid, message, app_id)
    if not mid:
        return "message_without_mid", "", {}
    if message.get("is_deleted") or message.get("is_unsent"):
        return "unsend", f":unsend:{mid}", {"mid": hashed(mid)}
    data: dict[str, Any] = {"mid": hashed(mid), "media": _media(message)}
    quick = message.get("quick_reply")
    if isinstance(message.get("text"), str):
        data["text"] = message["text"]
    if isinstance(quick, dict) and isinstance(quick.get("payload"), str):
        data["payload"] = quick["payload"]
    return "message", mid, data


def _echo(mid: str, message: Mapping[str, Any], app_id: str) -> tuple[str, str, dict[str, Any]]:
    """What the page said. Our own app's lines are known; anything else was written by people in Meta's inbox."""
    if not mid or str(message.get("app_id", "")) == app_id:
        return "echo", "", {}
    text = message.get("text")
    return "inbox_echo", mid, {"text": text if isinstance(text, str) else "", "media": _media(message)}


def _postback(item: Mapping[str, Any], postback: Mapping[str, Any], app_id: str) -> tuple[str, str, dict[str, Any]]:
    payload, title = postback.get("payload"), postback.get("title")
    mid = _text(postback.get("mid")) or f"{_id(item.get('sender'))}:{item.get('timestamp')}:{payload}"
    data = {"mid": hashed(mid), "payload": payload if isinstance(payload, str) else "", "media": []}
    return "postback", mid, {**data, "text": title if isinstance(title, str) else ""}


def _edit(item: Mapping[str, Any], edit: Mapping[str, Any], app_id: str) -> tuple[str, str, dict[str, Any]]:
    mid, text = _text(edit.get("mid")), edit.get("text")
    if not mid or not isinstance(text, str):
        return "edit_without_text", "", {}
    number = str(edit.get("num_edit", ""))[:3]
    return "edit", f":edit:{mid}:{number}", {"mid": hashed(mid), "text": text, "number": number}


def _unsend(item: Mapping[str, Any], unsend: Mapping[str, Any], app_id: str) -> tuple[str, str, dict[str, Any]]:
    mid = _text(unsend.get("mid"))
    return "unsend", f":unsend:{mid}" if mid else "", {"mid": hashed(mid)}


def _reaction(item: Mapping[str, Any], reaction: Mapping[str, Any], app_id: str) -> tuple[str, str, dict[str, Any]]:
    mid, name = _text(reaction.get("mid")), str(reaction.get("reaction"))
    mood = "down" if name in NEGATIVE else "up" if name in POSITIVE else "none"
    if reaction.get("action") == "unreact" or mood == "none" or not mid:
        return "reaction_without_meaning", "", {}
    return "reaction", f":reaction:{mid}:{name}:{item.get('timestamp')}", {"mid": hashed(mid), "mood": mood}


def _handover(item: Mapping[str, Any], change: Mapping[str, Any], app_id: str) -> tuple[str, str, dict[str, Any]]:
    """Thread control went to an app, or an app asks for it."""
    name = next(name for name in _HANDOVERS if name in item)
    owner = str(change.get("new_owner_app_id") or change.get("requested_owner_app_id") or "")
    key = f":{name}:{_id(item.get('sender'))}:{item.get('timestamp')}"
    return name, key, {"app": owner, "ours": owner == app_id}


_HANDOVERS = ("pass_thread_control", "take_thread_control", "request_thread_control")
_READERS = {
    "message_edit": _edit,
    "message_unsend": _unsend,
    "message": _message,
    "postback": _postback,
    "reaction": _reaction,
    **dict.fromkeys(_HANDOVERS, _handover),
}


def _media(message: Mapping[str, Any]) -> list[str]:
    """What is attached, by kind. A sticker also comes as an image until August 2026: it counts once."""
    kinds = []
    for one in _dicts(message.get("attachments")):
        payload = one.get("payload")
        sticker = isinstance(payload, dict) and payload.get("sticker_id")
        kinds.append("sticker" if sticker else MEDIA.get(str(one.get("type")), "other"))
    if message.get("sticker_id"):
        kinds.append("sticker")
    if "sticker" in kinds:
        kinds = ["sticker", *(kind for kind in kinds if kind not in ("sticker", "image"))]
    return list(dict.fromkeys(kinds))


def _moment(value: Any, now: datetime) -> datetime:
    """Meta's timestamp (ms since 1970), never in the future; now when there is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return now
    try:
        at = datetime.fromtimestamp(float(value) / 1000, timezone.utc)
    except (ValueError, OverflowError, OSError):
        return now
    return min(at, now) if at.year >= 2000 else now


def _dicts(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _id(value: Any) -> str:
    found = value.get("id") if isinstance(value, dict) else None
    return str(found)[:LONGEST_ID] if isinstance(found, (str, int)) and not isinstance(found, bool) else ""


def _text(value: Any) -> str:
    return value[:LONGEST_ID] if isinstance(value, str) else ""
