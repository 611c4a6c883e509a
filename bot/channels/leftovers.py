"""Messages that were accepted and never answered, because a process died over them, are worked on again.

A page that is still open sends its message again by itself; this is for the patient who has closed it. The answer
stands in the transcript when they come back.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta

from bot.channels.incoming import Incoming
from bot.channels.turns import Turns, log_error

log = logging.getLogger(__name__)

PAUSE_SECONDS = 10.0
OLDEST = timedelta(days=1)  # an answer to an older message would surprise more than help; the desk sees that it waits
AT_ONCE = 20


async def keep_working_off(turns: Turns, pause: float = PAUSE_SECONDS) -> None:
    """Look for such messages every `pause` seconds, until cancelled."""
    while True:
        await asyncio.sleep(pause)
        try:
            await work_off(turns)
        except Exception as error:  # the store is away: they are looked for again
            log_error("left-over messages could not be looked for", error)


async def work_off(turns: Turns) -> int:
    """Answer what was left over, oldest first, each conversation in its order; returns how many messages it took on."""
    now = turns.clock()
    left = await asyncio.to_thread(turns.records.left_over, turns.left_before(now), now - OLDEST, AT_ONCE)
    for conversation_id, client_id in left:
        try:
            await turns.answer(conversation_id, Incoming(client_id, text=" "))  # its words are those in the store
        except Exception as error:  # this one is tried again later; the others are not kept waiting
            log_error("a left-over message could not be answered", error)
    return len(left)
