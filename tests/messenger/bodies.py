"""Webhook bodies in the shapes Meta documents (webhook events reference, 2026)."""

from __future__ import annotations

import itertools
import json
from datetime import datetime, timezone
from typing import Any

PAGE = "100200300400500"
APP = "9988776655"
INBOX = "263902037430900"
ANNA, BEN = "5550001111222233", "5550009999888877"
MEDIA_URL = "https://cdn.example/secret-picture.jpg"

Json = dict[str, Any]
_numbers = itertools.count(1)


def new_mid() -> str:
    """A mid as long as Meta's."""
    return (
        f"m_{next(_numbers):06d}"
        + "qT7ywaKpO9kkQR7Gv-nM8LIfLZDamVrALniheUYEDdHJXjDXEAyaS1xxONzb2Iv-DFzmTihfWJV012P5pK0AhQ"
    )


def body(*events: Json, standby: bool = False) -> bytes:
    """One entry with these events."""
    return batch(entry(*events, standby=standby))


def batch(*entries: Json) -> bytes:
    """Several entries."""
    return json.dumps({"object": "page", "entry": list(entries)}).encode()


def entry(*events: Json, standby: bool = False) -> Json:
    return {"id": PAGE, "time": 1570053170926, "standby" if standby else "messaging": list(events)}


def item(psid: str, at: datetime | None = None, **what: Any) -> Json:
    """An event of a person."""
    moment = at or datetime(2026, 3, 2, 9, 0, tzinfo=timezone.utc)
    return {"sender": {"id": psid}, "recipient": {"id": PAGE}, "timestamp": int(moment.timestamp() * 1000), **what}


def text(psid: str, words: str, mid: str | None = None, at: datetime | None = None, **more: Any) -> Json:
    return item(psid, at, message={"mid": mid or new_mid(), "text": words, **more})


def quick_reply(psid: str, title: str, payload: str, at: datetime | None = None) -> Json:
    return text(psid, title, at=at, quick_reply={"payload": payload})


def postback(psid: str, title: str, payload: str, mid: str | None = None, at: datetime | None = None) -> Json:
    return item(psid, at, postback={"mid": mid or new_mid(), "title": title, "payload": payload})


def attachments(psid: str, *kinds: str, at: datetime | None = None, **more: Any) -> Json:
    """A message with attachments of these types."""
    parts = [{"type": kind, "payload": {"url": MEDIA_URL}} for kind in kinds]
    return item(psid, at, message={"mid": new_mid(), "attachments": parts, **more})


def sticker(psid: str, both_types: bool = False, at: datetime | None = None) -> Json:
    """A sticker; until August 2026 it also came as an image."""
    parts: list[Json] = [{"type": "sticker", "payload": {"url": MEDIA_URL, "sticker_id": 369239263222822}}]
    if both_types:
        parts.insert(0, {"type": "image", "payload": {"url": MEDIA_URL}})
    return item(psid, at, message={"mid": new_mid(), "attachments": parts})


def location(psid: str) -> Json:
    where = {"coordinates": {"lat": 52.520008, "long": 13.404954}}
    part = {"type": "location", "title": "Pinned Location", "payload": where}
    return item(psid, message={"mid": new_mid(), "attachments": [part]})


def edit(psid: str, mid: str, words: str, number: int = 1, at: datetime | None = None) -> Json:
    return item(psid, at, message_edit={"mid": mid, "text": words, "num_edit": number})


def unsend(psid: str, mid: str, at: datetime | None = None) -> Json:
    return item(psid, at, message={"mid": mid, "is_deleted": True})


def reaction(psid: str, mid: str, name: str, action: str = "react", at: datetime | None = None) -> Json:
    return item(psid, at, reaction={"reaction": name, "emoji": "❤", "action": action, "mid": mid})


def echo(psid: str, words: str | None, app_id: str | None, at: datetime | None = None, **more: Any) -> Json:
    """What the page said: sender and recipient change places."""
    said: Json = {"is_echo": True, "mid": new_mid(), **more}
    said |= {} if words is None else {"text": words}
    said |= {} if app_id is None else {"app_id": int(app_id)}
    moment = item(psid, at)
    return {**moment, "sender": {"id": PAGE}, "recipient": {"id": psid}, "message": said}


def read(psid: str) -> Json:
    return item(psid, read={"watermark": 1458668856253})


def delivered(psid: str) -> Json:
    return item(psid, delivery={"mids": [new_mid()], "watermark": 1458668856253})


def control(psid: str, kind: str, app_id: str, at: datetime | None = None) -> Json:
    """pass_thread_control, take_thread_control or request_thread_control."""
    name = "requested_owner_app_id" if kind == "request_thread_control" else "new_owner_app_id"
    return item(psid, at, **{kind: {name: app_id, "previous_owner_app_id": None, "metadata": "x"}})
