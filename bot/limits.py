"""How fast one visitor may send, so that nobody can keep the assistant from the others, or try out passwords.

Counted per window of time, in memory, or in Redis when several processes share the work. (Exact moving windows were
left out: in memory they walk over every visitor's requests at each request.) A Redis that is away limits nobody.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Mapping
from contextlib import suppress
from ipaddress import ip_address, ip_network

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage, RedisStorage, Storage
from limits.strategies import FixedWindowRateLimiter

log = logging.getLogger(__name__)

RATES: Mapping[str, str] = {
    "message": "120/minute",  # by conversation: far more than a person types
    "history": "120/minute",  # by conversation: a page asks when it is opened, looked at or connected again
    "address": "1200/minute",  # by address: messages and histories of everybody in a clinic or behind a carrier
    "session": "600/minute",  # by address: a whole clinic or town may share one
    "stream": "60/minute",  # by conversation: a page that reconnects in a loop
    "code": "30/hour",  # by address: codes typed to go on with another chat
    "sign_in": "30/minute",  # by address: staff of one clinic, each password a tenth of a second of the processor
    "password": "5/15 minutes",  # by address and account
}


def visitor(address: str) -> str:
    """Who an address counts as: of IPv6 the network of one home or phone, which chooses among its addresses freely."""
    with suppress(ValueError):
        found = ip_address(address)
        if found.version == 6 and found.ipv4_mapped is None:
            return str(ip_network((found, 64), strict=False))
    return address


class TooFast(RuntimeError):
    """More than the rate allows; `retry_after` is in whole seconds, at least 1."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"try again in {retry_after} s")
        self.retry_after = retry_after


class Counters(MemoryStorage):
    """Counters in memory. The library's start a thread at every hit to forget old ones; these look once a second."""

    _looked = 0.0

    def _MemoryStorage__schedule_expiry(self) -> None:  # the name under which the library calls it
        now = time.monotonic()
        if now - self._looked > 1.0:
            self._looked = now
            self._MemoryStorage__expire_events()


class Limits:
    """Limits per kind of request. `rates` maps a kind to "number/period", for example "120/minute"."""

    def __init__(self, redis_url: str | None = None, rates: Mapping[str, str] = RATES) -> None:
        self._items: dict[str, RateLimitItem] = {kind: parse(rate) for kind, rate in {**RATES, **rates}.items()}
        self._storage: Storage = RedisStorage(redis_url, socket_timeout=1) if redis_url else Counters()
        self._limiter = FixedWindowRateLimiter(self._storage)
        self._blocks = redis_url is not None

    async def hit(self, *counted: tuple[str, str]) -> None:
        """Count one request for each kind and who sent it; raises TooFast when it is one too many for any."""
        if self._blocks:
            await asyncio.to_thread(self.count, *counted)
        else:
            self.count(*counted)

    def count(self, *counted: tuple[str, str]) -> None:
        """As `hit`, where waiting for the counter holds up nobody else."""
        try:
            wait = max(self._hit(kind, who) for kind, who in counted)
        except Exception as error:  # whatever the counter's fault, the patient is served
            log.warning("rate limits are not counted: %s", type(error).__name__)
            return
        if wait:
            raise TooFast(wait)

    def is_spent(self, kind: str, who: str) -> bool:
        """Whether the next request of `who` will be one too many."""
        try:
            _, left = self._limiter.get_window_stats(self._items[kind], kind, who)
            return left == 0
        except Exception as error:  # as above
            log.warning("rate limits are not counted: %s", type(error).__name__)
            return False

    def forget(self, kind: str, who: str) -> None:
        """Let the counting of `who` begin anew."""
        try:
            self._limiter.clear(self._items[kind], kind, who)
        except Exception as error:  # as above
            log.warning("rate limits are not counted: %s", type(error).__name__)

    def _hit(self, kind: str, who: str) -> int:
        item = self._items[kind]
        if self._limiter.hit(item, kind, who):
            return 0
        reset, _ = self._limiter.get_window_stats(item, kind, who)
        return max(1, math.ceil(reset - time.time()))
