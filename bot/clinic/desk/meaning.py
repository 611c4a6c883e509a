"""Questions that mean the same, by their sentence vectors.

A question joins the group whose middle is nearest, if near enough; groups whose members are alike on average
become one. Measured on tests/desk/paraphrases.yml (24 questions in 5 wordings, 20 others, in random order) with
MiniLM: joining at 0.50 and merging at 0.40 gives 85% right among the pairs put together and finds 68% of the
pairs that belong together; merging alone over all vectors at once, which cannot be done as questions come in,
finds 68% at the same precision. Joining alone at 0.50 finds 56%. With the multilingual encoder (USE) the best is
58% right and 42% found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

JOIN = 0.50
MERGE = 0.40


@dataclass(frozen=True)
class Group:
    """A group as far as likeness goes: the sum of its members' vectors, each of length 1, and their number.

    `by_hand`: a person put it together or split it off; what they decided is not undone by likeness.
    """

    id: str
    total: np.ndarray
    size: int
    by_hand: bool = False


def nearest(vector: np.ndarray, groups: Sequence[Group]) -> tuple[str, float] | None:
    """The group a question belongs to and how near it is (cosine); None when none is near enough."""
    if not groups:
        return None
    totals = np.array([group.total for group in groups])
    likeness = totals @ vector / np.maximum(np.linalg.norm(totals, axis=1), 1e-9)
    best = int(likeness.argmax())
    return (groups[best].id, float(likeness[best])) if likeness[best] >= JOIN else None


def twin(group: Group, groups: Sequence[Group]) -> str | None:
    """Another group whose members are, on average, so like this one's that the two are one; None without one."""
    others = [one for one in groups if one.id != group.id and not one.by_hand]
    if not others or group.by_hand:
        return None
    middles = np.array([one.total / max(one.size, 1) for one in others])
    likeness = middles @ (group.total / max(group.size, 1))
    best = int(likeness.argmax())
    return others[best].id if likeness[best] >= MERGE else None


def most_alike(group: Group, groups: Sequence[Group], number: int) -> list[tuple[str, float]]:
    """The other groups in order of likeness (cosine of their middles), for a person who joins two."""
    others = [one for one in groups if one.id != group.id]
    if not others:
        return []
    totals = np.array([one.total for one in others])
    lengths = np.linalg.norm(totals, axis=1) * np.linalg.norm(group.total)
    likeness = totals @ group.total / np.maximum(lengths, 1e-9)
    best = np.argsort(-likeness)[:number]
    return [(others[index].id, float(likeness[index])) for index in best]
