"""One line per conversation, kept in Redis, for several Rasa processes: messages are worked on in the order they came.

Rasa's own Redis lock store reads a lock, changes it and writes it back; two processes that do so at once draw the same
ticket and both go on (RasaHQ/rasa issue 7921). Here a line is a Redis list, changed by single commands and one script;
the ticket of a process that died is no longer renewed, and falls out of the line after LEASE_SECONDS.

While Redis is away the line is kept inside each process: patients are answered, advice in danger first of all. As the
web process sends a conversation to one Rasa process as long as it lives, the order holds then too.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import uuid4

from rasa.core.lock import TicketLock
from rasa.core.lock_store import LOCK_LIFETIME, LockError, LockStore
from rasa.utils.endpoints import EndpointConfig
from redis.asyncio import Redis
from redis.exceptions import RedisError

from bot.channels.queues import Queues

log = logging.getLogger(__name__)

LEASE_SECONDS = 6.0
POLL_SECONDS = 0.01
LONGEST_POLL_SECONDS = 0.1

# Whether a ticket is first in line; those before it whose lease ran out leave. -1: the ticket itself is gone.
_IS_FIRST = """
while true do
  local head = redis.call('LINDEX', KEYS[1], 0)
  if not head then return -1 end
  if head == ARGV[1] then return 1 end
  if redis.call('EXISTS', ARGV[2] .. head) == 1 then return 0 end
  redis.call('LPOP', KEYS[1])
end
"""


class RedisLocks(LockStore):
    """Rasa's lock store for several processes. endpoints.yml: `type: bot.serving.locks.RedisLocks`, `url: redis://…`"""

    def __init__(self, endpoint_config: EndpointConfig, lease_seconds: float = LEASE_SECONDS) -> None:
        self._redis: Redis[str] = Redis.from_url(endpoint_config.url, decode_responses=True, socket_timeout=5.0)
        self._first = self._redis.register_script(_IS_FIRST)
        self._lease = int(lease_seconds * 1000)
        self._own = Queues()
        super().__init__()

    @asynccontextmanager
    async def lock(
        self,
        conversation_id: str,
        lock_lifetime: float = LOCK_LIFETIME,
        wait_time_in_seconds: float = POLL_SECONDS,
    ) -> AsyncGenerator[TicketLock, None]:
        """Wait for one's turn, hold it, leave. Raises LockError after `lock_lifetime` seconds."""
        ticket = uuid4().hex
        line, lease = f"line:{{{conversation_id}}}", f"ticket:{{{conversation_id}}}:"
        renewing = asyncio.create_task(self._renew(lease + ticket, lock_lifetime))
        try:
            async with self._own.place(conversation_id):
                try:
                    await self._enter(line, lease, ticket)
                    await asyncio.wait_for(self._wait(line, lease, ticket, wait_time_in_seconds), lock_lifetime)
                except asyncio.TimeoutError as error:
                    raise LockError("Could not acquire a lock: another message holds it") from error
                except (RedisError, OSError) as error:
                    log.warning("Redis keeps no order: %s", type(error).__name__)
                yield TicketLock(conversation_id)
        finally:
            renewing.cancel()
            with suppress(RedisError, OSError):  # the lease ends by itself
                await self._leave(line, lease, ticket)

    async def _enter(self, line: str, lease: str, ticket: str) -> None:
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.set(lease + ticket, 1, px=self._lease)
            pipe.rpush(line, ticket)
            pipe.pexpire(line, 10 * 60 * 1000)
            await pipe.execute()

    async def _leave(self, line: str, lease: str, ticket: str) -> None:
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.lrem(line, 1, ticket)
            pipe.delete(lease + ticket)
            await pipe.execute()

    async def _wait(self, line: str, lease: str, ticket: str, pause: float) -> None:
        while True:
            place: Any = await self._first(keys=[line], args=[ticket, lease])
            if place == 1:
                return
            if place == -1:  # Redis forgot the line, or thought this process dead
                await self._enter(line, lease, ticket)
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, LONGEST_POLL_SECONDS)

    async def _renew(self, key: str, seconds: float) -> None:
        """Keep the ticket alive while this process is, but no longer than a turn may take."""
        for _ in range(int(seconds * 3000 / self._lease)):
            await asyncio.sleep(self._lease / 3000)
            with suppress(RedisError, OSError):
                await self._redis.set(key, 1, px=self._lease)
