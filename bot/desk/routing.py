"""How a request reaches a page: signed in, with the right role, changes with their token; errors become pages."""

from __future__ import annotations

import asyncio
import logging
import re
import traceback
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Annotated, Any
from urllib.parse import quote, unquote

from fastapi import Depends
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bot.desk.context import Desk, View, keeping
from bot.desk.security import HEADERS, equal, same_site, token_of
from bot.store import staff_sessions
from bot.store.conversations import UnknownConversation
from bot.store.engine import unit_of_work
from bot.store.models import StaffUser

log = logging.getLogger(__name__)
Handler = Callable[[Request], Coroutine[Any, Any, Response]]
Whole = Annotated[int, Field(ge=0, lt=2**63)]  # a number in an address or a form that a database takes
BACKGROUND = re.compile(r"/desk/events|/desk/c/[^/]+/news")  # what a page asks by itself, whoever sits before it
OPEN_PATHS = ("/desk/login", "/desk/join")  # changes that nobody signed in makes; they carry a token of their own


class SignInFirst(Exception):
    """Nobody is signed in on this browser."""


class Refused(Exception):
    """The person may not do this, or the change did not come from our page; the message says which."""

    def __init__(self, why: str, status: int = 403) -> None:
        super().__init__(why)
        self.status = status


class NotThere(LookupError):
    """There is no such thing (any more)."""


@dataclass
class Pages:
    """The handlers of one module, by method and path, for `create_router` to mount."""

    routes: list[tuple[str, str, Callable[..., Any]]] = field(default_factory=list)

    def get(self, path: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        return self._add("GET", path)

    def post(self, path: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        return self._add("POST", path)

    def _add(self, method: str, path: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        def remember(handler: Callable[..., Any]) -> Callable[..., Any]:
            self.routes.append((method, path, handler))
            return handler

        return remember


def route_class(desk: Desk) -> type[APIRoute]:
    """FastAPI's route with the desk's rules around every handler."""

    class DeskRoute(APIRoute):
        def get_route_handler(self) -> Handler:
            inner = super().get_route_handler()

            async def handle(request: Request) -> Response:
                request.state.desk = desk
                try:
                    await _admit(request, desk)
                    response = await inner(request)
                except Exception as error:
                    response = _answer(error, request, desk)
                for name, value in HEADERS.items():
                    response.headers.setdefault(name, value)
                return response

            return handle

    return DeskRoute


async def _admit(request: Request, desk: Desk) -> None:
    """Who is signed in; a change needs a page of ours behind it."""
    found = await asyncio.to_thread(_who, request, desk)
    request.state.staff, request.state.session_id = found or (None, None)
    _refuse_nul(request.url.path, unquote(request.url.query))
    if request.method == "GET" or request.url.path.startswith(OPEN_PATHS):
        _refuse_nul(*await _typed(request))
        return
    if found is None:
        raise SignInFirst
    if not same_site(request.headers) or not equal(await token_of(request), desk.signer.csrf(found[1])):
        raise Refused("This change did not come from the desk's page. Reload the page and try again.")
    _refuse_nul(*await _typed(request))


async def _typed(request: Request) -> list[str]:
    """What was typed into the form of a change."""
    if request.method == "GET":
        return []
    return [value for _, value in (await request.form()).multi_items() if isinstance(value, str)]


def _refuse_nul(*texts: str) -> None:
    """No keyboard types this character, and PostgreSQL takes no text that holds it: refused before it gets there."""
    if any("\0" in text for text in texts):
        raise Refused("There is a character in this that no keyboard types. Type it anew.", 400)


def _who(request: Request, desk: Desk) -> tuple[StaffUser, str] | None:
    session_id = desk.signer.session_id(request)
    if session_id is None:
        return None
    now = desk.clock()
    with keeping(desk.sessions) as session:
        found = staff_sessions.who(session, session_id, now)
    if found is None:
        return None
    if found[1] and not _is_background(request):
        with unit_of_work(desk.sessions) as session:
            staff_sessions.touch(session, session_id, now)
            session.commit()
    return found[0], session_id


def _is_background(request: Request) -> bool:
    """Whether the page refreshes itself, which is no use of the session by a person."""
    return "x-desk-live" in request.headers or BACKGROUND.fullmatch(request.url.path) is not None


def signed_in(request: Request) -> View:
    """Dependency: the view of whoever is signed in; raises SignInFirst."""
    state = request.state
    if state.staff is None:
        raise SignInFirst
    return View(state.desk, request, state.staff, state.session_id, state.desk.clock())


def only(*roles: str) -> Callable[[Request], View]:
    """Dependency: like signed_in, for people with one of these roles; raises Refused."""

    def allowed(request: Request) -> View:
        view = signed_in(request)
        if not view.may(*roles):
            raise Refused(f"This needs the role {' or '.join(role.replace('_', ' ') for role in roles)}.")
        return view

    return allowed


def _answer(error: Exception, request: Request, desk: Desk) -> Response:
    """The one place where the desk's errors become answers."""
    if isinstance(error, SignInFirst):
        return _to_login(request)
    if isinstance(error, Refused):
        return _problem(desk, request, error.status, str(error))
    if isinstance(error, (NotThere, UnknownConversation)):
        return _problem(desk, request, 404, "This is not there any more. Somebody may have removed it.")
    if isinstance(error, RequestValidationError):
        return _problem(desk, request, 400, "Something in this request is missing or has the wrong form.")
    if isinstance(error, HTTPException):
        return _problem(desk, request, error.status_code, str(error.detail))
    last = traceback.extract_tb(error.__traceback__)[-1]
    log.error("the desk failed: %s at %s:%s", type(error).__name__, last.filename, last.lineno)
    return _problem(desk, request, 500, "Something went wrong here. Nothing was changed. Please try again.")


def _to_login(request: Request) -> Response:
    if request.headers.get("hx-request") == "true":
        return Response(headers={"HX-Redirect": "/desk/login"})
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    target = "/desk/login" if request.method != "GET" else f"/desk/login?next={quote(wanted, safe='')}"
    return RedirectResponse(target, status_code=303)


def _problem(desk: Desk, request: Request, status: int, why: str) -> Response:
    part = request.headers.get("hx-request") == "true"
    template = desk.pages.get_template("part_problem.html" if part else "problem.html")
    return HTMLResponse(template.render(status=status, why=why), status_code=status)


Signed = Annotated[View, Depends(signed_in)]
Clinician = Annotated[View, Depends(only("clinician"))]
Admin = Annotated[View, Depends(only("admin"))]
