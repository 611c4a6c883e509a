"""Unanswered questions, grouped by meaning: what to do about a group."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form
from starlette.responses import Response

from bot.desk.context import View
from bot.desk.routing import NotThere, Pages, Refused, Signed
from bot.store import desk_questions
from bot.store.desk_questions import Asked
from bot.store.models import TriageItem

pages = Pages()
Field = Annotated[str, Form()]
PAGE = 25
STATUSES = {"open": "Open", "answered": "Answered", "topic": "Given to a topic", "out_of_scope": "Out of scope"}


@pages.get("/questions")
def questions(view: Signed, status: str = "open", start: int = 0) -> Response:
    """Groups of questions, those that most patients asked first."""
    chosen = status if status in STATUSES else "open"
    with view.reading() as session:
        groups, more = desk_questions.page(session, chosen, max(start, 0), PAGE)  # type: ignore[arg-type]
    following = start + PAGE if more else None
    return view.page("questions.html", groups=groups, status=chosen, statuses=STATUSES, following=following)


@pages.get("/questions/{group_id}")
def group(view: Signed, group_id: str) -> Response:
    """One group: its wordings, the chats behind them, and what can be done."""
    with view.reading() as session:
        row = desk_questions.get(session, group_id)
        if row is None:
            raise NotThere(group_id)
        asked = desk_questions.members(session, group_id)
    return view.page("question.html", group=row, asked=asked, topics=topics(view), nearest=_nearest(asked))


@pages.post("/questions/{group_id}/topic")
def to_topic(view: Signed, group_id: str, topic: Field, items: Annotated[list[str] | None, Form()] = None) -> Response:
    """The questions belong to a topic the bot knows: the chosen wordings become proposed training examples."""
    if topic not in topics(view):
        raise Refused("There is no such topic.", 400)
    with view.changing() as session:
        chosen = [one.item for one in desk_questions.members(session, group_id) if one.item.id in (items or [])]
        if not chosen:
            raise Refused("Choose at least one wording.", 400)
        if not desk_questions.settle(session, group_id, "topic", "topic", actor=view.staff.id, now=view.now):
            raise Refused("Somebody has decided about these questions before you.", 409)
        desk_questions.propose(session, topic, chosen, actor=view.staff.id, now=view.now)
    return view.goto("/desk/questions")


@pages.post("/questions/{group_id}/out-of-scope")
def out_of_scope(view: Signed, group_id: str) -> Response:
    """Not a matter of the clinic: the questions leave the queue."""
    with view.changing() as session:
        if not desk_questions.settle(
            session, group_id, "out_of_scope", "out_of_scope", actor=view.staff.id, now=view.now
        ):
            raise Refused("Somebody has decided about these questions before you.", 409)
    return view.goto("/desk/questions")


def topics(view: View) -> dict[str, str]:
    """The topics a question can belong to: intent -> what staff read."""
    return {name: title for name, title in view.desk.content.next_steps.topics.items() if name.startswith("ask_")}


def distinct(items: list[TriageItem]) -> list[TriageItem]:
    """One item per wording, the newest of each."""
    return list({(item.question or "").casefold().strip(): item for item in reversed(items)}.values())


def _nearest(asked: list[Asked]) -> str:
    """The topic the bot found nearest, most often."""
    found = [name for one in asked for name in (one.item.details.get("nearest") or [])[:1]]
    return max(set(found), key=found.count) if found else ""
