"""Several models learnt at once, one a core: numpy and scipy let go of the interpreter while they multiply."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

Learnt = TypeVar("Learnt")


def at_once(jobs: Sequence[Callable[[], Learnt]]) -> list[Learnt]:
    """What each job returns, in order; the longest should come first. A job may not call this again."""
    with warnings.catch_warnings(), threadpool_limits(1), ThreadPoolExecutor(os.cpu_count()) as pool:
        warnings.simplefilter("ignore", ConvergenceWarning)  # stopping early is meant: more steps bring no accuracy
        return list(pool.map(lambda job: job(), jobs))
