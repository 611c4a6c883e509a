"""What can be done with a row of the queue; each change is refused when the row is not as the page showed it."""

from __future__ import annotations

from datetime import datetime, time, timedelta, timezone
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import Form
from starlette.responses import Response

from bot.clinic.desk.hours import next_open
from bot.desk.context import View
from bot.desk.pages.conversation import conversation_again, handed_back
from bot.desk.present import CLOSE_REASONS
from bot.desk.routing import NotThere, Pages, Refused, Signed
from bot.store import desk_held, desk_queue, staff

pages = Pages()
Field = Annotated[str, Form()]
SNOOZES = ("hour", "tomorrow", "week")
GONE = ("close", "snooze")  # after these the row is off the list


@pages.post("/items/{item_id}/{action}")
def act(  # noqa: PLR0913, PLR0917 - the fields of the forms
    view: Signed, item_id: str, action: str, seen: Field, until: Field = "", reason: Field = "", forced: Field = ""
) -> Response:
    """Assign to me, release, snooze, close or open again."""
    as_seen = _as_seen(seen)
    if action == "reopen":
        return _open_again(view, item_id, as_seen)
    values = _values(view, action, until, reason)
    with view.changing() as session:
        before = desk_queue.one(session, item_id)
        if before is None:
            raise NotThere(item_id)
        if before.item.kind == "review" and action == "close" and not view.may("clinician", "admin"):
            raise Refused("A clinician settles a review.")
        done = desk_queue.change(
            session,
            item_id,
            action,
            seen=as_seen,
            actor=view.staff.id,
            now=view.now,
            forced=bool(forced),
            **values,
        )
        people = staff.names(session)
        if done and action == "close":
            desk_held.settled(session, before.item.conversation_id, view.staff.id, handed_back(view), view.now)
    if not done:
        raise Refused(_who_was_faster(before.item, people), 409)
    if action not in GONE:
        return conversation_again(view, before.item.conversation_id, item_id)
    return done_with(view)


def _open_again(view: View, item_id: str, seen: datetime) -> Response:
    with view.changing() as session:
        row = desk_queue.one(session, item_id)
        if row is None:
            raise NotThere(item_id)
        if not desk_queue.reopen(session, item_id, seen=seen, actor=view.staff.id, now=view.now):
            raise Refused("Somebody has opened this again already.", 409)
    return conversation_again(view, row.item.conversation_id, item_id)


def _as_seen(text: str) -> datetime:
    """When the row that the page shows was changed last, as the page's form says it."""
    try:
        return datetime.fromisoformat(text).astimezone(timezone.utc)
    except (ValueError, OverflowError):
        raise Refused("This form is too old. Reload the page and try again.", 400) from None


def done_with(view: View) -> Response:
    """The row is settled: the list stays as it is filtered, and waits for the next choice."""
    if not view.is_partial:
        return view.goto("/desk")
    with view.reading() as session:
        left = desk_queue.counts(session, view.now, view.staff.id)["all"]
    part = view.page("done.html", left=left)
    part.headers["HX-Push-Url"] = "/desk"
    part.headers["HX-Trigger-After-Settle"] = "desk-done"
    return part


def _values(view: View, action: str, until: str, reason: str) -> dict[str, Any]:
    if action == "assign":
        return {"status": "assigned", "assigned_to": view.staff.id, "snoozed_until": None}
    if action == "release":
        return {"status": "open", "assigned_to": None, "snoozed_until": None}
    if action == "snooze" and until in SNOOZES:
        return {"status": "snoozed", "snoozed_until": wake_at(view, until)}
    if action == "close" and reason in CLOSE_REASONS:
        return {"status": "closed", "close_reason": reason, "closed_at": view.now}
    raise Refused("This can not be done with a row of the queue.", 400)


def wake_at(view: View, until: str) -> datetime:
    """When a snoozed row comes back: in an hour, or when the clinic opens tomorrow or in a week."""
    if until == "hour":
        return view.now + timedelta(hours=1)
    zone = ZoneInfo(view.desk.content.clinic.time_zone)
    day = view.now.astimezone(zone).date() + timedelta(days=1 if until == "tomorrow" else 7)
    return next_open(datetime.combine(day, time(), zone), view.desk.content.clinic)


def _who_was_faster(item: Any, people: dict[str, str]) -> str:
    if item.closed_at is not None:
        return "Somebody has closed this already."
    if item.assigned_to:
        return f"{people.get(item.assigned_to, 'A colleague')} has this now. Open it again to see what changed."
    return "Somebody changed this a moment ago. Open it again to see what changed."
