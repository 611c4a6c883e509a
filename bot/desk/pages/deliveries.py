"""The hand-over to the clinic's own systems, and emails and alerts: what waits or was given up, sending it again."""

from __future__ import annotations

from fastapi import Form
from starlette.responses import Response

from bot.desk.context import View
from bot.desk.routing import NotThere, Pages, Refused, Signed, Whole
from bot.store import audit, deliveries, desk_bookings, errands
from bot.store.deliveries import DeadLetter
from bot.store.engine import Session

pages = Pages()
SHOWN = 100
TARGETS = {
    "webhook": "Webhook",
    "fhir": "FHIR server",
    "clinic_calendar": "The clinic's calendar",
    "patient_calendar": "Patients' calendars",
    "scheduling_links": "Scheduling links",
}


@pages.get("/deliveries")
def dead_letters(view: Signed) -> Response:
    """What each system has, and the changes it could not be given, newest first."""
    with view.reading() as session:
        figures = deliveries.figures(session)
        off = deliveries.disabled(session)
        letters = deliveries.dead(session, SHOWN)
        unsent = errands.given_up(session, SHOWN)
        visits = desk_bookings.by_id(session, {letter.subject for letter in letters if letter.subject})
    rows = [(letter, visits.get(letter.subject or "")) for letter in letters]
    names = sorted({*figures, *off})
    words = {"rows": rows, "unsent": unsent, "TARGETS": TARGETS, "why": why}
    return view.page("deliveries.html", figures=figures, off=off, names=names, **words)


def why(letter: DeadLetter) -> str:
    """What stood against a delivery, in words for the front desk."""
    if letter.error == deliveries.DISABLED:
        return "The system was switched off."
    if letter.error.startswith("http "):
        return f"The system answered {letter.error.removeprefix('http ')}."
    if letter.error == "Untrusted":
        return "The mail server's certificate is not trusted; IT looks at SMTP_URL."
    return f"The system could not be reached ({letter.error})."


@pages.post("/deliveries/{position}/again")
def again(view: Signed, position: Whole) -> Response:
    """Give a dead letter ten more attempts, the first at once."""
    with view.changing() as session:
        if not deliveries.revive(session, position, view.now):
            raise NotThere(str(position))
        _record(view, session, "delivery.revived", f"delivery:{position}")
    return view.goto("/desk/deliveries")


@pages.post("/deliveries/unsent/{position}/again")
def unsent_again(view: Signed, position: Whole) -> Response:
    """Give an email or alert that was given up another round of attempts, the first at once."""
    with view.changing() as session:
        if not errands.revive(session, position, view.now):
            raise NotThere(str(position))
        _record(view, session, "errand.revived", f"errand:{position}")
    return view.goto("/desk/deliveries")


@pages.post("/deliveries/again")
def all_again(view: Signed, target: str = Form()) -> Response:
    """Send everything again that a system could not be given; a system that is switched off is switched on with it."""
    if target not in TARGETS:
        raise Refused("There is no such system.", 400)
    with view.changing() as session:
        deliveries.enable(session, target, view.now)
        deliveries.revive_all(session, target, view.now)
        _record(view, session, "deliveries.revived", f"target:{target}")
    return view.goto("/desk/deliveries")


def _record(view: View, session: Session, action: str, subject: str) -> None:
    audit.record(session, actor=view.staff.id, action=action, subject=subject, now=view.now)
