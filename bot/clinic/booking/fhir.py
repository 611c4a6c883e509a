"""A booking as FHIR R4: a transaction of Patient, Schedule, Slot and Appointment that may be sent again without harm.

Each resource is found by its identifier and updated or created (conditional update), so that a repeated delivery
changes nothing. The resources are the same in R4 and R4B, whose models check them in the tests.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import urlencode

from bot.clinic.booking.clinic import Clinic

# appointment status -> slot status: what is not certain yet is tentative, what is over or called off leaves it free
SLOT = {
    "proposed": "busy-tentative",
    "pending": "busy-tentative",
    "booked": "busy",
    "arrived": "busy",
    "fulfilled": "busy",
    "cancelled": "free",
    "noshow": "free",
}
PATIENT = {"proposed": "accepted", "pending": "needs-action", "cancelled": "declined"}
CLINIC = {"proposed": "needs-action", "pending": "accepted", "cancelled": "declined"}
Resource = dict[str, Any]


def appointment_bundle(booking: Mapping[str, Any], clinic: Clinic, system: str) -> Resource:
    """The transaction for a booking as `bot.store.bookings.as_payload` gives it.

    `system` is the URI that the identifiers belong to, such as https://clinic.example/booking. A booking without a time
    has no Slot; one whose person was erased names nobody.
    """
    entries = [_entry("patient", _patient(booking, system))]
    if booking.get("starts_at"):
        entries += [_schedule_entry(clinic, system), _entry("slot", _slot(booking, clinic, system))]
    entries.append(_entry("appointment", _appointment(booking, clinic, system)))
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def _entry(part: str, resource: Resource) -> Resource:
    """An entry that updates the one resource with this identifier, or creates it."""
    own = resource["identifier"][0]
    request = {"method": "PUT", "url": f"{resource['resourceType']}?{_search(own)}"}
    return {"fullUrl": _urn(own["value"], part), "resource": resource, "request": request}


def _schedule_entry(clinic: Clinic, system: str) -> Resource:
    """The clinic's one schedule, created when the server has none."""
    own = {"system": system, "value": "schedule"}
    resource = {"resourceType": "Schedule", "identifier": [own], "active": True, "actor": [{"display": clinic.name}]}
    request = {"method": "POST", "url": "Schedule", "ifNoneExist": _search(own)}
    return {"fullUrl": _urn("schedule", "schedule"), "resource": resource, "request": request}


def _patient(booking: Mapping[str, Any], system: str) -> Resource:
    resource: Resource = {"resourceType": "Patient", "identifier": _identifier(booking, system)}
    if booking["name"]:
        resource["name"] = [{"text": booking["name"]}]
    if booking["contact"]:
        resource["telecom"] = [{"system": booking["contact_kind"], "value": booking["contact"]}]
    return resource


def _slot(booking: Mapping[str, Any], clinic: Clinic, system: str) -> Resource:
    return {
        "resourceType": "Slot",
        "identifier": _identifier(booking, system),
        "schedule": {"reference": _urn("schedule", "schedule")},
        "status": SLOT[booking["status"]],
        **_period(booking, clinic),
    }


def _appointment(booking: Mapping[str, Any], clinic: Clinic, system: str) -> Resource:
    status, value = booking["status"], _value(booking)
    timed = {"slot": [{"reference": _urn(value, "slot")}], **_period(booking, clinic)} if booking["starts_at"] else {}
    if not timed and status not in ("proposed", "cancelled"):
        status = "proposed"  # R4 allows an appointment without a time in no other state
    patient = {"reference": _urn(value, "patient"), **({"display": booking["name"]} if booking["name"] else {})}
    participants = [
        {"actor": patient, "status": PATIENT.get(status, "accepted")},
        {"actor": {"display": clinic.name}, "status": CLINIC.get(status, "accepted")},
    ]
    return {
        "resourceType": "Appointment",
        "identifier": _identifier(booking, system),
        "status": status,
        "description": clinic.title(booking.get("treatment")),
        "created": booking["updated_at"],
        **_said(booking),
        **timed,
        "participant": participants,
    }


def _said(booking: Mapping[str, Any]) -> Resource:
    return {"comment": booking["note"]} if booking.get("note") else {}


def _period(booking: Mapping[str, Any], clinic: Clinic) -> Resource:
    start = datetime.fromisoformat(booking["starts_at"])
    end = start.astimezone(timezone.utc) + timedelta(minutes=clinic.minutes(booking.get("treatment")))
    return {"start": clinic.local(start).isoformat(), "end": clinic.local(end).isoformat()}


def _identifier(booking: Mapping[str, Any], system: str) -> list[Resource]:
    return [{"system": system, "value": _value(booking)}]


def _value(booking: Mapping[str, Any]) -> str:
    return str(booking["reference"])


def _search(identifier: Mapping[str, str]) -> str:
    return urlencode({"identifier": f"{identifier['system']}|{identifier['value']}"})


def _urn(value: str, part: str) -> str:
    """A name inside the transaction, which the server replaces by the resource's own id."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"{part}:{value}").urn
