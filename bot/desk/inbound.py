"""The clinic's own booking system answers: it confirms visits, proposes other times or declines, by signed webhooks.

Standard Webhooks 1.0 the other way round. It leads its own diary: a time it gives is not checked against ours.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated, Literal, cast

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from standardwebhooks import Webhook, WebhookVerificationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot.clinic.booking.plan import clinic_from
from bot.clinic.desk.visits import Move, leads_to
from bot.desk.context import Desk
from bot.desk.visit_news import tell
from bot.store import bookings, desk_bookings, slots
from bot.store.engine import Session, unit_of_work
from bot.store.models import Booking

PATH = "/handover/bookings"
LARGEST = 16 * 1024  # bytes
ACTOR = "system"


class Answer(BaseModel):
    """What is said of a visit: `version` is the one last handed over, `starts_at` the time it is given."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    reference: Annotated[str, Field(max_length=20)]
    version: Annotated[int, Field(ge=0)]
    starts_at: AwareDatetime | None = None
    reason: Annotated[str, Field(max_length=300)] = ""


class Event(BaseModel):
    """The body of a call."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    type: Literal[
        "booking.confirm",
        "booking.propose",
        "booking.decline",
        "booking.arrived",
        "booking.fulfilled",
        "booking.noshow",
    ]
    data: Answer

    @property
    def move(self) -> Move:
        return cast(Move, self.type.removeprefix("booking."))

    def lacks(self, row: Booking, now: datetime) -> str:
        """What the move needs and was not given; empty when it is complete."""
        start = self.data.starts_at or (row.starts_at if self.move == "confirm" else None)
        if self.move in ("confirm", "propose") and (start is None or start < now):
            return "starts_at"
        return "reason" if self.move == "decline" and not self.data.reason.strip() else ""


def create_router(desk: Desk, secrets: tuple[str, ...]) -> APIRouter:
    """The one route; without secrets there is none."""
    router = APIRouter()
    signers = [Webhook(secret) for secret in secrets]

    async def hear(request: Request) -> Response:
        body = await _limited(request)
        if body is None:
            return _problem(413, "The body is too large.")
        if not any(_is_signed(signer, body, dict(request.headers)) for signer in signers):
            return _problem(401, "The signature is missing, wrong or too old.")
        try:
            event = Event.model_validate_json(body)
        except ValidationError:
            return _problem(400, "The body is no event of a booking; see docs/booking.md.")
        return await asyncio.to_thread(_take, desk, event, desk.clock())

    if signers:
        router.add_api_route(PATH, hear, methods=["POST"], include_in_schema=False)
    return router


async def _limited(request: Request) -> bytes | None:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > LARGEST:
            return None
    return bytes(body)


def _is_signed(signer: Webhook, body: bytes, headers: dict[str, str]) -> bool:
    try:
        signer.verify(body, headers, json_parse=False)
    except (WebhookVerificationError, ValueError):  # a garbled signature is a wrong one
        return False
    return True


def _take(desk: Desk, event: Event, now: datetime) -> Response:
    """Make the move and tell the patient, in one transaction; the same event once more changes nothing."""
    with unit_of_work(desk.sessions) as session:
        row = bookings.find_by_reference(session, event.data.reference)
        if row is None:
            return _problem(404, "There is no visit with this reference.")
        if _is_done(row, event):
            return Response(status_code=204)
        if missing := event.lacks(row, now):
            return _problem(400, f"data.{missing} is missing or past.")
        moved = _move(desk, session, row, event, now)
        if moved is None:
            return _problem(409, f"The visit is {row.status} in version {row.version}, as handed over last.")
        tell(desk, session, moved, event.move, event.data.reason, None, now)
        session.commit()
    desk.live.wake()
    return Response(status_code=204)


def _is_done(row: Booking, event: Event) -> bool:
    return row.status == leads_to(event.move) and event.data.starts_at in (None, row.starts_at)


def _move(desk: Desk, session: Session, row: Booking, event: Event, now: datetime) -> Booking | None:
    clinic = clinic_from(desk.content.clinic)
    rules = slots.Rules(minutes=clinic.minutes, fits=lambda start, minutes, taken: True, now=now)
    given = event.data
    return desk_bookings.change(
        session, row.id, event.move, version=given.version, starts_at=given.starts_at, actor=ACTOR, rules=rules
    )


def _problem(status: int, detail: str) -> Response:
    body = {"type": "about:blank", "status": status, "detail": detail}
    return JSONResponse(body, status, media_type="application/problem+json")
