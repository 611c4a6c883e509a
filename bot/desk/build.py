"""Puts the desk together: content and words are read, pages mounted; nothing runs before `lifespan`."""

from __future__ import annotations

from fastapi import APIRouter, Request

from bot.clinic.content import load_content
from bot.desk.context import Clock, Desk, utc_now
from bot.desk.pages import ALL
from bot.desk.routing import Refused, route_class, signed_in
from bot.desk.words import load_words
from bot.handover.settings import HandoverSettings
from bot.settings import Settings
from bot.store.engine import Sessions


class DeskRouter(APIRouter):
    """The routes under /desk and the desk behind them."""

    desk: Desk


def create_router(settings: Settings, sessions: Sessions, clock: Clock = utc_now) -> DeskRouter:
    """The desk's pages; raises SettingError, ContentError or WordsError naming what is wrong."""
    invites = HandoverSettings.from_env().invite_patients
    desk = Desk(settings, sessions, load_content(settings.content), load_words(), clock, invites)
    router = DeskRouter(prefix="/desk", route_class=route_class(desk), include_in_schema=False)
    router.desk = desk
    for pages in ALL:
        for method, path, handler in pages.routes:
            router.add_api_route(path, handler, methods=[method], response_model=None)
    router.add_api_route("/{address:path}", _no_page, methods=["GET"], response_model=None)  # the last: all the others
    return router


def _no_page(request: Request, address: str) -> None:
    if not address.startswith("static/"):
        signed_in(request)
    raise Refused("The desk has no page at this address.", 404)
