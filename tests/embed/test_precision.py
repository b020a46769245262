"""The precision that suits the CPU, and what it makes of a graph."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tiny import write_tiny
from wherein.embed.precision import apply_precision, resolve_precision
from wherein.embed.runtime import import_openvino, openvino_core


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("flags\t\t: fpu sse2 avx2 avx512_vnni\n", "w8a8"),
        ("processor: 0\nflags : fpu avx_vnni\n", "w8a8"),
        ("flags : amx_int8\n", "w8a8"),
        ("flags : fpu sse4_2 avx avx2 avx512f\n", "w8a32"),
        ("flags : fpu avx_vnni_int8x\n", "w8a32"),
        ("model name : avx512_vnni\nflags : fpu\n", "w8a32"),
        ("Features : fp asimd\n", "w8a32"),
        ("", "w8a32"),
    ],
)
def test_auto_is_decided_by_the_flags(tmp_path: Path, lines: str, expected: str) -> None:
    path = tmp_path / "cpuinfo"
    path.write_text(lines)
    assert resolve_precision("auto", path) == expected
    assert [resolve_precision(name, path) for name in ("w8a8", "w8a32")] == ["w8a8", "w8a32"]


def test_auto_without_readable_flags(tmp_path: Path) -> None:
    assert resolve_precision("auto", tmp_path / "missing") == "w8a32"
    assert resolve_precision("auto", tmp_path) == "w8a32"
    (tmp_path / "binary").write_bytes(b"\xff\xfe\nflags : \xff avx_vnni\n")
    assert resolve_precision("auto", tmp_path / "binary") == "w8a8"


def kinds(graph: Any) -> list[str]:
    return [node.get_type_name() for node in graph.get_ops()]


def test_float_activations_have_no_quantizers(tmp_path: Path) -> None:
    graph = openvino_core().read_model(str(write_tiny(tmp_path)))
    apply_precision(graph, "w8a8")
    assert kinds(graph).count("FakeQuantize") == 1
    apply_precision(graph, "w8a32")
    assert "FakeQuantize" not in kinds(graph)


def test_quantizers_of_weights_are_kept() -> None:
    """They turn the stored integers back into weights."""
    ov = import_openvino()
    from openvino import opset13 as ops

    value = ops.parameter([1, 4], np.float32, "x")
    limits = [np.float32(limit) for limit in (-1, 1, -1, 1)]
    weights = ops.fake_quantize(ops.constant(np.eye(4, dtype=np.float32)), *limits, 255)
    quantized = ops.fake_quantize(ops.relu(value), *limits, 255)
    graph = ov.Model([ops.matmul(quantized, weights, False, False)], [value], "toy")
    apply_precision(graph, "w8a32")
    assert kinds(graph).count("FakeQuantize") == 1
    assert "Relu" in kinds(graph)
