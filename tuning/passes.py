"""What both trainings share: batches of messages of like length, and steps whose rate rises and then falls."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import torch
from rich.progress import Progress
from torch import Tensor, nn

BATCH = 32  # messages a step
RATE, HEAD_RATE = 3e-4, 1e-3  # of the encoder's layers; of what is new on top of them
STEEPEST = 1.0  # the longest gradient of the layers that is followed
ALIKE = 50 * BATCH  # messages among which those of like length are put together

Item = TypeVar("Item")


class Steps:
    """Learns by gradients: `layers` slowly, `heads` quickly, at full rate after `warm` steps."""

    def __init__(self, layers: nn.Module, heads: Sequence[nn.Parameter], warm: int) -> None:
        self._layers, self._warm, self._taken, self._rates = layers, warm, 0, (RATE, HEAD_RATE)
        parts = zip((list(layers.parameters()), list(heads)), self._rates, strict=True)
        groups = [{"params": part, "lr": rate} for part, rate in parts]
        self._optimiser = torch.optim.AdamW(groups, weight_decay=0.01)

    def take(self, loss: Tensor, total: int) -> int:
        """One step down from this loss, of so many in all; how many have been taken."""
        self._taken += 1
        share = min(1.0, self._taken / self._warm) * max(0.0, 1 - self._taken / total)
        for group, rate in zip(self._optimiser.param_groups, self._rates, strict=True):
            group["lr"] = rate * share
        self._optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self._layers.parameters(), STEEPEST)
        self._optimiser.step()
        return self._taken


def batches(items: Sequence[Item], length: Callable[[Item], int], dice: random.Random) -> list[list[Item]]:
    """The items, those of like length together, in random order."""
    found: list[list[Item]] = []
    for start in range(0, len(items), ALIKE):
        near = sorted(items[start : start + ALIKE], key=length)
        found += [near[place : place + BATCH] for place in range(0, len(near), BATCH)]
    dice.shuffle(found)
    return found


def shown(batches: Sequence[Item], name: str, progress: Progress) -> Iterator[Item]:
    """The batches of a pass, one after the other, with a bar that says how far it is."""
    task = progress.add_task(name, total=len(batches))
    for batch in batches:
        yield batch
        progress.advance(task)
