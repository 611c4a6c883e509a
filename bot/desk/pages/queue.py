"""The queue: one list, most urgent first, and what can be done with a row."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Annotated, Any, cast, get_args
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import Form
from starlette.responses import Response

from bot.clinic.desk.hours import next_open
from bot.desk.context import View
from bot.desk.present import CLOSE_REASONS
from bot.desk.routing import NotThere, Pages, Refused, Signed
from bot.store import desk_queue, staff
from bot.store.desk_queue import Wanted
from bot.store.terms import TriageKind
from bot.store.triage import Cursor

pages = Pages()
Field = Annotated[str, Form()]
PAGE = 50
KINDS = get_args(TriageKind)
SNOOZES = ("hour", "tomorrow", "week")


@pages.get("")
def queue(  # noqa: PLR0913, PLR0917 - the filters of the list
    view: Signed, kind: str = "", show: str = "", channel: str = "", q: str = "", after: str = ""
) -> Response:
    """The list, whole or as the part that refreshes itself."""
    values = listing(view, kind, show, channel, q, after)
    target = view.request.headers.get("hx-target")
    template = "queue_rows.html" if view.is_partial and target == "queue" else "queue.html"
    return view.page(template, chat=None, **values)


def listing(  # noqa: PLR0913, PLR0917 - the filters of the list
    view: View, kind: str = "", show: str = "", channel: str = "", q: str = "", after: str = ""
) -> dict[str, Any]:
    """What the list's template needs."""
    wanted = Wanted(
        kinds=(cast(TriageKind, kind),) if kind in KINDS else (),
        mine=view.staff.id if show == "mine" else None,
        free=show == "free",
        snoozed=show == "snoozed",
        channel=channel or None,
        text=q.strip()[:100],
    )
    with view.reading() as session:
        rows = desk_queue.page(session, wanted, view.now, after=_cursor(after), limit=PAGE, index=view.desk.search)
        counts = desk_queue.counts(session, view.now, view.staff.id)
        people = staff.names(session)
    filters = {"kind": kind, "show": show, "channel": channel, "q": q}
    here = {key: value for key, value in filters.items() if value}
    following = urlencode({**here, "after": _text(rows.next)}) if rows.next else ""
    return {
        "rows": rows,
        "counts": counts,
        "people": people,
        "filters": filters,
        "following": following,
        "address": urlencode({**here, **({"after": after} if after else {})}),
        "is_later_page": bool(after),
    }


@pages.post("/items/{item_id}/{action}")
def act(  # noqa: PLR0913, PLR0917 - the fields of the forms
    view: Signed, item_id: str, action: str, seen: Field, until: Field = "", reason: Field = "", forced: Field = ""
) -> Response:
    """Assign to me, release, snooze or close; refused when the row is not as the page showed it."""
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
            seen=datetime.fromisoformat(seen),
            actor=view.staff.id,
            now=view.now,
            forced=bool(forced),
            **values,
        )
        people = staff.names(session)
    if not done:
        raise Refused(_who_was_faster(before.item, people), 409)
    after = "" if action == "close" else f"?item={item_id}"
    target = "/desk" if action in ("close", "snooze") else f"/desk/c/{before.item.conversation_id}{after}"
    return view.goto(target)


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


def _text(cursor: Cursor) -> str:
    return f"{cursor[0]}~{cursor[1].isoformat()}~{cursor[2]}"


def _cursor(text: str) -> Cursor | None:
    try:
        urgency, created, item_id = text.split("~")
        return int(urgency), datetime.fromisoformat(created), item_id
    except ValueError:
        return None
