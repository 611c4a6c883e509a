"""For admins: who may open the desk, and the log of what everybody did. For clinicians: settling a review."""

from __future__ import annotations

from typing import Annotated, cast, get_args

from fastapi import Form
from starlette.responses import Response

from bot.desk.pages.conversation import conversation_again
from bot.desk.routing import Admin, Clinician, Pages, Refused, Whole
from bot.desk.security import own_address
from bot.store import audit, desk_ownership, desk_queue, errands, screenings
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
        former = screenings.latest(session, conversation_id)
        if former is None or former.id != screening or former.outcome != "clinician_review":
            raise Refused("This screening was settled before.", 409)
        settled = screenings.settle(session, former, cast(Outcome, outcome), view.staff.id, view.now)
        audit.record(
            session,
            actor=view.staff.id,
            action="screening.reviewed",
            subject=f"screening:{settled.id}",
            now=view.now,
            details={"outcome": outcome},
        )
        text = view.desk.words.say(view.desk.content, f"review_{outcome}")
        say = {"text": text, "metadata": {"kind": "outcome", "outcome": outcome, "reasons": list(settled.reasons)}}
        desk_ownership.tell_patient(session, conversation_id, view.staff.id, say, view.now)
        told = {"event": "slot", "name": "screening_outcome", "value": outcome}  # a booking waits for this in Rasa
        errands.put(session, "tracker", conversation_id, told, view.now)
        desk_queue.close_kind(session, conversation_id, "review", "reviewed", actor=view.staff.id, now=view.now)
    return conversation_again(view, conversation_id, item)
