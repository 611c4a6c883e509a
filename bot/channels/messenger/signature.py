"""Whether a webhook call comes from Meta: HMAC-SHA256 of the raw body with the app's secret, and nothing weaker.

https://developers.facebook.com/docs/messenger-platform/webhooks (X-Hub-Signature-256)
"""

from __future__ import annotations

import hashlib
import hmac

HEADER = "X-Hub-Signature-256"
PREFIX = "sha256="


def sign(body: bytes, app_secret: str) -> str:
    """The header's value for a body."""
    return PREFIX + hmac.new(app_secret.encode(), body, hashlib.sha256).hexdigest()


def is_signed(body: bytes, header: str | None, app_secret: str) -> bool:
    """Whether the header signs exactly these bytes; compared in constant time. Never true without a secret."""
    if not app_secret or not header:
        return False
    return hmac.compare_digest(sign(body, app_secret).encode(), header.strip().encode("utf-8", "replace"))


def same_token(given: str | None, expected: str) -> bool:
    """Whether the verify token is ours; compared in constant time. Never true without a token."""
    if not expected or not given:
        return False
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())
