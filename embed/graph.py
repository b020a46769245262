"""A graph that came from elsewhere, changed in memory so that it runs as the encoder runs the shipped one.

That is: the card's four inputs, int64 `[1, length]` of any length, and one float32 output `[1, dimension]`; of unit
length where the metric is `cosine`. A graph that is so already, such as the shipped one, is left as it is.
"""

from typing import Any

__all__ = ["INPUTS", "IN_GRAPH", "adapt"]

INPUTS = ("input_ids", "attention_mask", "token_type_ids", "position_ids")
IN_GRAPH = "graph"
"""The `pooling` of a model that was taken in: its graph does it, in a way that nobody told."""


def adapt(graph: Any, *, unit: bool) -> Any:
    """Return an `openvino.Model` that takes any length, integers of 64 bits, and returns float32.

    With `unit`, vectors of unit length. Raises RuntimeError when the graph cannot be reshaped.
    """
    # The zoo's graphs come at 384 tokens, and may be reshaped (its model card).
    fixed = {port.get_any_name(): [1, -1] for port in graph.inputs if port.partial_shape[1].is_static}
    if fixed:
        graph.reshape(fixed)
    graph = _typed(graph)
    return _unit(graph) if unit else graph


def _typed(graph: Any) -> Any:
    import openvino as ov

    odd_inputs = [port for port in graph.inputs if port.get_element_type() != ov.Type.i64]
    odd_output = graph.output(0).get_element_type() != ov.Type.f32
    if not odd_inputs and not odd_output:
        return graph
    from openvino.preprocess import PrePostProcessor

    steps = PrePostProcessor(graph)
    for port in odd_inputs:
        steps.input(port.get_any_name()).tensor().set_element_type(ov.Type.i64)
    if odd_output:
        steps.output(0).tensor().set_element_type(ov.Type.f32)
    return steps.build()


def _unit(graph: Any) -> Any:
    """Return the graph with its output divided by its length; what has unit length stays as it is."""
    import openvino as ov
    from openvino import opset13 as ops

    result = graph.output(0).get_node()
    vector = result.input_value(0)
    axis = ops.constant([-1], ov.Type.i64)
    scaled = ops.normalize_l2(vector, axis, 1e-12, "max")
    scaled.output(0).get_tensor().set_names(vector.get_names())
    result.input(0).replace_source_output(scaled.output(0))
    graph.validate_nodes_and_infer_types()
    return graph
