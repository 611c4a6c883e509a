"""Signing in and out, one-time links, and the second factor."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime, timedelta
from typing import Annotated

import pyotp
from fastapi import Form, Request
from starlette.responses import RedirectResponse, Response

from bot.desk import present
from bot.desk.context import Desk, keeping
from bot.desk.routing import Pages, Refused, Signed
from bot.desk.security import COOKIE, PATH, SIGN_IN_COOKIE, equal, new_token, same_site, set_cookie
from bot.limits import TooFast, visitor
from bot.store import audit, staff, staff_sessions
from bot.store.engine import Session, unit_of_work
from bot.store.models import StaffUser
from bot.store.passwords import WeakPassword

pages = Pages()
Field = Annotated[str, Form()]
_KEY = re.compile(r"[A-Z2-7]{32}")  # as pyotp.random_base32 makes it
WRONG = "Email, password or code is wrong."


@pages.get("/login")
def login_page(request: Request, next: str = "") -> Response:
    """The sign-in form."""
    if request.state.staff is not None:
        return RedirectResponse(_inside(next), status_code=303)
    return _form(request, "login.html", next=next, error="", email="")


@pages.post("/login")
def login(  # noqa: PLR0913, PLR0917 - the fields of the form
    request: Request, token: Field = "", email: Field = "", password: Field = "", code: Field = "", next: Field = ""
) -> Response:
    """Sign in; the answer to a wrong password says nothing about which part was wrong.

    Wrong passwords are counted by address and account, so that nobody shuts out a colleague, or a whole clinic.
    """
    desk: Desk = request.state.desk
    _from_our_form(request, token)
    now, email = desk.clock(), email[: staff.LONGEST_ADDRESS]
    address = visitor(request.client.host if request.client else "")
    guess = _hidden(f"{address} {email.strip().lower()}")
    try:
        desk.limits.count(("sign_in", address), ("password", guess))
        with unit_of_work(desk.sessions) as session:
            user = staff.check_password(session, email, password, now)
            if user is not None and user.totp_secret and not _code_counts(session, user, code, now):
                staff.note_wrong_code(session, user, now)
                user = None
            if user is None and desk.limits.is_spent("password", guess):
                staff.note_guesses(session, email, now)
            live = staff_sessions.start(session, user, now) if user else None
            session.commit()
    except TooFast as fast:
        return _shut(request, timedelta(seconds=fast.retry_after), next, email)
    except staff.Locked as locked:
        return _shut(request, locked.until - now, next, email)
    if live is None:
        return _form(request, "login.html", status=401, next=next, error=WRONG, email=email)
    desk.limits.forget("password", guess)
    response = RedirectResponse(_inside(next), status_code=303)
    set_cookie(response, request, COOKIE, desk.signer.sign(live.id), production=desk.settings.production)
    response.delete_cookie(SIGN_IN_COOKIE, path=PATH)
    return response


def _shut(request: Request, left: timedelta, next: str, email: str) -> Response:
    wait = present.lasting(left)
    why = f"Too many wrong passwords or codes. Try again in {wait if wait != 'just now' else 'a minute'}."
    return _form(request, "login.html", status=429, next=next, error=why, email=email)


@pages.post("/logout")
def logout(view: Signed) -> Response:
    """Sign this browser out."""
    with view.changing() as session:
        staff_sessions.end(session, view.session_id, view.now)
        audit.record(
            session, actor=view.staff.id, action="staff.signed_out", subject=f"staff:{view.staff.id}", now=view.now
        )
    response = view.goto("/desk/login")
    response.delete_cookie(COOKIE, path=PATH)
    return response


@pages.get("/join/{secret}")
def join_page(request: Request, secret: str) -> Response:
    """Where a one-time link leads: choose a password."""
    desk: Desk = request.state.desk
    with keeping(desk.sessions) as session:
        link = staff.find_link(session, secret, desk.clock())
    if link is None:
        raise Refused("This link was used or is too old. Ask an admin for a new one.", 410)
    return _form(request, "join.html", secret=secret, link=link, error="", email="", name="")


@pages.post("/join/{secret}")
def join(  # noqa: PLR0913, PLR0917 - the fields of the form
    request: Request, secret: str, token: Field = "", email: Field = "", name: Field = "", password: Field = ""
) -> Response:
    """Turn a one-time link into a user, or into a new password."""
    desk: Desk = request.state.desk
    _from_our_form(request, token)
    with keeping(desk.sessions) as session:
        link = staff.find_link(session, secret, desk.clock())
    try:
        with unit_of_work(desk.sessions) as session:
            staff.use_link(session, secret, email=email, name=name, password=password, now=desk.clock())
            session.commit()
    except (WeakPassword, staff.StaffError) as error:
        if link is None:
            raise Refused(str(error), 410) from None
        return _form(request, "join.html", 400, secret=secret, link=link, error=str(error), email=email, name=name)
    return RedirectResponse("/desk/login", status_code=303)


@pages.get("/account")
def account(view: Signed) -> Response:
    """One's own page: role and second factor."""
    return view.page("account.html", secret=None, code_image=None, error="")


@pages.post("/account/code")
def offer_code(view: Signed) -> Response:
    """A fresh secret for an authenticator app, shown once; it counts from the first right code on."""
    _not_on_yet(view)
    return _offer(view, pyotp.random_base32(), "")


@pages.post("/account/code/confirm")
def confirm_code(view: Signed, secret: Field, code: Field) -> Response:
    """Switch the second factor on when the app shows the right code."""
    _not_on_yet(view)
    if not _KEY.fullmatch(secret):  # it comes back from our own form; anything else is no key
        raise Refused("This is not the key that was shown. Begin again.", 400)
    if not pyotp.TOTP(secret).verify(code.strip(), for_time=view.now, valid_window=1):
        return _offer(view, secret, "This code does not fit. Wait for the next one and try again.")
    return _set_code(view, secret, "staff.code_on")


@pages.post("/account/code/off")
def remove_code(view: Signed, code: Field) -> Response:
    """Switch the second factor off; it takes a right code."""
    if not view.staff.totp_secret:
        raise Refused("The second factor is off already.", 409)
    with view.changing() as session:
        fits = _code_counts(session, view.staff, code, view.now)
    if not fits:
        return view.page("account.html", 400, secret=None, code_image=None, error="This code does not fit.")
    return _set_code(view, None, "staff.code_off")


def _not_on_yet(view: Signed) -> None:
    """A second factor that is on is switched off with a code of its own first; a session alone does not replace it."""
    if view.staff.totp_secret:
        raise Refused("The second factor is on. Switch it off first.", 409)


def _set_code(view: Signed, secret: str | None, action: str) -> Response:
    with view.changing() as session:
        user = session.merge(view.staff)
        user.totp_secret = secret
        audit.record(session, actor=user.id, action=action, subject=f"staff:{user.id}", now=view.now)
    return view.goto("/desk/account")


def _offer(view: Signed, secret: str, error: str) -> Response:
    import segno

    name = f"{view.desk.content.clinic.name}: {view.staff.email}"
    address = pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name="Mesoguide desk")
    image = segno.make(address, micro=False).svg_data_uri(scale=5, border=2)
    return view.page("account.html", 400 if error else 200, secret=secret, code_image=image, error=error)


def _code_counts(session: Session, user: StaffUser, code: str, at: datetime) -> bool:
    """Whether this is the app's code of now, or of the half minute before or after, and was not used before."""
    maker = pyotp.TOTP(str(user.totp_secret))
    steps = [maker.timecode(at) + offset for offset in (-1, 0, 1)]
    step = next((one for one in steps if equal(maker.generate_otp(one), code.strip())), None)
    return bool(user.totp_secret) and step is not None and staff.use_code(session, user, step)


def _hidden(text: str) -> str:
    """A name for a counter from which nobody reads who it is of."""
    return hashlib.sha256(text.encode()).hexdigest()


def _inside(path: str) -> str:
    """Where to go after signing in: a page of the desk, never another site."""
    return path if path.startswith("/desk") and "\\" not in path and "//" not in path else "/desk"


def _form(request: Request, template: str, status: int = 200, **values: object) -> Response:
    """A form for somebody who is not signed in, tied to this browser by a cookie."""
    from starlette.responses import HTMLResponse

    desk: Desk = request.state.desk
    token = request.cookies.get(SIGN_IN_COOKIE) or new_token()
    html = desk.pages.get_template(template).render(token=token, **values)
    response = HTMLResponse(html, status_code=status)
    set_cookie(response, request, SIGN_IN_COOKIE, token, production=desk.settings.production)
    return response


def _from_our_form(request: Request, token: str) -> None:
    cookie = request.cookies.get(SIGN_IN_COOKIE, "")
    if not cookie or not equal(cookie, token) or not same_site(request.headers):
        raise Refused("This form is too old. Reload the page and try again.")
