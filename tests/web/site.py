"""A clinic's own website for tests: on another host than the chat, with a strict policy and styles for everything."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PAGE = """<!doctype html><html lang="en"><title>A clinic</title><meta name="viewport" content="width=device-width">
<link rel="stylesheet" href="/site.css">
<h1>A clinic of its own</h1><p>{words}</p><script src="{chat}/widget.js" {attributes} defer></script>"""
# What real sites do to every element of theirs, and none of it may reach the widget.
STYLES = """
html { font-size: 62.5%; }
* { letter-spacing: .3em; font-family: fantasy; text-transform: uppercase; line-height: 3; --brand: #ff0; }
body > * { position: relative; max-width: 20rem; margin: 3rem auto; padding: 2rem; }
body > * { opacity: .5; transform: rotate(2deg); }
:not(:defined), div:empty { display: none !important; }
"""
LOGO = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 90 40"><rect width="90" height="40" fill="#7a2e8e"/></svg>'
WORDS = "We look after your skin. " * 12


@dataclass
class Site:
    """`chat` is where the widget comes from; `attributes` those of its script tag; `origin` where the site is."""

    origin: str
    chat: str = ""
    attributes: str = ""
    asked: list[str] = field(default_factory=list)

    def policy(self) -> str:
        """Scripts and frames of the chat, the site's own style sheet: no connections, no markup from scripts."""
        allowed = f"script-src {self.chat}; frame-src {self.chat}; style-src 'self'"
        return f"default-src 'none'; {allowed}; require-trusted-types-for 'script'"


@contextmanager
def serving_site() -> Iterator[Site]:
    """The site, served on a host of its own until the end."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.asked.append(self.path)
            page = PAGE.format(words=WORDS, chat=site.chat, attributes=site.attributes)
            files = {"/logo.svg": ("image/svg+xml", LOGO), "/site.css": ("text/css", STYLES)}
            kind, body = files.get(self.path, ("text/html; charset=utf-8", page))
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Security-Policy", site.policy())
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site = Site(f"http://localhost:{server.server_port}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield site
    finally:
        server.shutdown()
