"""What the servers ask of Python's garbage collector."""

from __future__ import annotations

import gc

YOUNG = 20_000, 20, 20  # a turn makes thousands of objects that die with it; no need to look through them ten times


def settle() -> None:
    """What is in memory now stays for good and is not looked through again; what comes is looked through less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*YOUNG)
