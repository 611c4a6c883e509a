"""The mean of several tunings of the encoder."""

from __future__ import annotations

import numpy as np

from tuning.mean import mean


def layer(matrix: list[list[float]], bias: float) -> dict[str, np.ndarray]:
    """A layer as the package packs it."""
    weights = np.array(matrix, dtype=np.float32)
    scale = np.abs(weights).max(axis=0) / 127
    packed = np.round(weights / scale).astype(np.int8)
    return {"one_q": packed, "one_scale": scale.reshape(1, -1), "one.bias": np.array([bias], dtype=np.float32)}


def unpacked(arrays: dict[str, np.ndarray]) -> np.ndarray:
    return arrays["one_q"] * arrays["one_scale"]


def test_a_mean_is_weighed_and_keeps_the_form() -> None:
    first, second = layer([[1.0, 2.0], [3.0, -4.0]], 1.0), layer([[3.0, 2.0], [1.0, 4.0]], 5.0)
    found = mean([(first, 1.0), (second, 3.0)], installed=layer([[9.0, 9.0], [9.0, 9.0]], 9.0))
    assert np.allclose(unpacked(found), [[2.5, 2.0], [1.5, 2.0]], atol=0.05)
    assert found["one.bias"] == 4.0
    assert found["one_q"].dtype == np.int8


def test_a_layer_that_one_of_them_lacks_counts_as_installed() -> None:
    found = mean([(layer([[2.0]], 2.0), 1.0), ({}, 1.0)], installed=layer([[4.0]], 0.0))
    assert np.allclose(unpacked(found), [[3.0]], atol=0.05)
    assert found["one.bias"] == 1.0
