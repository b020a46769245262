"""The arithmetic a model runs in, and how its graph is changed for it.

`w8a8`   INT8 weights and activations: the graph as shipped. Fast where the CPU multiplies INT8 (VNNI, AMX).
`w8a32`  INT8 weights, float32 activations: the activation quantizers are removed at load. Faster on other CPUs,
         which have no fast INT8 kernels (docs/decisions/precision.md).
"""

from pathlib import Path
from typing import Any

__all__ = ["MAX_THREADS", "PRECISIONS", "apply_precision", "resolve_precision", "why_precision"]

PRECISIONS = ("auto", "w8a8", "w8a32")
MAX_THREADS = 1_024
"""Threads that a model may be given."""

# Without one of these, float32 activations are faster than INT8 ones (docs/decisions/precision.md).
_INT8_FLAGS = frozenset({"avx512_vnni", "avx_vnni", "amx_int8"})


def resolve_precision(requested: str, cpu_info: Path | None = None) -> str:
    """Return `w8a8` or `w8a32`. `auto` is decided by the CPU's flags, and is `w8a32` where they cannot be read."""
    if requested != "auto":
        return requested
    return "w8a8" if _INT8_FLAGS & _flags(cpu_info) else "w8a32"


def why_precision(cpu_info: Path | None = None) -> str:
    """Return in words why `auto` is what it is on this CPU."""
    flags = _flags(cpu_info)
    if not flags:
        return "the flags of the CPU cannot be read"
    fast = sorted(_INT8_FLAGS & flags)
    return f"the CPU has {', '.join(fast)}" if fast else f"the CPU has none of {', '.join(sorted(_INT8_FLAGS))}"


def _flags(cpu_info: Path | None) -> frozenset[str]:
    from wherein.embed.processor import CPU_INFO, read_processor  # a question needs none of it

    return read_processor(cpu_info or CPU_INFO).flags


def apply_precision(graph: Any, precision: str) -> None:
    """Change an `openvino.Model` in place so that it runs at `precision`, `w8a8` or `w8a32`."""
    if precision == "w8a32":
        _remove_activation_quantizers(graph)


def _remove_activation_quantizers(graph: Any) -> None:
    """Remove each FakeQuantize whose data depends on an input; those on constants dequantize the weights."""
    quantizers = [node for node in graph.get_ops() if node.get_type_name() == "FakeQuantize"]
    for node in quantizers:
        if not _is_constant(node.input_value(0).get_node()):
            node.output(0).replace(node.input_value(0))
    graph.validate_nodes_and_infer_types()


def _is_constant(node: Any) -> bool:
    """Whether no input of the graph reaches the node."""
    pending, visited = [node], set()
    while pending:
        node = pending.pop()
        if node.get_type_name() == "Parameter":
            return False
        if node.get_friendly_name() not in visited:
            visited.add(node.get_friendly_name())
            pending += [value.get_node() for value in node.input_values()]
    return True
