"""Cookies, tokens and headers of the desk: who is signed in, and that a change was asked for by one of our pages."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping

from itsdangerous import BadSignature, TimestampSigner
from starlette.requests import Request
from starlette.responses import Response

from bot.settings import SettingError, Settings
from bot.store.staff_sessions import ABSOLUTE

COOKIE = "desk"
SIGN_IN_COOKIE = "desk_sign_in"
PATH = "/desk"
LOOPBACK = ("localhost", "127.0.0.1", "::1")
_PLAIN_HOST = re.compile(r"[a-z0-9.-]+(:\d{1,5})?|\[[0-9a-f:]+\](:\d{1,5})?", re.IGNORECASE)
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Signer:
    """Signs session ids for the cookie, and derives the token that every change carries."""

    def __init__(self, secret: str) -> None:
        if not secret:
            raise SettingError("MESOGUIDE_SECRET is empty; the desk needs it to sign its cookies")
        self._signer = TimestampSigner(secret, salt="mesoguide.desk.session", digest_method=hashlib.sha256)
        self._key = hmac.digest(secret.encode(), b"mesoguide desk csrf", "sha256")

    def sign(self, session_id: str) -> str:
        """The cookie's value."""
        return self._signer.sign(session_id).decode()

    def session_id(self, request: Request) -> str | None:
        """The session id of a request's cookie; None when there is none or it is not ours or too old."""
        try:
            cookie = request.cookies.get(COOKIE, "")
            return self._signer.unsign(cookie, max_age=int(ABSOLUTE.total_seconds())).decode()
        except BadSignature:
            return None

    def csrf(self, session_id: str) -> str:
        """The token of a session's forms."""
        return hmac.new(self._key, session_id.encode(), hashlib.sha256).hexdigest()


def same_site(headers: Mapping[str, str]) -> bool:
    """Whether the browser says that the request comes from a page of ours; browsers that say nothing pass."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is None or origin.split("//", 1)[-1] == headers.get("host")


def own_address(settings: Settings, request: Request) -> str:
    """The address under which this installation is reached, for a link that somebody else will open.

    It is MESOGUIDE_PUBLIC_URL. Without that a request says it, but anybody can write any host into a request: only one
    of MESOGUIDE_HOSTS, this machine itself and HOST are believed. Empty when there is none.
    """
    if settings.public_url:
        return settings.public_url
    host = request.headers.get("host", "")
    name = re.sub(r":\d+$", "", host).lower().strip("[]")
    of_a_domain = any(one.startswith("*.") and name.endswith(one[1:].lower()) for one in settings.hosts)
    is_known = of_a_domain or name in {*map(str.lower, settings.hosts), *LOOPBACK, settings.host}
    return f"{request.url.scheme}://{host}" if is_known and _PLAIN_HOST.fullmatch(host) else ""


async def token_of(request: Request) -> str:
    """The token a change carries: as a header from htmx, as a field from a plain form."""
    header = request.headers.get("x-csrf-token")
    return header if header else str((await request.form()).get("csrf", ""))


def equal(one: str, other: str) -> bool:
    """Compare secrets without telling by the time taken where they differ."""
    return hmac.compare_digest(one.encode(), other.encode())


def set_cookie(response: Response, request: Request, name: str, value: str, *, production: bool) -> None:
    """A cookie that scripts cannot read and other sites cannot send."""
    secure = production or request.url.scheme == "https"
    response.set_cookie(name, value, path=PATH, httponly=True, samesite="lax", secure=secure)


def new_token() -> str:
    """A fresh random token."""
    return secrets.token_urlsafe(24)
