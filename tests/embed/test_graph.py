"""An imported graph is adapted to the encoder's interface; one that has it already is left alone."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tiny import write_tiny
from wherein.embed.graph import INPUTS, adapt
from wherein.embed.model import DEFAULT_MODEL, IR
from wherein.embed.runtime import import_openvino, openvino_core

IDS = np.array([[2, 60, 61, 3]], np.int64)


def read(path: Path) -> Any:
    return openvino_core().read_model(str(path))


def run(graph: Any, kind: type = np.int64) -> np.ndarray:
    compiled = openvino_core().compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    values = (IDS, np.ones_like(IDS), np.zeros_like(IDS), np.arange(4, dtype=np.int64)[None])
    results = compiled({name: value.astype(kind) for name, value in zip(INPUTS, values, strict=True)})
    return np.array(results[0])


@pytest.mark.parametrize(("static", "integers"), [(384, "i64"), (None, "i32"), (8, "i32")])
def test_inputs_become_int64_of_any_length(tmp_path: Path, static: int | None, integers: str) -> None:
    graph = adapt(read(write_tiny(tmp_path, static=static, integers=integers)), unit=False)
    for port in graph.inputs:
        assert port.get_element_type().to_string() == "i64"
        assert port.partial_shape[1].is_dynamic
    assert [port.get_any_name() for port in graph.inputs] == list(INPUTS)
    assert run(graph).shape == (1, 6)


def test_the_vectors_stay_the_same(tmp_path: Path) -> None:
    plain = run(read(write_tiny(tmp_path / "plain", static=None, integers="i32")), np.int32)
    adapted = run(adapt(read(write_tiny(tmp_path / "other", static=384)), unit=False))
    np.testing.assert_allclose(adapted, plain, rtol=1e-5)
    assert np.linalg.norm(plain) > 1.5


def test_vectors_of_unit_length_keep_their_direction_and_their_name(tmp_path: Path) -> None:
    path = write_tiny(tmp_path)
    plain = run(adapt(read(path), unit=False))
    graph = adapt(read(path), unit=True)
    np.testing.assert_allclose(run(graph), plain / np.linalg.norm(plain), rtol=1e-5)
    assert graph.output(0).get_names() == {"embedding"}


def test_a_half_precision_output_becomes_float32(tmp_path: Path) -> None:
    ov = import_openvino()
    from openvino.preprocess import PrePostProcessor

    steps = PrePostProcessor(read(write_tiny(tmp_path)))
    steps.output(0).tensor().set_element_type(ov.Type.f16)
    graph = adapt(steps.build(), unit=False)
    assert graph.output(0).get_element_type().to_string() == "f32"
    assert run(graph).dtype == np.float32


def test_the_shipped_graph_is_left_alone() -> None:
    graph = read(DEFAULT_MODEL / IR)
    before = [node.get_friendly_name() for node in graph.get_ordered_ops()]
    assert adapt(graph, unit=False) is graph
    assert [node.get_friendly_name() for node in graph.get_ordered_ops()] == before
