"""The encoder's products in int8 give the same numbers on every processor."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnxruntime import InferenceSession

from bot.nlu.int8 import INT8_PRODUCT, rewrite

SIZE = 64


def packed_product(weights: np.ndarray) -> bytes:
    """A model as the package writes it: a signed matrix cast to float, scaled, and multiplied."""
    held = [
        numpy_helper.from_array(weights, "w_q"),
        numpy_helper.from_array(np.full((1, SIZE), 0.5, dtype="float32"), "w_scale"),
    ]
    nodes = [
        helper.make_node("Cast", ["w_q"], ["w_float"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["w_float", "w_scale"], ["w"]),
        helper.make_node("MatMul", ["x", "w"], ["y"]),
    ]
    values = {name: helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, SIZE]) for name in "xy"}
    graph = helper.make_graph(nodes, "one product", [values["x"]], [values["y"]], held)
    return bytes(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()
    )


def test_large_products_are_not_cut() -> None:
    """Pairs of 255 times 127 do not fit into the 16 bits in which AVX2 adds signed products."""
    rewritten = rewrite(packed_product(np.full((SIZE, SIZE), 127, dtype="int8")))
    session = InferenceSession(rewritten, providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"x": np.ones((1, SIZE), dtype="float32")})
    assert found == pytest.approx(np.full((1, SIZE), SIZE * 127 * 0.5), rel=1e-3)


def test_signed_weights_keep_their_sign() -> None:
    weights = np.tile(np.array([[-127], [3], [0], [90]], dtype="int8"), (SIZE // 4, SIZE))
    rewritten = rewrite(packed_product(weights))
    assert [node.op_type for node in onnx.load_from_string(rewritten).graph.node] == [INT8_PRODUCT]
    given = np.linspace(-1, 1, SIZE, dtype="float32")[None]
    (found,) = InferenceSession(rewritten, providers=["CPUExecutionProvider"]).run(None, {"x": given})
    assert found == pytest.approx(given @ (weights.astype("float32") * 0.5), rel=0.02, abs=2.0)


def test_other_numbers_are_put_in_before_the_rewriting() -> None:
    plain = np.full((SIZE, SIZE), 1, dtype="int8")
    rewritten = rewrite(packed_product(plain), {"w_q": plain * 3})
    (found,) = InferenceSession(rewritten, providers=["CPUExecutionProvider"]).run(
        None, {"x": np.ones((1, SIZE), dtype="float32")}
    )
    assert found == pytest.approx(np.full((1, SIZE), SIZE * 3 * 0.5), rel=1e-3)
