"""The closed vocabularies of the store. Rows hold these plain strings; the database and mypy both refuse any other."""

from __future__ import annotations

from typing import Literal

Owner = Literal["bot", "waiting", "person", "returned"]
Sender = Literal["patient", "bot", "staff"]
Outcome = Literal["suitable", "not_suitable", "clinician_review"]
ContactKind = Literal["phone", "email"]
# FHIR R4 AppointmentStatus, as far as the clinic uses it.
BookingStatus = Literal["proposed", "pending", "booked", "cancelled", "arrived", "fulfilled", "noshow"]
TriageKind = Literal["danger", "person", "review", "booking", "question"]
TriageStatus = Literal["open", "assigned", "snoozed", "closed"]
HandoffReason = Literal[
    "asked_for_person", "knowledge_missing", "out_of_policy", "part_failed", "danger", "review", "booking"
]
Thumb = Literal["up", "down"]
Role = Literal["front_desk", "clinician", "admin"]

# Rank in the front desk's queue: the smaller, the sooner.
URGENCY: dict[TriageKind, int] = {"danger": 0, "person": 10, "review": 20, "booking": 30, "question": 40}
