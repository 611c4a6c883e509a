"""What every page of the desk works with: `Desk`, one per app, and `View`, one per request."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bot.clinic.content import Content
from bot.desk import present
from bot.desk.live import Live
from bot.desk.security import Signer
from bot.desk.words import Words
from bot.limits import Limits
from bot.settings import Settings
from bot.store.desk_search import SearchIndex
from bot.store.engine import Session, Sessions, reading, unit_of_work
from bot.store.models import StaffUser

HERE = Path(__file__).resolve().parent
Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The present moment, aware."""
    return datetime.now(timezone.utc)


@contextmanager
def keeping(sessions: Sessions) -> Iterator[Session]:
    """A session that only reads; the rows that were read stay readable when it is closed."""
    with reading(sessions) as session:
        yield session
        session.expunge_all()


@dataclass
class Desk:
    """One installation's desk: where its data is, what the clinic says, how pages are made."""

    settings: Settings
    sessions: Sessions
    content: Content
    words: Words
    clock: Clock = utc_now
    invites_patients: bool = False  # whether patients get calendar invitations to confirmed visits
    live: Live = field(init=False)
    signer: Signer = field(init=False)
    limits: Limits = field(init=False)
    pages: Environment = field(init=False)
    search: SearchIndex = field(default_factory=SearchIndex)
    kept_figures: dict[int, tuple[datetime, dict[str, Any]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.live = Live(self.sessions, lambda: self.clock())  # noqa: PLW0108 - a test changes the clock later
        self.signer = Signer(self.settings.secret)
        self.limits = Limits(self.settings.redis_url)
        self.pages = _environment(self)

    @property
    def zone(self) -> ZoneInfo:
        """The clinic's time zone; every time on a page is in it."""
        return ZoneInfo(self.content.clinic.time_zone)


@dataclass
class View:
    """One request by somebody signed in."""

    desk: Desk
    request: Request
    staff: StaffUser
    session_id: str
    now: datetime

    @property
    def is_partial(self) -> bool:
        """Whether htmx asks for a part of the page."""
        headers = self.request.headers
        return headers.get("hx-request") == "true" and headers.get("hx-history-restore-request") != "true"

    @property
    def csrf(self) -> str:
        return self.desk.signer.csrf(self.session_id)

    def may(self, *roles: str) -> bool:
        """Whether the person has one of the roles."""
        return self.staff.role in roles

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that only reads; its rows stay readable afterwards, for the page."""
        with keeping(self.desk.sessions) as session:
            yield session

    @contextmanager
    def changing(self) -> Iterator[Session]:
        """One unit of work, committed when the block ends without an error; open pages hear of it at once."""
        with unit_of_work(self.desk.sessions) as session:
            yield session
            session.commit()
        self.desk.live.wake()

    def page(self, template: str, code: int = 200, **values: Any) -> HTMLResponse:
        """A page or a part of one."""
        html = self.desk.pages.get_template(template).render(view=self, desk=self.desk, now=self.now, **values)
        return HTMLResponse(html, status_code=code, headers={"Vary": "HX-Request"})

    def goto(self, path: str) -> Response:
        """Send the browser to another page of the desk."""
        if self.is_partial:
            return Response(headers={"HX-Redirect": path})
        return RedirectResponse(path, status_code=303)


def _environment(desk: Desk) -> Environment:
    pages = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.globals.update(static=_static, words=desk.words, content=desk.content, **present.GLOBALS)
    pages.filters.update(present.filters(desk.zone, desk.content.next_steps.topics))
    return pages


def _static(name: str) -> str:
    """The address of a static file, which changes with its bytes, so that browsers may keep it for good."""
    digest = hashlib.sha256((HERE / "static" / name).read_bytes()).hexdigest()[:12]
    return f"/desk/static/{name}?v={digest}"
