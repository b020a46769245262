"""Adapt an imported graph in memory to the interface that the encoder uses.

That interface is: the model card's four inputs, int64 `[n, length]` of any length, and one float32 output
`[n, dimension]`, of unit length where the metric is `cosine`. A graph that has it already, such as the shipped one, is
left unchanged. Nothing of this is written to disk: a model's files, and so its fingerprint, are those of its maker.
"""

from typing import Any

__all__ = ["COMPLETE", "INPUTS", "IN_GRAPH", "POOLINGS", "adapt"]

INPUTS = ("input_ids", "attention_mask", "token_type_ids", "position_ids")
COMPLETE = "mean"
"""The `pooling` of a graph that was made for the encoder: it pools and normalizes."""
IN_GRAPH = "graph"
"""The `pooling` of an imported model: its graph pools, in a way that its files do not name."""
POOLINGS = {"mean": "mean_tokens", "cls": "cls_token", "last": "last_token"}
"""The `pooling` of an imported model whose graph returns a vector for each token, by its short name."""


def adapt(graph: Any, *, unit: bool, pooling: str = IN_GRAPH, output: str = "") -> Any:
    """Return the `openvino.Model` with int64 inputs of any length and one float32 output.

    `output` is the name of the output that is used, "" for the first. With `unit`, vectors have unit length. Raises
    RuntimeError when the graph cannot be reshaped or has no such output.
    """
    if len(graph.outputs) > 1:
        graph = _with_one_output(graph, output)
    # The zoo ships its graphs at 384 tokens; its model card says that they can be reshaped.
    fixed = {port.get_any_name(): [1, -1] for port in graph.inputs if port.partial_shape[1].is_static}
    if fixed:
        graph.reshape(fixed)
    graph = _convert_types(graph)
    if pooling in POOLINGS.values():
        _replace_output(graph, _pool(graph, pooling))
    if unit:
        _replace_output(graph, _normalize(graph))
    _add_missing_inputs(graph)
    return graph


def _with_one_output(graph: Any, output: str) -> Any:
    import openvino as ov

    port = graph.output(output) if output else graph.output(0)
    return ov.Model([port.get_node()], graph.get_parameters(), graph.get_friendly_name())


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


def _pool(graph: Any, pooling: str) -> Any:
    """Return the node of the text's vector `[n, dimension]`, from those of its tokens `[n, length, dimension]`.

    The same as https://github.com/UKPLab/sentence-transformers/blob/master/sentence_transformers/models/Pooling.py for
    texts that are padded at their end.
    """
    import openvino as ov
    from openvino import opset13 as ops

    tokens = graph.output(0).get_node().input_value(0)
    one = ops.constant(1, ov.Type.i64)
    if pooling == POOLINGS["cls"]:
        return ops.gather(tokens, ops.constant(0, ov.Type.i64), one)
    mask = graph.input("attention_mask").get_node()
    if pooling == POOLINGS["last"]:
        count = ops.reduce_sum(mask, one, False)
        last = ops.maximum(ops.subtract(count, one), ops.constant(0, ov.Type.i64))
        return ops.gather(tokens, last, one, batch_dims=1)
    weights = ops.unsqueeze(ops.convert(mask, "f32"), ops.constant(2, ov.Type.i64))
    total = ops.reduce_sum(ops.multiply(tokens, weights), one, False)
    # The maximum is for a text without any token.
    return ops.divide(total, ops.maximum(ops.reduce_sum(weights, one, False), ops.constant(1e-9, ov.Type.f32)))


def _normalize(graph: Any) -> Any:
    """Return the node of the output divided by its L2 norm; vectors of unit length stay as they are."""
    import openvino as ov
    from openvino import opset13 as ops

    vector = graph.output(0).get_node().input_value(0)
    # "max" replaces only a norm below 1e-12; "add" would change vectors that have unit length already.
    return ops.normalize_l2(vector, ops.constant([-1], ov.Type.i64), 1e-12, "max")


def _replace_output(graph: Any, node: Any) -> None:
    result = graph.output(0).get_node()
    # The output keeps its name, which the model's manifest records.
    node.output(0).get_tensor().set_names(result.input_value(0).get_names())
    result.input(0).replace_source_output(node.output(0))
    graph.validate_nodes_and_infer_types()


def _add_missing_inputs(graph: Any) -> None:
    """Add those of the four inputs that the graph does not use; their values are ignored."""
    present = {name for port in graph.inputs for name in port.get_names()}
    missing = [name for name in INPUTS if name not in present]
    if not missing:
        return
    import openvino as ov
    from openvino import opset13 as ops

    batch = graph.input(INPUTS[0]).partial_shape[0]
    for name in missing:
        unused = ops.parameter(ov.PartialShape([batch, ov.Dimension()]), ov.Type.i64, name)
        unused.output(0).get_tensor().set_names({name})
        graph.add_parameters([unused])
