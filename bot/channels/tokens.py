"""The token a website visitor holds: it names one conversation and opens no other.

A JSON Web Token signed with a key derived from MESOGUIDE_SECRET. Its time limit is checked against the time passed in.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

import jwt

from bot.settings import SettingError

LIFETIME = timedelta(days=30)
REMEMBERED = 4096  # tokens whose signature was checked
_ALGORITHM = "HS256"


class BadToken(ValueError):
    """A token that is missing, forged, for another purpose or too old."""


@dataclass(frozen=True)
class Issued:
    """A signed token and how many seconds it opens its conversation."""

    token: str
    expires_in: int


class Tokens:
    """Issues and reads the tokens of one channel (`audience`); a token of another channel is refused."""

    def __init__(self, secret: str, audience: str, lifetime: timedelta = LIFETIME) -> None:
        if not secret:
            raise SettingError("MESOGUIDE_SECRET is empty; set it to a long random text, it signs the patients' tokens")
        self._key = hashlib.sha256(f"mesoguide token {secret}".encode()).digest()
        self._audience = audience
        self._lifetime = lifetime
        self._claims = lru_cache(maxsize=REMEMBERED)(self._verified)

    def issue(self, conversation_id: str, now: datetime) -> Issued:
        """A token for one conversation."""
        claims = {"sub": conversation_id, "aud": self._audience, "exp": int((now + self._lifetime).timestamp())}
        return Issued(jwt.encode(claims, self._key, _ALGORITHM), int(self._lifetime.total_seconds()))

    def read(self, token: str, now: datetime) -> str:
        """The conversation's id; raises BadToken."""
        conversation_id, expires = self._claims(token)
        if expires <= now.timestamp():
            raise BadToken("this token is too old")
        return conversation_id

    def _verified(self, token: str) -> tuple[str, float]:
        """Whom a token is for and until when, its signature checked; a chat sends the same token with every message."""
        options = {"require": ["sub", "exp", "aud"], "verify_exp": False}
        try:
            claims = jwt.decode(token, self._key, [_ALGORITHM], audience=self._audience, options=options)
        except jwt.InvalidTokenError as error:
            raise BadToken("not a token of this clinic") from error
        return str(claims["sub"]), claims["exp"]
