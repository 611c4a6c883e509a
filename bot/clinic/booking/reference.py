"""The reference of a visit, MG-7K4P2Q: how it is made, found in a text, and brought to the form that is stored."""

from __future__ import annotations

import re
import secrets

# Letters and digits that are not mistaken for one another when read aloud or off a screen.
ALPHABET = "234679ACDEFGHJKMNPQRTVWXY"
PREFIX, LENGTH = "MG-", 6
_WHOLE = re.compile(rf"\bMG[\s-]*([{ALPHABET}]{{{LENGTH}}})\b", re.IGNORECASE)
_BARE = re.compile(rf"\b(?=\w*\d)([{ALPHABET}]{{{LENGTH}}})\b", re.IGNORECASE)


def new_reference() -> str:
    """One of 240 million, drawn by lot."""
    return PREFIX + "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def normal_reference(typed: str) -> str:
    """The reference as stored, from how people type it: "mg 7k4p2q" is "MG-7K4P2Q"."""
    plain = "".join(sign for sign in typed.upper() if sign.isalnum())
    return PREFIX + (plain.removeprefix("MG") if len(plain) > LENGTH else plain)


def find_reference(text: str, *, bare: bool = False) -> str:
    """The reference in a text, as stored, or empty; `bare` also takes it without its first letters."""
    match = _WHOLE.search(text) or (_BARE.search(text) if bare else None)
    return f"{PREFIX}{match[1].upper()}" if match else ""


def without_reference(text: str) -> str:
    """The text with a reference in it left out: its digits are no telephone number."""
    return _WHOLE.sub(" ", text)
