"""A model of the model card's architecture with fixed random weights, for tests that do without the zoo's own.

BERT with 8 layers, hidden 512, 8 heads, inner 2048, a vocabulary of 30522; `embedding` `[1, 1024]`; four static
`[1, 384]` inputs; symmetric INT8 weights, and FakeQuantize on the activations.

The rest follows from the sizes of the zoo's files (FP32-INT8 41,884,996 bytes, FP16-INT8 41,732,846): twice their
difference is stored as floats, so 41,580,696 bytes are INT8. To within 152 bytes that is the size of these matrices
with 512 positions, one dense layer of 512 x 1024 at the end, and no pooler of 512 x 512. The sizes leave open which
token that layer reads (here it is [CLS]), and whether there are 8 layers or 12 with an inner size of 1024, which take
the same space. The vectors are not normalized.
"""

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from wherein.embed.model import DEFAULT_MODEL, IR, TOKENIZER, WEIGHTS
from wherein.embed.runtime import import_openvino

__all__ = ["CARD", "INPUTS", "Architecture", "card_graph", "card_model_folder", "small", "vocabulary", "zoo_folder"]

NAME = "bert-small-uncased-whole-word-masking-squad-emb-int8-0001"
INPUTS = ("input_ids", "attention_mask", "token_type_ids", "position_ids")
_LEVELS = 255  # of symmetric INT8, -127 to 127
_MASKED = np.float32(-1e4)


@dataclass(frozen=True)
class Architecture:
    """Sizes of a BERT. `length` is that of the static inputs, in tokens."""

    layers: int = 8
    hidden: int = 512
    heads: int = 8
    inner: int = 2048
    vocabulary: int = 30_522
    positions: int = 512
    output: int = 1024
    length: int = 384


CARD = Architecture()


class _Graph:
    """Nodes of a graph with random weights, in the ranges that keep vectors at unit variance."""

    def __init__(self, ops: ModuleType, seed: int) -> None:
        self.ops = ops
        self.random = np.random.default_rng(seed)

    def weight(self, rows: int, columns: int, deviation: float) -> Any:
        """Return an INT8 matrix as NNCF writes it: a constant, its conversion to float, and a scale for each row."""
        raw = self.random.integers(-127, 128, (rows, columns), dtype=np.int8)
        scale = deviation / 73.3 * self.random.uniform(0.8, 1.2, (rows, 1))
        return self.ops.multiply(self.ops.convert(raw, "f32"), scale.astype(np.float32))

    def quantized(self, node: Any, limit: float) -> Any:
        low, high = np.float32(-limit), np.float32(limit)
        return self.ops.fake_quantize(node, low, high, low, high, _LEVELS)

    def dense(self, node: Any, columns: int, rows: int, limit: float, deviation: float = 1.0) -> Any:
        matrix = self.weight(rows, columns, deviation / columns**0.5)
        product = self.ops.matmul(self.quantized(node, limit), matrix, False, True)
        return self.ops.add(product, self.floats(1, 1, rows))

    def normalized(self, node: Any, size: int) -> Any:
        last = np.array([2], np.int64)
        unit = self.ops.mvn(node, last, True, 1e-12, "inside_sqrt")
        return self.ops.add(self.ops.multiply(unit, 1 + self.floats(1, 1, size)), self.floats(1, 1, size))

    def floats(self, *shape: int) -> Any:
        return (0.1 * self.random.standard_normal(shape)).astype(np.float32)


def card_graph(architecture: Architecture = CARD, seed: int = 0) -> Any:
    """Return the `openvino.Model`; the same seed gives the same weights."""
    openvino = import_openvino()
    import openvino.opset13 as ops

    graph, a = _Graph(ops, seed), architecture
    inputs = {name: ops.parameter([1, a.length], np.int64, name=name) for name in INPUTS}
    for name, node in inputs.items():
        node.output(0).set_names({name})
    masked = ops.multiply(ops.subtract(np.float32(1), ops.convert(inputs["attention_mask"], "f32")), _MASKED)
    masked = ops.unsqueeze(masked, np.array([1, 2], np.int64))
    hidden = _embeddings(graph, a, inputs)
    for _ in range(a.layers):
        hidden = _layer(graph, a, hidden, masked)
    first = ops.gather(hidden, np.array([0], np.int64), np.int64(1))  # [CLS], [1, 1, hidden]
    vector = ops.reshape(graph.dense(first, a.hidden, a.output, 5.0), np.array([1, a.output], np.int64), False)
    result = ops.result(vector)
    vector.output(0).set_names({"embedding"})
    return openvino.Model([result], list(inputs.values()), NAME)


def _embeddings(graph: _Graph, a: Architecture, inputs: dict[str, Any]) -> Any:
    rows = (("input_ids", a.vocabulary), ("token_type_ids", 2), ("position_ids", a.positions))
    total = None
    for name, count in rows:
        table = graph.weight(count, a.hidden, 1.0)
        rows_of_input = graph.ops.gather(table, inputs[name], np.int64(0))
        total = rows_of_input if total is None else graph.ops.add(total, rows_of_input)
    return graph.normalized(total, a.hidden)


def _layer(graph: _Graph, a: Architecture, hidden: Any, masked: Any) -> Any:
    ops = graph.ops
    query, key, value = (_by_head(ops, a, graph.dense(hidden, a.hidden, a.hidden, 5.0)) for _ in range(3))
    scores = ops.matmul(ops.multiply(query, np.float32((a.hidden // a.heads) ** -0.5)), key, False, True)
    attention = ops.softmax(ops.add(scores, masked), -1)
    heads = ops.transpose(ops.matmul(attention, value, False, False), np.array([0, 2, 1, 3], np.int64))
    joined = ops.reshape(heads, np.array([0, 0, a.hidden], np.int64), True)
    hidden = graph.normalized(ops.add(hidden, graph.dense(joined, a.hidden, a.hidden, 4.0, 2.0)), a.hidden)
    inner = ops.gelu(graph.dense(hidden, a.hidden, a.inner, 5.0), "erf")
    return graph.normalized(ops.add(hidden, graph.dense(inner, a.inner, a.hidden, 5.0, 2.0)), a.hidden)


def _by_head(ops: ModuleType, a: Architecture, node: Any) -> Any:
    split = ops.reshape(node, np.array([0, 0, a.heads, a.hidden // a.heads], np.int64), True)
    return ops.transpose(split, np.array([0, 2, 1, 3], np.int64))


# On disk: as the zoo's download, and as a model folder.


def vocabulary() -> str:
    """Return BERT's uncased vocabulary from the shipped tokenizer; it equals the zoo's `vocab.txt` byte for byte."""
    numbers = json.loads((DEFAULT_MODEL / TOKENIZER).read_text("utf-8"))["model"]["vocab"]
    return "".join(f"{token}\n" for token, _ in sorted(numbers.items(), key=lambda item: item[1]))


def zoo_folder(folder: Path, architecture: Architecture = CARD, seed: int = 0) -> Path:
    """Write the files of a download from the zoo: the IR under the model's name, and `vocab.txt`."""
    folder.mkdir(parents=True)
    import_openvino().save_model(card_graph(architecture, seed), folder / f"{NAME}.xml", compress_to_fp16=False)
    (folder / "vocab.txt").write_text(vocabulary(), "utf-8")
    return folder


def card_model_folder(folder: Path, architecture: Architecture = CARD, seed: int = 0) -> Path:
    """Write a model folder with the metric `l2`, like the one that `wherein model add` makes from a zoo folder."""
    zoo = zoo_folder(folder, architecture, seed)
    (zoo / f"{NAME}.xml").rename(folder / IR)
    (zoo / f"{NAME}.bin").rename(folder / WEIGHTS)
    tokens = {token: number for number, token in enumerate((zoo / "vocab.txt").read_text("utf-8").splitlines())}
    from tokenizers import BertWordPieceTokenizer

    BertWordPieceTokenizer(tokens, lowercase=True).save(str(folder / TOKENIZER))
    (zoo / "vocab.txt").unlink()
    hashes = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in (IR, WEIGHTS, TOKENIZER)}
    manifest = {
        "schema": 1, "name": NAME, "version": "1", "dimension": architecture.output, "metric": "l2", "pooling": "graph",
        "context_tokens": architecture.length, "question_tokens": 32, "inputs": list(INPUTS), "output": "embedding",
        "files": {name: {"sha256": value} for name, value in hashes.items()},
    }  # fmt: skip
    (folder / "model.json").write_text(json.dumps(manifest, indent=2) + "\n", "utf-8")
    return folder


def small(architecture: Architecture = CARD, layers: int = 1) -> Architecture:
    """Return the architecture with fewer layers, for a test that is not about its size."""
    return replace(architecture, layers=layers)
