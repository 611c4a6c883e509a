"""Unanswered questions, grouped by meaning: what to do about a group."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form
from starlette.responses import Response

from bot.clinic.desk.meaning import most_alike
from bot.desk.context import View
from bot.desk.meaning import ENCODER, encode
from bot.desk.routing import NotThere, Pages, Refused, Signed, Whole
from bot.store import answers_learned, desk_groups, desk_questions
from bot.store.desk_questions import Asked, Shown
from bot.store.engine import Session
from bot.store.models import TriageItem

pages = Pages()
Field = Annotated[str, Form()]
Many = Annotated[list[str] | None, Form()]
PAGE = 25
ALIKE = 8  # other groups offered for joining
DECIDED = "Somebody has decided about these questions before you."
STATUSES = {
    "open": "Open",
    "answered": "Answered",
    "topic": "Given to a topic",
    "out_of_scope": "Out of scope",
    "settled": "Closed one by one",
}


@pages.get("/questions")
def questions(view: Signed, status: str = "open", start: Whole = 0) -> Response:
    """Groups of questions, those that most patients asked first."""
    chosen = status if status in STATUSES else "open"
    with view.reading() as session:
        groups, more = desk_questions.page(session, chosen, max(start, 0), PAGE)  # type: ignore[arg-type]
        drafts = answers_learned.drafts_of(session, [one.group.id for one in groups])
    following = start + PAGE if more else None
    values = {"status": chosen, "statuses": STATUSES, "following": following}
    return view.page("questions.html", groups=groups, drafts=drafts, **values)


@pages.get("/questions/{group_id}")
def group(view: Signed, group_id: str) -> Response:
    """One group: its wordings, the chats behind them, and what can be done."""
    with view.reading() as session:
        row = desk_questions.get(session, group_id)
        if row is None:
            raise NotThere(group_id)
        asked = desk_questions.members(session, group_id)
        alike = _alike(session, group_id) if row.status == "open" else []
        drafts = answers_learned.drafts_of(session, [group_id]).get(group_id, [])
    values = {"topics": topics(view), "nearest": _nearest(asked), "statuses": STATUSES}
    return view.page("question.html", group=row, asked=asked, alike=alike, drafts=drafts, **values)


@pages.post("/questions/{group_id}/join")
def join(view: Signed, group_id: str, other: Field = "") -> Response:
    """Another group asks the same: the two become one and stay so."""
    if not other:
        raise Refused("Choose the questions that ask the same.", 400)
    with view.changing() as session:
        if not desk_groups.join(session, group_id, other, actor=view.staff.id, now=view.now):
            raise Refused(DECIDED, 409)
    return view.goto(f"/desk/questions/{group_id}")


@pages.post("/questions/{group_id}/split")
def split(view: Signed, group_id: str, items: Many = None) -> Response:
    """The wordings that are not ticked ask something else: they get a group of their own."""
    with view.reading() as session:
        chosen = [one.item for one in desk_questions.members(session, group_id) if one.item.id not in (items or [])]
    vectors = encode([item.question or "" for item in chosen]) if chosen else []
    with view.changing() as session:
        by_item = {item.id: vector for item, vector in zip(chosen, vectors, strict=True)}
        new = desk_groups.split_off(session, group_id, by_item, actor=view.staff.id, now=view.now)
    if new is None:
        raise Refused("Untick the wordings that ask something else; at least one has to stay.", 400)
    return view.goto(f"/desk/questions/{group_id}")


@pages.post("/questions/{group_id}/topic")
def to_topic(view: Signed, group_id: str, topic: Field, items: Many = None) -> Response:
    """The questions belong to a topic the bot knows: the chosen wordings become proposed training examples."""
    if topic not in topics(view):
        raise Refused("There is no such topic.", 400)
    with view.changing() as session:
        chosen = [one.item for one in desk_questions.members(session, group_id) if one.item.id in (items or [])]
        if not chosen:
            raise Refused("Choose at least one wording.", 400)
        if desk_questions.settle(session, group_id, "topic", "topic", actor=view.staff.id, now=view.now) is None:
            raise Refused(DECIDED, 409)
        desk_questions.propose(session, topic, chosen, actor=view.staff.id, now=view.now)
    return view.goto("/desk/questions")


@pages.post("/questions/{group_id}/out-of-scope")
def out_of_scope(view: Signed, group_id: str) -> Response:
    """Not a matter of the clinic: the questions leave the queue."""
    with view.changing() as session:
        actor = view.staff.id
        if desk_questions.settle(session, group_id, "out_of_scope", "out_of_scope", actor=actor, now=view.now) is None:
            raise Refused(DECIDED, 409)
    return view.goto("/desk/questions")


def topics(view: View) -> dict[str, str]:
    """The topics a question can belong to: intent -> what staff read."""
    return {name: title for name, title in view.desk.content.next_steps.topics.items() if name.startswith("ask_")}


def distinct(items: list[TriageItem]) -> list[TriageItem]:
    """One item per wording, the newest of each."""
    return list({(item.question or "").casefold().strip(): item for item in reversed(items)}.values())


def _alike(session: Session, group_id: str) -> list[Shown]:
    """The open groups that ask most nearly the same."""
    groups = desk_questions.open_groups(session, ENCODER)
    mine = next((one for one in groups if one.id == group_id), None)
    return desk_questions.shown(session, [id_ for id_, _ in most_alike(mine, groups, ALIKE)]) if mine else []


def _nearest(asked: list[Asked]) -> str:
    """The topic the bot found nearest, most often."""
    found = [name for one in asked for name in (one.item.details.get("nearest") or [])[:1]]
    return max(set(found), key=found.count) if found else ""
