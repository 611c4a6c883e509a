"""SMART Scheduling Links: the patient gets a deep link to the wanted time in the clinic's own booking system.

The system publishes its free slots in a `$bulk-publish` manifest; the link carries the booking's reference as
`booking-referral`, by which the system and the desk know each other's record.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

import httpx

from bot.handover.adapters import SECONDS, Item, NotTaken, Say, check
from bot.handover.words import Words

EXTENSION = "http://fhir-registry.smarthealthit.org/StructureDefinition/booking-deep-link"
SOURCE = "mesoguide"
LARGEST = 20_000_000  # bytes read of one file
ASKED_FOR = ("booking.created", "booking.rescheduled")


def deep_link(url: str, referral: str, source: str = SOURCE) -> str:
    """The slot's link with who sends the patient and for which booking; what the link has already stays."""
    parts = urlsplit(url)
    query = [*parse_qsl(parts.query, keep_blank_values=True), ("source", source), ("booking-referral", referral)]
    return urlunsplit(parts._replace(query=urlencode(query)))


class SchedulingLinks:
    """Tells the patient in their chat where to fix the wanted time; says nothing when the system does not offer it."""

    name = "scheduling_links"
    wants_latest_only = True

    def __init__(self, manifest: str, words: Words) -> None:
        self._manifest, self._words = manifest, words

    async def deliver(self, item: Item, now: datetime) -> Say | None:
        wanted = item.starts_at
        if item.kind not in ASKED_FOR or item.booking["status"] != "proposed" or wanted is None or wanted < now:
            return None
        async with httpx.AsyncClient(timeout=SECONDS, trust_env=False) as client:
            async for slot in self._slots(client, now):
                url = _link(slot)
                if url and slot.get("status") == "free" and _same(slot.get("start"), wanted):
                    return self._say(item, deep_link(url, str(item.booking["reference"])))
        return None

    async def _slots(self, client: httpx.AsyncClient, now: datetime) -> AsyncIterator[Mapping[str, Any]]:
        answer = await client.get(self._manifest)
        check(answer, now)
        for part in _json(answer.content).get("output", []):
            if isinstance(part, dict) and part.get("type") == "Slot":
                async with client.stream("GET", urljoin(self._manifest, str(part.get("url")))) as file:
                    check(file, now)
                    async for line in _lines(file):
                        yield _json(line)

    def _say(self, item: Item, link: str) -> Say:
        text = self._words.say("link", "text", item.booking)
        metadata = {"kind": "confirmation", "reference": item.booking["reference"], "link": link}
        return {"text": f"{text} {link}", "metadata": metadata}


async def _lines(file: httpx.Response) -> AsyncIterator[str]:
    size = 0
    async for line in file.aiter_lines():
        size += len(line)
        if size > LARGEST:
            raise NotTaken("slots too many")
        if line.strip():
            yield line


def _json(text: str | bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        raise NotTaken("no json") from None
    if not isinstance(found, dict):
        raise NotTaken("no json object")
    return found


def _link(slot: Mapping[str, Any]) -> str:
    """The slot's deep link; empty when it has none, or one that is no web address."""
    found = [one for one in slot.get("extension") or [] if isinstance(one, dict) and one.get("url") == EXTENSION]
    url = str(found[0].get("valueUrl") or "") if found else ""
    return url if urlsplit(url).scheme in ("https", "http") else ""


def _same(start: Any, wanted: datetime) -> bool:
    try:
        return datetime.fromisoformat(str(start).replace("Z", "+00:00")) == wanted
    except (TypeError, ValueError):
        return False
