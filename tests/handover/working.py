"""A worker in a process of its own, to be killed: `python -m tests.handover.working DATABASE KEY WEBHOOK SINCE`.

Its clock runs 300 times as fast as the wall's, so that claims and pauses of minutes end in a moment.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import datetime, timezone

from bot.handover.webhook import WebhookTarget
from bot.handover.worker import Worker
from bot.store.crypto import configure_keys
from bot.store.engine import make_engine, make_sessions
from tests.handover.clinic import SECRET

FASTER = 300


def main(database: str, key: str, webhook: str, since: str) -> None:
    """Work until killed."""
    configure_keys([key])
    start = datetime.fromisoformat(since)

    def clock() -> datetime:
        return start + FASTER * (datetime.now(timezone.utc) - start)

    worker = Worker(make_sessions(make_engine(database)), [WebhookTarget(webhook, (SECRET,))], clock, 0.01)
    print("ready", flush=True)
    asyncio.run(worker.work(asyncio.Event()))


if __name__ == "__main__":
    main(*sys.argv[1:])
