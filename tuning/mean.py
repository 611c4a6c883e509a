"""`python -m tuning.mean FILE SHARE [FILE SHARE …]`: the mean of several tunings, written to bot/nlu/tuned/layers.npz.

Tunings of the same encoder lie close enough for their numbers to be averaged, and the mean makes fewer mistakes than
any of them (decision 0012). A layer that a file does not hold counts as installed. `met.npy` must name what any of them
has met. The files of earlier tunings are in the history of this repository.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from bot.nlu.encoders import TUNED

Arrays = Mapping[str, np.ndarray]
MATRIX, SCALE = "_q", "_scale"  # how the package names a matrix in int8 and the scale of its columns


def mean(tunings: Sequence[tuple[Arrays, float]], installed: Arrays) -> dict[str, np.ndarray]:
    """The arrays of the layers that any tuning holds; shares are made to add up to 1."""
    whole = sum(share for _, share in tunings)
    full = [({**installed, **arrays}, share / whole) for arrays, share in tunings]
    found: dict[str, np.ndarray] = {}
    for name in sorted({name for arrays, _ in tunings for name in arrays}):
        if name.endswith(MATRIX):
            scale = name.removesuffix(MATRIX) + SCALE
            parts = [arrays[name].astype(np.float32) * arrays[scale].reshape(1, -1) * share for arrays, share in full]
            matrix = np.sum(parts, axis=0)
            columns = np.abs(matrix).max(axis=0) / 127
            found[name] = np.round(matrix / columns).astype(np.int8)
            found[scale] = columns.astype(np.float32).reshape(installed[scale].shape)
        elif not name.endswith(SCALE):
            found[name] = np.sum([arrays[name] * share for arrays, share in full], axis=0).astype(np.float32)
    return found


def main() -> None:
    """Read the files, write their mean."""
    from tuning.model import Package

    pairs = zip(sys.argv[1::2], sys.argv[2::2], strict=True)
    tunings = [(dict(np.load(Path(file), allow_pickle=False)), float(share)) for file, share in pairs]
    if not tunings:
        raise SystemExit(__doc__)
    np.savez(TUNED, **mean(tunings, Package().held))
    print(f"Written: {TUNED}")


if __name__ == "__main__":
    main()
