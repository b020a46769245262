"""The shipped model is what its manifest says."""

import json
from pathlib import Path

import numpy as np
import openvino as ov
import pytest
from tokenizers import Tokenizer

import wherein
from wherein.embed.precision import apply_precision
from wherein.embed.runtime import openvino_core
from wherein.recipe import convert, evaluate, manifest, samples, weights

MODEL = Path(wherein.__file__).parent / "embed" / "default"


@pytest.fixture(scope="module")
def described():
    return json.loads((MODEL / "model.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def words():
    return Tokenizer.from_file(str(MODEL / "tokenizer.json"))


@pytest.fixture(scope="module")
def graph():
    return openvino_core().read_model(MODEL / "model.xml")


@pytest.fixture(scope="module")
def compiled(graph):
    return openvino_core().compile_model(graph, "CPU", evaluate.COMPILE_SETTINGS)


def embed(compiled, batch):
    return compiled(batch)[compiled.output(0)].copy()


def test_manifest_lists_every_file_with_its_hash(described):
    assert described["files"] == manifest.file_hashes(MODEL)
    assert {path.name for path in MODEL.iterdir()} == {"model.json", *described["files"]}


def test_manifest_names_the_checked_weights(described):
    assert described["source"]["sha256"] == weights.SHA256
    assert described["quantization"]["samples"] == samples.CONTEXTS + samples.QUESTIONS


def test_manifest_holds_the_measured_accuracy(described):
    figures = described["accuracy"]["squad-v1.1-dev"]
    assert set(figures) == {"fp32", "w8a8", "w8a32"}
    assert all(90.5 <= figure["top_5"] <= 91.0 for figure in figures.values())


def test_the_model_is_small(described):
    assert described["files"]["model.bin"]["bytes"] < 24_000_000


def test_graph_has_the_four_inputs_and_the_output(graph, described):
    assert tuple(port.get_any_name() for port in graph.inputs) == convert.INPUTS == tuple(described["inputs"])
    assert all(port.get_element_type() == ov.Type.i64 for port in graph.inputs)
    assert all(port.get_partial_shape() == ov.PartialShape([-1, -1]) for port in graph.inputs)
    assert [port.get_any_name() for port in graph.outputs] == [convert.OUTPUT] == [described["output"]]
    assert graph.outputs[0].get_partial_shape() == ov.PartialShape([-1, described["dimension"]])


def test_all_large_constants_are_int8(graph):
    constants = [node for node in graph.get_ops() if node.get_type_name() == "Constant"]
    # Above 40,000 values are matrices; below are biases and scales, the largest one scale for each word.
    large = [node for node in constants if int(np.prod(node.get_output_shape(0))) > 40_000]
    # Words, positions and six matrices in each of six layers.
    assert len(large) == 38
    assert {node.get_element_type() for node in large} == {ov.Type.i8}


def test_the_graph_contains_nothing_of_the_machine_it_was_built_on():
    text = (MODEL / "model.xml").read_text("utf-8")
    marks = ("/home", "/root", "/tmp", "/usr", ".py", "site-packages", "<nncf")
    assert not [mark for mark in marks if mark in text]


def test_vectors_have_unit_length_and_ignore_padding(words):
    # With float32 activations, because rounded ones let a vector depend a little on its batch.
    graph = openvino_core().read_model(MODEL / "model.xml")
    apply_precision(graph, "w8a32")
    compiled = openvino_core().compile_model(graph, "CPU", evaluate.COMPILE_SETTINGS)
    short, long = (words.encode(text).ids for text in ("who may sign the lease?", "the lease " * 50))
    alone, padded = (embed(compiled, samples.batch(rows)) for rows in ([short], [short, long]))
    assert np.linalg.norm(padded, axis=1) == pytest.approx(1, abs=1e-5)
    assert padded[0] == pytest.approx(alone[0], abs=1e-5)


def test_positions_are_read_from_the_input(compiled, words):
    batch = samples.batch([words.encode("the dog bites the man").ids])
    vector = embed(compiled, batch)
    batch["position_ids"] = np.ascontiguousarray(batch["position_ids"][:, ::-1])
    assert float(vector[0] @ embed(compiled, batch)[0]) < 0.99


def test_tokenizer_has_no_limits_of_its_own(words):
    assert words.truncation is None
    assert words.padding is None
    assert len(words.encode("word " * 1000).ids) == 1002


def test_tokenizer_lower_cases(words):
    assert words.encode("LEASE").ids == words.encode("lease").ids


@pytest.mark.parametrize("word", ["a" * 1000, "É" * 250, "x" * 100 + "y", "ab" * 5000])
def test_a_long_word_is_cut_and_not_unknown(words, word):
    encoded = words.encode(f"see {word} here")
    assert "[UNK]" not in encoded.tokens
    spans = encoded.offsets[1:-1]
    assert [end for _, end in spans[1:-2]] == [start for start, _ in spans[2:-1]]
    assert spans[-1] == (len(word) + 5, len(word) + 9)
