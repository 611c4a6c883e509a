"""Staff passwords: argon2id through argon2-cffi, and what a password must be."""

from __future__ import annotations

from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST = 12
LONGEST = 256


class WeakPassword(ValueError):
    """A password that is too easy to guess; the message says what is expected."""


@lru_cache(maxsize=1)
def _hasher() -> PasswordHasher:
    return PasswordHasher()


def hashed(password: str, *, email: str = "") -> str:
    """The hash to store; raises WeakPassword."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise WeakPassword(f"The password needs {SHORTEST} to {LONGEST} characters; four words in a row are good.")
    own = (email.casefold(), email.casefold().partition("@")[0])
    if len(set(password)) < 5 or (email and password.casefold() in own):
        raise WeakPassword("This password is easy to guess; take four words that only you would put together.")
    return _hasher().hash(password)


def matches(password: str, stored: str) -> bool:
    """Whether this is the password of a stored hash."""
    try:
        return _hasher().verify(stored, password[:LONGEST])
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(stored: str) -> bool:
    """Whether a hash was made with weaker settings than today's."""
    return _hasher().check_needs_rehash(stored)


@lru_cache(maxsize=1)
def nobodys() -> str:
    """A hash that no password matches, so that an unknown email takes as long as a wrong password."""
    import secrets

    return _hasher().hash(secrets.token_urlsafe(32))
