"""The one way out to the mail server: encrypted only to a server whose certificate is trusted."""

from __future__ import annotations

import logging
import smtplib
import ssl
from email.message import EmailMessage
from urllib.parse import parse_qs, unquote, urlsplit

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 15  # shorter than an attempt of the hand-over


class Untrusted(OSError):
    """The mail server's certificate is not trusted; nothing was sent, no password either."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"the mail server in SMTP_URL shows a certificate that is not trusted ({reason}); name the host as its "
            "certificate does, or add the authority that signed it to this machine's certificates"
        )


def send(url: str, message: EmailMessage) -> None:
    """Send one email over `smtp://user:password@host:port?starttls=1` or `smtps://…`; raises OSError (Untrusted for a
    certificate) or smtplib.SMTPException."""
    try:
        with _connect(url) as server:
            server.send_message(message)
    except ssl.SSLCertVerificationError as error:
        refused = Untrusted(error.verify_message)
        log.warning("%s", refused)
        raise refused from error


def _connect(url: str) -> smtplib.SMTP:
    parts, trusted = urlsplit(url), ssl.create_default_context()
    host, port = parts.hostname or "localhost", parts.port or 0
    if parts.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_SECONDS, context=trusted)
    else:
        server = smtplib.SMTP(host, port, timeout=TIMEOUT_SECONDS)
    try:
        if parse_qs(parts.query).get("starttls") == ["1"]:
            server.starttls(context=trusted)
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
    except BaseException:
        server.close()
        raise
    return server
