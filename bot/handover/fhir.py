"""Bookings to a FHIR R4 server as one transaction each."""

from __future__ import annotations

from datetime import datetime

import httpx

from bot.clinic.booking.clinic import Clinic
from bot.clinic.booking.fhir import appointment_bundle
from bot.handover.adapters import SECONDS, Item, Say, check


class FhirTarget:
    """Posts the state of a booking to a FHIR base URL. `system` is the URI of its identifiers."""

    name = "fhir"
    wants_latest_only = True

    def __init__(self, url: str, token: str, clinic: Clinic, system: str) -> None:
        self._url, self._clinic, self._system = url, clinic, system
        self._headers = {"content-type": "application/fhir+json", "prefer": "return=minimal"}
        if token:
            self._headers["authorization"] = f"Bearer {token}"

    async def deliver(self, item: Item, now: datetime) -> Say | None:
        bundle = appointment_bundle(item.booking, self._clinic, self._system)
        async with (
            httpx.AsyncClient(timeout=SECONDS, trust_env=False) as client,
            client.stream("POST", self._url, json=bundle, headers=self._headers) as answer,
        ):
            check(answer, now)
        return None
