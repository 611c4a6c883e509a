"""Screenings: why one ended as it did, the same as FHIR, and whose outcome other rules would change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import File, UploadFile
from starlette.responses import JSONResponse, Response

from bot.clinic.content import Content, ContentError, load_with_screening
from bot.clinic.screening import Screening
from bot.clinic.screening.explain import explain
from bot.clinic.screening.fhir import Decided, questionnaire, response
from bot.clinic.screening.replay import Replayed, decide, replay
from bot.desk.context import View
from bot.desk.routing import NotThere, Pages, Refused, Signed
from bot.store import audit, contents, conversations, screenings, screenings_stored, staff
from bot.store.engine import Session
from bot.store.models import Conversation

pages = Pages()
LARGEST = 200_000  # bytes of a screening.yml
SHOWN = 200  # differences on the page
FHIR = "application/fhir+json"


@pages.get("/screenings/rules")
def rules(view: Signed) -> Response:
    """The rules at hand, and the screenings that they decide otherwise than those they were decided by."""
    with view.changing() as session:
        done = replay(screenings_stored.current(session), view.desk.content.screening)
        screenings_stored.note_differing(session, len(done.differences))
        was = _was(session, done)
    return _rules(view, view.desk.content, done, was)


@pages.post("/screenings/rules")
def try_rules(view: Signed, file: Annotated[UploadFile, File()]) -> Response:
    """The same for a screening.yml that is not in use yet. Nothing of it is kept."""
    if not view.may("clinician", "admin"):
        raise Refused("This needs the role clinician or admin.")
    raw = file.file.read(LARGEST + 1)
    if len(raw) > LARGEST:
        raise Refused(f"The file is larger than {LARGEST // 1000} kB.", 413)
    try:
        content = load_with_screening(view.desk.settings.content, raw)
    except ContentError as error:
        return _rules(view, view.desk.content, Replayed(), {}, problems=[str(one) for one in error.problems])
    with view.reading() as session:
        done = replay(screenings_stored.current(session), content.screening)
        was = _was(session, done)
    return _rules(view, content, done, was, name=(file.filename or "screening.yml")[:80])


@pages.get("/screenings/questionnaire")
def questions(view: Signed) -> Response:
    """The FHIR Questionnaire of the rules at hand."""
    made = questionnaire(view.desk.content)
    return _download(made, f"questionnaire-{view.desk.content.screening.version}.json")


@pages.get("/screenings/{screening_id}")
def screening(view: Signed, screening_id: str) -> Response:
    """Each answer as typed and as understood, and the rule that fired. Opening it is written to the audit log."""
    opened = _opened(view, screening_id, "screening.viewed")
    row, rules = opened.row, view.desk.content.screening
    return view.page(
        "screening.html",
        screening=row,
        explained=explain(Screening.from_dict(row.answers), opened.content or view.desk.content),
        is_of_its_day=opened.content is not None,
        by_the_rules="clinician_review" if opened.settled_by else row.outcome,  # what was settled was left to them
        today=decide(row.answers, rules).outcome,
        rules_of_today=rules.version,
        chat=opened.chat,
        history=opened.history,
        settled_by=opened.settled_by,
    )


@pages.get("/screenings/{screening_id}/fhir")
def fhir(view: Signed, screening_id: str) -> Response:
    """The FHIR QuestionnaireResponse of one screening, as it was decided."""
    opened = _opened(view, screening_id, "screening.exported")
    row = opened.row
    made = response(
        Screening.from_dict(row.answers),
        opened.content or view.desk.content,
        id=row.id,
        decided_at=row.decided_at,
        decided=Decided(row.outcome, row.reasons, row.rules_version, opened.settled_by),
    )
    return _download(made, f"screening-{row.id}.json")


@dataclass(frozen=True)
class _Opened:
    """A screening with its chat, the screenings beside it, who settled it, and the content it was decided by (None: not
    on record)."""

    row: screenings.Screening
    chat: Conversation
    history: list[screenings.Screening]
    settled_by: str
    content: Content | None


def _opened(view: View, screening_id: str, action: str) -> _Opened:
    with view.changing() as session:
        row = screenings.get(session, screening_id)
        if row is None:
            raise NotThere(screening_id)
        audit.record(session, actor=view.staff.id, action=action, subject=f"screening:{screening_id}", now=view.now)
        clinician = screenings.settled_by(row.answers)
        opened = _Opened(
            row,
            conversations.get_conversation(session, row.conversation_id),
            screenings.history(session, row.conversation_id),
            staff.names(session).get(clinician, clinician) if clinician else "",
            contents.by_which(session, row, view.desk.content),
        )
        session.expunge_all()
    return opened


def _was(session: Session, done: Replayed) -> dict[str, list[str]]:
    return screenings_stored.reasons(session, [one.id for one in done.differences[:SHOWN]])


def _rules(  # noqa: PLR0913, PLR0917 - what the page shows
    view: View, content: Content, done: Replayed, was: dict[str, list[str]], name: str = "",
    problems: list[str] | None = None,
) -> Response:  # fmt: skip
    rules = content.screening
    code = 422 if problems else 200
    shown = {"rules": rules, "done": done, "was": was, "name": name, "problems": problems or [], "shown": SHOWN}
    return view.page("rules.html", code, **shown)


def _download(resource: dict[str, Any], name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return JSONResponse(resource, headers=headers, media_type=FHIR)
