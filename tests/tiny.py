"""A real OpenVINO IR with the model card's four inputs, small enough for a test: it sums the words' vectors.

    folder/vocab.txt
    folder/FP32-INT8/NAME.xml and NAME.bin

This is how Open Model Zoo's downloader lays out a model. An activation is quantized, so its two precisions differ.
"""

from pathlib import Path
from string import ascii_lowercase
from typing import Any

import numpy as np

from wherein.embed.graph import INPUTS
from wherein.embed.runtime import import_openvino

__all__ = ["WORDS", "write_tiny", "write_vocabulary"]

WORDS = [
    "the",
    "lease",
    "is",
    "signed",
    "by",
    "owner",
    "cat",
    "sleeps",
    "all",
    "day",
    "bread",
    "dough",
    "kneaded",
    "who",
    "may",
    "how",
    "long",
    "does",
    "market",
    "town",
    "lantern",
]
VOCABULARY = [
    *("[PAD]", "[UNK]", "[CLS]", "[SEP]"),
    *ascii_lowercase, *(f"##{letter}" for letter in ascii_lowercase),
    *(word for word in WORDS),
]  # fmt: skip


def write_vocabulary(path: Path) -> None:
    path.write_text("\n".join(VOCABULARY) + "\n", "utf-8")


def write_tiny(
    folder: Path,
    name: str = "tiny",
    *,
    seed: int = 0,
    static: int | None = 384,
    integers: str = "i64",
    inputs: tuple[str, ...] = INPUTS,
    rows: int = len(VOCABULARY),
    dimension: int = 6,
    outputs: int = 1,
) -> Path:
    """Write a model to `folder` as the zoo's downloader does and return the path of its .xml."""
    ov = import_openvino()
    graph = _graph(ov, seed, static, integers, inputs, rows, dimension, outputs)
    path = folder / "FP32-INT8" / f"{name}.xml"
    path.parent.mkdir(parents=True)
    ov.save_model(graph, path, compress_to_fp16=False)
    write_vocabulary(folder / "vocab.txt")
    return path


def _graph(
    ov: Any,
    seed: int,
    static: int | None,
    integers: str,
    inputs: tuple[str, ...],
    rows: int,
    dimension: int,
    outputs: int,
) -> Any:
    from openvino import opset13 as ops

    random = np.random.default_rng(seed)
    number = getattr(ov.Type, integers)
    shape = [1, static] if static else [-1, -1]
    parameters = {}
    for name in inputs:
        parameters[name] = ops.parameter(shape, number, name)
        parameters[name].output(0).get_tensor().set_names({name})
    table = ops.constant(random.standard_normal((rows, 8)).astype(np.float32))
    words = ops.gather(table, parameters["input_ids"], ops.constant(0, ov.Type.i64))
    last = ops.constant([2], ov.Type.i64)
    for name in inputs[2:]:  # they are used, but multiplied by zero
        added = ops.multiply(ops.convert(parameters[name], "f32"), ops.constant(np.float32(0)))
        words = ops.add(words, ops.unsqueeze(added, last))
    limits = [ops.constant(np.float32(limit)) for limit in (-4, 4, -4, 4)]
    words = ops.fake_quantize(words, *limits, 255)
    if "attention_mask" in parameters:
        words = ops.multiply(words, ops.unsqueeze(ops.convert(parameters["attention_mask"], "f32"), last))
    total = ops.reduce_sum(words, ops.constant([1], ov.Type.i64), False)
    weights = ops.constant(random.standard_normal((8, dimension)).astype(np.float32))
    vector = ops.matmul(total, weights, False, False)
    vector.output(0).get_tensor().set_names({"embedding"})
    return ov.Model([vector, *[total] * (outputs - 1)], list(parameters.values()), "tiny")
