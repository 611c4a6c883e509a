"""Security headers on every answer: only our own scripts and styles run, and only named sites may frame the chat."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Inline scripts and styles are not allowed anywhere; the chat component writes its styles through adopted style sheets.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:{images}; font-src 'self'; "
    "connect-src 'self'; frame-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; "
    "object-src 'none'; frame-ancestors {ancestors}"
)
FRAMED = "/chat"  # the only page that other sites may frame

STANDARD = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), browsing-topics=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}


HTTPS_ALONE = "max-age=31536000"  # seconds: for a year; other names of the clinic's domain are its own


class SecurityHeaders:
    """ASGI middleware; a header that the app set itself stays.

    Browsers are told to come by https alone where a request came so, or when `https` says that this is the way here.
    """

    def __init__(self, app: ASGIApp, embed_origins: tuple[str, ...] = (), https: bool = False) -> None:
        self.app = app
        self._https = https
        sites = "".join(f" {origin}" for origin in embed_origins)
        self._own = CONTENT_SECURITY_POLICY.format(ancestors="'none'", images="")
        self._framed = CONTENT_SECURITY_POLICY.format(ancestors=f"'self'{sites}", images=sites)  # a site's own logo

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        policy = self._framed if scope["path"] == FRAMED else self._own

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("Content-Security-Policy", policy)
                headers.setdefault("Cross-Origin-Resource-Policy", _resource_policy(scope["path"]))
                if self._https or scope["scheme"] == "https":  # as a trusted proxy says
                    headers.setdefault("Strict-Transport-Security", HTTPS_ALONE)
                for name, value in STANDARD.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_with_headers)


def _resource_policy(path: str) -> str:
    """Only what a site with the widget needs may be loaded from other origins."""
    return "cross-origin" if path in ("/widget.js", FRAMED) else "same-origin"
