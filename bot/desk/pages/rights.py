"""For admins: a person's data handed out, and a person erased, from the page of their conversation.

While a colleague has a chat the assistant is silent, so that nobody else could do what the patient asks for there.
"""

from __future__ import annotations

import json
from typing import Annotated, Literal

from fastapi import Form
from starlette.responses import Response

from bot.clinic.report.handout import handout
from bot.desk.routing import Admin, Pages, Refused
from bot.store import conversations, privacy

pages = Pages()
TYPES = {"json": "application/json", "html": "text/html; charset=utf-8"}


@pages.get("/c/{conversation_id}/data")
def data(view: Admin, conversation_id: str) -> Response:
    """What there is of the person, counted, with the ways to hand it out and to erase it."""
    with view.reading() as session:
        chat = conversations.get_conversation(session, conversation_id)
        rows = privacy.export_conversation(session, conversation_id)
        stay = len(privacy.visits_that_stay(session, conversation_id, view.now))
    counts = {name: len(some) for name, some in rows.items() if some}
    days = view.desk.content.clinic.privacy.visit_record_days
    return view.page("data.html", chat=chat, counts=counts, stay=stay if days else 0)


@pages.post("/c/{conversation_id}/data/export")
def export(view: Admin, conversation_id: str, form: Annotated[Literal["json", "html"], Form()] = "json") -> Response:
    """Everything stored about the person, as a file for programs or a page to read; the audit log has that it left."""
    with view.changing() as session:
        conversations.get_conversation(session, conversation_id)
        rows = privacy.export_conversation(session, conversation_id)
        privacy.note_export(session, conversation_id, rows, actor=view.staff.id, now=view.now)
    made = handout(rows, view.desk.content, view.now) if form == "html" else json.dumps(rows, ensure_ascii=False)
    name = {"Content-Disposition": f'attachment; filename="{conversation_id}.{form}"', "Cache-Control": "no-store"}
    return Response(made, media_type=TYPES[form], headers=name)


@pages.post("/c/{conversation_id}/data/erase")
def erase(view: Admin, conversation_id: str, sure: Annotated[str, Form()] = "") -> Response:
    """Everything of the person goes, but the record of visits that the law makes a clinic keep."""
    if sure != "1":
        raise Refused("Tick that you are sure: this cannot be undone.", 400)
    with view.changing() as session:
        conversations.get_conversation(session, conversation_id)
        days = view.desk.content.clinic.privacy.visit_record_days
        privacy.erase_conversation(session, conversation_id, actor=view.staff.id, now=view.now, visit_record_days=days)
    return view.goto("/desk")
