"""For admins: who may open the desk, and the log of what everybody did. For clinicians: settling a review."""

from __future__ import annotations

from typing import Annotated, cast, get_args

from fastapi import Form
from starlette.responses import Response

from bot.clinic.screening import Screening
from bot.clinic.screening.whom import Whom, called
from bot.desk.context import View
from bot.desk.pages.conversation import conversation_again
from bot.desk.routing import Admin, Clinician, Pages, Refused, Whole
from bot.desk.security import own_address
from bot.store import audit, bookings, desk_ownership, desk_queue, errands, screenings
from bot.store import staff as users
from bot.store.terms import Outcome, Role

pages = Pages()
Field = Annotated[str, Form()]
PAGE = 100
NO_ADDRESS = (
    "The link cannot be made: nobody has said under which address this desk is reached from outside. "
    "Set MESOGUIDE_PUBLIC_URL, or MESOGUIDE_HOSTS, and start again."
)


@pages.get("/staff")
def staff(view: Admin) -> Response:
    """Everybody, and a form for one-time links."""
    with view.reading() as session:
        people = users.everybody(session)
    return view.page("staff.html", users=people, link=None)


@pages.post("/staff/invite")
def invite(view: Admin, role: Field, staff_id: Field = "") -> Response:
    """A one-time link, shown once: for somebody new, or for a colleague who forgot the password."""
    if role not in get_args(Role):
        raise Refused("There is no such role.", 400)
    address = own_address(view.desk.settings, view.request)
    if not address:
        raise Refused(NO_ADDRESS, 400)
    with view.changing() as session:
        secret = users.make_link(
            session, role=cast(Role, role), actor=view.staff.id, now=view.now, staff_id=staff_id or None
        )
    with view.reading() as session:
        people = users.everybody(session)
    return view.page("staff.html", users=people, link=f"{address}/desk/join/{secret}")


@pages.post("/staff/{staff_id}")
def change(view: Admin, staff_id: str, role: Field, active: Field = "") -> Response:
    """Another role, or no access any more."""
    if role not in get_args(Role):
        raise Refused("There is no such role.", 400)
    try:
        with view.changing() as session:
            users.change_user(
                session, staff_id, role=cast(Role, role), active=bool(active), actor=view.staff.id, now=view.now
            )
    except users.StaffError as error:
        raise Refused(str(error), 400) from None
    return view.goto("/desk/staff")


@pages.get("/log")
def log(view: Admin, subject: str = "", before: Whole = 0) -> Response:
    """The audit log, newest first."""
    with view.reading() as session:
        entries = audit.history(session, subject or None, before or None, PAGE)
        people = users.names(session)
    following = entries[-1].id if len(entries) == PAGE else None
    return view.page("log.html", entries=entries, people=people, subject=subject, following=following)


@pages.post("/c/{conversation_id}/review")
def review(view: Clinician, conversation_id: str, outcome: Field, screening: Field, item: Field = "") -> Response:
    """A clinician settles what the rules left open: a new screening that amends the former, and word to the patient."""
    if outcome not in ("suitable", "not_suitable"):
        raise Refused("There is no such outcome.", 400)
    with view.changing() as session:
        current = {one.id: one for one in screenings.current(session, conversation_id)}
        former = current.pop(screening, None)
        if former is None or former.outcome != "clinician_review":
            raise Refused("This screening was settled before.", 409)
        settled = screenings.settle(session, former, cast(Outcome, outcome), view.staff.id, view.now)
        whom = Whom.of(Screening.from_dict(former.answers))
        alike = view.desk.content.screening.somebody_else.alike(whom.person)
        visits = bookings.of_visitor(session, conversation_id, whom.about, alike)
        bookings.rescreen(session, visits, settled.id, outcome, actor=view.staff.id, now=view.now)
        audit.record(
            session,
            actor=view.staff.id,
            action="screening.reviewed",
            subject=f"screening:{settled.id}",
            now=view.now,
            details={"outcome": outcome},
        )
        text = _told(view, outcome, whom)
        say = {"text": text, "metadata": {"kind": "outcome", "outcome": outcome, "reasons": list(settled.reasons)}}
        desk_ownership.tell_patient(session, conversation_id, view.staff.id, say, view.now)
        told = {"event": "slot", "name": "screening_outcome", "value": outcome}
        errands.put(session, "tracker", conversation_id, told, view.now)
        others = [screenings.review_key(one) for one in current.values()]  # of other people, who still wait
        desk_queue.close_kind(
            session, conversation_id, "review", "reviewed", actor=view.staff.id, now=view.now, besides=others
        )
    return conversation_again(view, conversation_id, item)


def _told(view: View, outcome: str, whom: Whom) -> str:
    """What the patient hears of it, of themself or of whom they asked for."""
    words, content = view.desk.words, view.desk.content
    if whom.about == "self":
        return words.say(content, f"review_{outcome}")
    return words.say(content, f"review_{outcome}_other", person=called(whom, content))
