"""Adapt an imported graph in memory to the interface that the encoder uses.

That interface is: the model card's four inputs, int64 `[1, length]` of any length, and one float32 output
`[1, dimension]`, of unit length where the metric is `cosine`. A graph that has it already, such as the shipped one, is
left unchanged.
"""

from typing import Any

__all__ = ["INPUTS", "IN_GRAPH", "adapt"]

INPUTS = ("input_ids", "attention_mask", "token_type_ids", "position_ids")
IN_GRAPH = "graph"
"""The `pooling` of an imported model: its graph pools, in a way that its files do not name."""


def adapt(graph: Any, *, unit: bool) -> Any:
    """Return the `openvino.Model` with int64 inputs of any length and a float32 output.

    With `unit`, its vectors have unit length. Raises RuntimeError when the graph cannot be reshaped.
    """
    # The zoo ships its graphs at 384 tokens; its model card says that they can be reshaped.
    fixed = {port.get_any_name(): [1, -1] for port in graph.inputs if port.partial_shape[1].is_static}
    if fixed:
        graph.reshape(fixed)
    graph = _convert_types(graph)
    return _normalize(graph) if unit else graph


def _convert_types(graph: Any) -> Any:
    """Return the graph with int64 inputs and a float32 output."""
    # Not at the top: `runtime.import_openvino` must be the first to import it, and most commands need none of it.
    import openvino as ov

    odd_inputs = [port for port in graph.inputs if port.get_element_type() != ov.Type.i64]
    odd_output = graph.output(0).get_element_type() != ov.Type.f32
    if not odd_inputs and not odd_output:
        return graph
    from openvino.preprocess import PrePostProcessor  # late, as the shipped graph never needs it

    steps = PrePostProcessor(graph)
    for port in odd_inputs:
        steps.input(port.get_any_name()).tensor().set_element_type(ov.Type.i64)
    if odd_output:
        steps.output(0).tensor().set_element_type(ov.Type.f32)
    return steps.build()


def _normalize(graph: Any) -> Any:
    """Return the graph with its output divided by its L2 norm; vectors of unit length stay as they are."""
    import openvino as ov
    from openvino import opset13 as ops

    result = graph.output(0).get_node()
    vector = result.input_value(0)
    axis = ops.constant([-1], ov.Type.i64)
    # "max" replaces only a norm below 1e-12; "add" would change vectors that have unit length already.
    scaled = ops.normalize_l2(vector, axis, 1e-12, "max")
    # The output keeps its name, which the model's manifest records.
    scaled.output(0).get_tensor().set_names(vector.get_names())
    result.input(0).replace_source_output(scaled.output(0))
    graph.validate_nodes_and_infer_types()
    return graph
