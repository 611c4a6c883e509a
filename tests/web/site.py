"""A clinic's own website for tests: on another host than the chat, with a policy as strict as can be."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PAGE = """<!doctype html><html lang="en"><title>A clinic</title><meta name="viewport" content="width=device-width">
<h1>A clinic of its own</h1><p>{words}</p><script src="{chat}/widget.js" {attributes} defer></script>"""
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
        """Scripts and frames of the chat, nothing else: no styles, no connections, no markup from scripts."""
        return f"default-src 'none'; script-src {self.chat}; frame-src {self.chat}; require-trusted-types-for 'script'"


@contextmanager
def serving_site() -> Iterator[Site]:
    """The site, served on a host of its own until the end."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.asked.append(self.path)
            is_logo = self.path == "/logo.svg"
            body = LOGO if is_logo else PAGE.format(words=WORDS, chat=site.chat, attributes=site.attributes)
            self.send_response(200)
            self.send_header("Content-Type", "image/svg+xml" if is_logo else "text/html; charset=utf-8")
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
