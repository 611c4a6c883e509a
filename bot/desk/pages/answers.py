"""Answers that teach the bot: written by the desk, approved by a clinician, live at once; versions and retirement."""

from __future__ import annotations

import re
from datetime import date
from functools import partial
from typing import Annotated

from fastapi import Form
from starlette.responses import Response

from bot.clinic.answers import has_answer
from bot.clinic.content import MAX_GRADE, grade
from bot.desk.context import View
from bot.desk.meaning import ENCODER, encode
from bot.desk.pages.questions import distinct, topics
from bot.desk.preview import READ, changed_by
from bot.desk.routing import Clinician, NotThere, Pages, Refused, Signed
from bot.store import answers_learned, desk_figures, desk_ownership, desk_questions, training_export
from bot.store.answers_learned import Draft
from bot.store.desk_models import LearnedAnswer

pages = Pages()
Field = Annotated[str, Form()]
Many = Annotated[list[str] | None, Form()]
LONGEST = 1200
LONGEST_TITLE = 160  # characters, as the table has room for
PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


@pages.get("/answers")
def answers(view: Signed, state: str = "") -> Response:
    """All answers of the desk: what waits for a clinician, what is live, what is due for review."""
    with view.reading() as session:
        rows = answers_learned.listed(session)
        proposed = len(training_export.examples(session))
    today = view.now.astimezone(view.desk.zone).date()
    shown = [row for row in rows if not state or row.state == state]
    overdue = view.desk.content.overdue(today)
    values = {"state": state, "today": today, "proposed": proposed, "overdue": overdue}
    return view.page("answers.html", rows=shown, every=rows, **values)


@pages.get("/answers/new")
def new(view: Signed, group: str = "") -> Response:
    """An empty form, with a group's wordings when the answer is for one."""
    items = []
    if group:
        with view.reading() as session:
            drafts = answers_learned.drafts_of(session, [group])
            if drafts:
                return view.goto(f"/desk/answers/{drafts[group][0].answer_id}")
            items = distinct([one.item for one in desk_questions.members(session, group)])
    return _new(view, group=group, items=items)


@pages.post("/answers/new")
def write(  # noqa: PLR0913, PLR0917 - the fields of the form
    view: Signed,
    title: Field = "",
    text: Field = "",
    topic: Field = "",
    extra: Field = "",
    group: Field = "",
    review_by: Field = "",
    facts: Many = None,
    items: Many = None,
) -> Response:
    """Keep a draft; nothing of it is said before a clinician approves it."""
    with view.reading() as session:
        members = [one.item for one in desk_questions.members(session, group)] if group else []
    known = {item.id: item for item in members}
    asked = [(known[id_].question or "", id_) for id_ in items or [] if id_ in known]
    asked += [(line.strip(), None) for line in extra.splitlines() if line.strip()]  # type: ignore[misc]
    again = partial(_new, view, group=group, items=distinct(members), title=title, text=text, topic=topic, extra=extra)
    error = _problem(view, title, text, bool(asked))
    if error:
        return again(400, error=error)
    vectors = encode([words for words, _ in asked])
    wordings = [(words, vector, id_) for (words, id_), vector in zip(asked, vectors, strict=True)]
    draft = _draft(view, title, text, topic, facts, review_by)
    with view.changing() as session:
        desk_questions.get(session, group, lock=True)
        drafts = answers_learned.drafts_of(session, [group]).get(group, [])
        if not drafts:
            row = answers_learned.write(
                session, draft, wordings, encoder=ENCODER, author=view.staff, now=view.now, group_id=group or None
            )
            answer_id = row.id
    if drafts:
        return again(409, other=drafts[0])
    return view.goto(f"/desk/answers/{answer_id}")


@pages.get("/answers/{answer_id}")
def answer(view: Signed, answer_id: str, error: str = "") -> Response:
    """One answer: the draft to decide on, what is live, all versions, and how patients liked each."""
    return _page(view, answer_id)


@pages.get("/answers/{answer_id}/preview")
def preview(view: Signed, answer_id: str) -> Response:
    """Which older questions would be answered differently once the draft is approved."""
    with view.reading() as session:
        _get(session, answer_id)
        older = changed_by(session, answer_id, encode, ENCODER, partial(has_answer, view.desk.content))
    return view.page("answer_preview.html", older=older, read=READ)


@pages.post("/answers/{answer_id}/revise")
def revise(  # noqa: PLR0913, PLR0917 - the fields of the form
    view: Signed,
    answer_id: str,
    title: Field = "",
    text: Field = "",
    topic: Field = "",
    extra: Field = "",
    review_by: Field = "",
    facts: Many = None,
) -> Response:
    """A new version as a draft, with more wordings; what is live stays as it is until the draft is approved."""
    asked = [line.strip() for line in extra.splitlines() if line.strip()]
    with view.changing() as session:
        row = _get(session, answer_id)
        error = _problem(view, title, text, True)
        if error:
            raise Refused(error, 400)
        if asked:
            wordings = [(words, vector, None) for words, vector in zip(asked, encode(asked), strict=True)]
            answers_learned.add_wordings(session, row, wordings, encoder=ENCODER, now=view.now)
        try:
            draft = _draft(view, title, text, topic, facts, review_by)
            answers_learned.revise(session, row, draft, author=view.staff, now=view.now)
        except answers_learned.NotPossible as problem:
            raise Refused(str(problem), 409) from None
    return view.goto(f"/desk/answers/{answer_id}")


@pages.post("/answers/{answer_id}/approve")
def approve(view: Clinician, answer_id: str, revision: Field, tell: Field = "") -> Response:
    """From now on the bot gives this answer; who asked before is told, if the clinician says so."""
    with view.changing() as session:
        _get(session, answer_id)
        try:
            chats = answers_learned.approve(session, revision, clinician=view.staff, now=view.now)
        except answers_learned.NotPossible as problem:
            raise Refused(str(problem), 409) from None
        said = answers_learned.live(session, answer_id)
        for chat in chats if tell and said else []:
            words = view.desk.content.fill(said.text) if said else ""
            text = view.desk.words.say(view.desk.content, "answered_now", answer=words)
            say = {"text": text, "metadata": {**said.metadata(), "notice": "answered_now"}} if said else {}
            desk_ownership.tell_patient(session, chat, view.staff.id, say, view.now)
    return view.goto(f"/desk/answers/{answer_id}")


@pages.post("/answers/{answer_id}/reject")
def reject(view: Clinician, answer_id: str, revision: Field) -> Response:
    """The draft is not said."""
    with view.changing() as session:
        try:
            answers_learned.reject(session, revision, clinician=view.staff, now=view.now)
        except answers_learned.NotPossible as problem:
            raise Refused(str(problem), 409) from None
    return view.goto(f"/desk/answers/{answer_id}")


@pages.post("/answers/{answer_id}/retire")
def retire(view: Signed, answer_id: str) -> Response:
    """The bot no longer gives this answer."""
    if not view.may("clinician", "admin"):
        raise Refused("A clinician or an admin retires an answer.")
    with view.changing() as session:
        try:
            answers_learned.retire(session, answer_id, actor=view.staff.id, now=view.now)
        except answers_learned.NotPossible as problem:
            raise Refused(str(problem), 409) from None
    return view.goto(f"/desk/answers/{answer_id}")


@pages.get("/training")
def training(view: Signed) -> Response:
    """Wordings proposed for the next training, to approve or reject one by one."""
    with view.reading() as session:
        proposed = training_export.examples(session)
        approved = training_export.examples(session, "approved")
    return view.page("training.html", proposed=proposed, approved=approved)


@pages.post("/training")
def decide(view: Clinician, approved: Many = None, rejected: Many = None) -> Response:
    """Approve and reject proposed training examples."""
    with view.changing() as session:
        for ids, status in ((approved, "approved"), (rejected, "rejected")):
            for id_ in ids or []:
                training_export.decide(session, id_, status, actor=view.staff.id, now=view.now)  # type: ignore[arg-type]
    return view.goto("/desk/training")


def _page(view: View, answer_id: str) -> Response:
    with view.reading() as session:
        row = _get(session, answer_id)
        revisions = answers_learned.revisions(session, answer_id)
        wordings = answers_learned.wordings_of(session, answer_id)
        waiting = {wording.id for wording in answers_learned.waiting_wordings(session, answer_id)}
        thumbs = desk_figures.thumbs_of(session, f"learned:{answer_id}")
    draft = next((one for one in revisions if one.status == "draft"), None)
    newest = draft or next((one for one in revisions if one.id == row.live_revision_id), revisions[0])
    level = grade(view.desk.content.fill(newest.text), view.desk.content.terms)
    return _form(
        view,
        "answer.html",
        answer=row,
        revisions=revisions,
        wordings=wordings,
        waiting=waiting,
        thumbs=thumbs,
        draft=draft,
        newest=newest,
        level=level,
        hard=level > MAX_GRADE,
    )


def _new(view: View, status: int = 200, **values: object) -> Response:
    """The form for a new answer; `other` is a draft that is there already for the same questions."""
    empty = {"title": "", "text": "", "topic": None, "extra": "", "error": "", "other": None}
    return _form(view, "answer_new.html", status, **{**empty, **values})


def _form(view: View, template: str, status: int = 200, **values: object) -> Response:
    facts = view.desk.content.facts.texts
    return view.page(template, status, topics=topics(view), facts=facts, longest=LONGEST, **values)


def _get(session: object, answer_id: str) -> LearnedAnswer:
    row = answers_learned.get(session, answer_id)  # type: ignore[arg-type]
    if row is None:
        raise NotThere(answer_id)
    return row


def _draft(  # noqa: PLR0913, PLR0917 - the fields of the form
    view: View, title: str, text: str, topic: str, facts: list[str] | None, review_by: str
) -> Draft:
    known = view.desk.content.facts.texts
    try:
        day = date.fromisoformat(review_by) if review_by else None
    except ValueError:
        raise Refused("The review date is not a date.", 400) from None
    chosen = [fact for fact in facts or [] if fact in known]
    return Draft(title.strip(), text.strip(), chosen, topic if topic in topics(view) else None, day)


def _problem(view: View, title: str, text: str, has_wordings: bool) -> str:
    if not title.strip() or not text.strip():
        return "An answer needs a title and a text."
    if len(title.strip()) > LONGEST_TITLE:
        return f"The title has {len(title.strip())} characters; at most {LONGEST_TITLE}."
    if len(text) > LONGEST:
        return f"The text has {len(text)} characters; at most {LONGEST}."
    unknown = PLACEHOLDER.findall(view.desk.content.fill(text))
    if unknown:
        return f"{{{unknown[0]}}} stands for nothing. Patients would read the braces."
    return "" if has_wordings else "Choose or write at least one wording of the question."
