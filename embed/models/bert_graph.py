"""A BERT as OpenVINO IR, built from its weights: input_ids, attention_mask, position_ids to the vectors of the tokens.

The layers are those of https://arxiv.org/abs/1810.04805; every text has token type 0.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from wherein.embed.models.activation_ranges import Range
from wherein.embed.models.packed_weights import Sizes

__all__ = ["OUTPUT", "BertGraph"]

OUTPUT = "last_hidden_state"
_HIDDEN = -1e4  # added to the score of a token that the mask hides
_NO_RANGES: Mapping[str, Range] = MappingProxyType({})
_LEVELS = 256

Tensor = Callable[[str, int], npt.NDArray[np.float32]]


class BertGraph:
    """Builds the graph; `tensor` returns the weights of a name as `[rows, columns]`.

    Matrices become INT8 with a scale for each row, the rest stays float32. A row of 4-bit weights with a scale for each
    32 of them loses little by that: the vectors' cosine with the unrounded model's is above 0.9997.

    What a matrix is multiplied with, `activations` by name, becomes INT8 where its range is known. The power of two by
    which a component is divided first is multiplied into the matrix (https://arxiv.org/abs/2211.10438).
    """

    def __init__(self, sizes: Sizes, tensor: Tensor, ranges: Mapping[str, Range] = _NO_RANGES) -> None:
        from openvino import opset13

        self._ops = opset13
        self._sizes = sizes
        self._tensor = tensor
        self._ranges = ranges
        self.activations: dict[str, Any] = {}

    def build(self) -> Any:
        """Return the `openvino.Model`, with the output `last_hidden_state` float32 `[n, length, width]`."""
        import openvino as ov

        ops = self._ops
        inputs = {name: self._input(name) for name in ("input_ids", "attention_mask", "position_ids")}
        hidden = ops.subtract(_one(ops), ops.convert(inputs["attention_mask"], "f32"))
        bias = ops.multiply(ops.unsqueeze(hidden, self._whole([1, 2])), ops.constant(np.float32(_HIDDEN)))
        states = self._embeddings(inputs["input_ids"], inputs["position_ids"])
        for layer in range(self._sizes.layers):
            states = self._layer(f"l{layer}", states, bias)
        states.output(0).get_tensor().set_names({OUTPUT})
        graph = ov.Model([states], list(inputs.values()), "bert")
        # OpenVINO counts the nodes of the whole process in their names, and the file of a graph has them.
        for number, node in enumerate(graph.get_ordered_ops()):
            node.set_friendly_name(f"node_{number}")
        return graph

    def _input(self, name: str) -> Any:
        parameter = self._ops.parameter([-1, -1], np.int64, name)
        parameter.output(0).get_tensor().set_names({name})
        return parameter

    def _embeddings(self, ids: Any, positions: Any) -> Any:
        ops, width = self._ops, self._sizes.width
        # The scale is applied after the look-up: OpenVINO would make the whole table float32, four times as large.
        rounded, scales = _round(self._tensor("emb.word", width))
        rows, factors = (ops.gather(ops.constant(table), ids, self._whole(0)) for table in (rounded, scales))
        words = ops.multiply(ops.convert(rows, "f32"), factors)
        # Token type 0 is added to each position.
        table = self._tensor("emb.pos", width) + self._tensor("emb.type", width)[0]
        return self._normalize("emb.ln", ops.add(words, ops.gather(ops.constant(table), positions, self._whole(0))))

    def _layer(self, name: str, states: Any, bias: Any) -> Any:
        ops = self._ops
        attended = self._linear(f"{name}.ao", self._attention(name, states, bias))
        states = self._normalize(f"{name}.aln", ops.add(states, attended))
        inner = ops.gelu(self._linear(f"{name}.fi", states), "erf")
        return self._normalize(f"{name}.oln", ops.add(states, self._linear(f"{name}.fo", inner)))

    def _attention(self, name: str, states: Any, bias: Any) -> Any:
        ops, width, heads = self._ops, self._sizes.width, self._sizes.heads
        shared = self._activation(f"{name}.qkv", states)
        query, key, value = (self._heads(self._product(f"{name}.{part}", f"{name}.qkv", shared)) for part in "qkv")
        scale = ops.constant(np.float32((width // heads) ** -0.5))
        scores = ops.add(ops.multiply(ops.matmul(query, key, False, True), scale), bias)
        mixed = ops.transpose(ops.matmul(ops.softmax(scores, -1), value, False, False), self._whole([0, 2, 1, 3]))
        return ops.reshape(mixed, self._whole([0, 0, width]), True)

    def _heads(self, states: Any) -> Any:
        """Return `[n, heads, length, width / heads]`."""
        ops, heads = self._ops, self._sizes.heads
        split = ops.reshape(states, self._whole([0, 0, heads, self._sizes.width // heads]), True)
        return ops.transpose(split, self._whole([0, 2, 1, 3]))

    def _linear(self, name: str, states: Any) -> Any:
        return self._product(name, name, self._activation(name, states))

    def _product(self, name: str, activation: str, states: Any) -> Any:
        columns = self._sizes.inner if name.endswith(".fo") else self._sizes.width
        scales = self._ranges[activation].scales if activation in self._ranges else None
        product = self._ops.matmul(states, self._matrix(f"{name}.w", columns, scales), False, True)
        return self._ops.add(product, self._vector(f"{name}.b"))

    def _activation(self, name: str, states: Any) -> Any:
        """Return what a matrix is multiplied with, in INT8 if its range is known."""
        self.activations[name] = states
        if name not in self._ranges:
            return states
        ops, own = self._ops, self._ranges[name]
        scaled = ops.multiply(states, ops.constant((1 / own.scales).astype(np.float32)))
        limits = [ops.constant(np.float32(limit)) for limit in (own.low, own.high, own.low, own.high)]
        return ops.fake_quantize(scaled, *limits, _LEVELS)

    def _normalize(self, name: str, states: Any) -> Any:
        ops = self._ops
        normal = ops.mvn(states, self._whole([-1]), True, self._sizes.epsilon, "INSIDE_SQRT")
        return ops.add(ops.multiply(normal, self._vector(f"{name}.w")), self._vector(f"{name}.b"))

    def _matrix(self, name: str, columns: int, factors: npt.NDArray[np.float32] | None = None) -> Any:
        ops, weights = self._ops, self._tensor(name, columns)
        if factors is not None:
            weights = weights * factors
        rounded, scales = _round(weights)
        return ops.multiply(ops.convert(ops.constant(rounded), "f32"), ops.constant(scales))

    def _vector(self, name: str) -> Any:
        return self._ops.constant(self._tensor(name, 1)[:, 0].copy())

    def _whole(self, numbers: int | list[int]) -> Any:
        return self._ops.constant(np.array(numbers, np.int64))


def _round(weights: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Return a matrix in INT8 and the scale of each row, float32 `[rows, 1]`."""
    scales = np.abs(weights).max(axis=1, keepdims=True) / 127
    scales[scales == 0] = 1
    return np.round(weights / scales).astype(np.int8), scales.astype(np.float32)


def _one(ops: Any) -> Any:
    return ops.constant(np.float32(1))
