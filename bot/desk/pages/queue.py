"""The queue: one list, most urgent first."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, cast, get_args
from urllib.parse import urlencode

from starlette.responses import Response

from bot.desk.context import View
from bot.desk.routing import Pages, Signed
from bot.store import desk_questions, desk_queue, screenings_stored, staff
from bot.store.desk_queue import Wanted
from bot.store.engine import Session
from bot.store.models import Conversation
from bot.store.terms import TriageKind
from bot.store.triage import Cursor

pages = Pages()
PAGE = 50
CLOSED = 200  # newest of the rows closed lately
KINDS = get_args(TriageKind)


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
        closed=show == "closed",
        channel=channel or None,
        text=q.strip()[:100],
    )
    with view.reading() as session:
        rows = desk_queue.page(
            session,
            wanted,
            view.now,
            after=_cursor(after),
            limit=CLOSED if wanted.closed else PAGE,
            index=view.desk.search,
        )
        counts = desk_queue.counts(session, view.now, view.staff.id)
        people = staff.names(session)
        rowless = _rowless(session, wanted)
        named = desk_queue.names(session, [chat.id for chat in rowless])
        differing = screenings_stored.differing(session)
        groups = desk_questions.groups_of(session, [row.item.id for row in rows.rows if row.item.kind == "question"])
    filters = {"kind": kind, "show": show, "channel": channel, "q": q}
    here = {key: value for key, value in filters.items() if value}
    following = urlencode({**here, "after": _text(rows.next)}) if rows.next else ""
    return {
        "rows": rows,
        "counts": counts,
        "people": people,
        "differing": differing,
        "groups": groups,
        "rowless": rowless,
        "named": named,
        "filters": filters,
        "following": following,
        "first": urlencode(here),
        "listed": urlencode({**here, **({"after": after} if after else {})}),
        "is_later_page": bool(after),
    }


def _rowless(session: Session, wanted: Wanted) -> list[Conversation]:
    """Chats beside the rows: those that a search finds, and among one's own those that one has."""
    if wanted.text and not wanted.closed:
        return desk_queue.chats_without_rows(session, wanted.text)
    return desk_queue.held_without_rows(session, wanted.mine) if wanted.mine else []


def _text(cursor: Cursor) -> str:
    return f"{cursor[0]}~{cursor[1].isoformat()}~{cursor[2]}"


def _cursor(text: str) -> Cursor | None:
    try:
        urgency, created, item_id = text.split("~")
        return min(max(int(urgency), 0), 99), datetime.fromisoformat(created).astimezone(timezone.utc), item_id
    except (ValueError, OverflowError):
        return None
