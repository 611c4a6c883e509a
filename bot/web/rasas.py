"""Which of several Rasa processes a request goes to: one conversation goes to the same one while it answers.

Rendezvous hashing: with a process gone its conversations are spread over the others, and nobody else moves. Any process
may answer any conversation (state is in the database, order in Redis); keeping to one saves waiting.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from hashlib import blake2b


def order(addresses: Sequence[str], conversation: str) -> list[str]:
    """The addresses, best first, for a conversation."""
    if len(addresses) == 1:
        return list(addresses)

    def weight(address: str) -> bytes:
        return blake2b(f"{conversation} {address}".encode(), digest_size=8).digest()

    return sorted(addresses, key=weight)


def conversation_of(authorization: str, otherwise: str) -> str:
    """The conversation a token names, unverified: Rasa checks it. `otherwise` for a request without a token."""
    parts = authorization.removeprefix("Bearer ").split(".")
    if len(parts) != 3:
        return otherwise
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        return str(claims["sub"])
    except (ValueError, KeyError, TypeError):
        return otherwise
