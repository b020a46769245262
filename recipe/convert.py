"""Convert the torch module to OpenVINO IR with the four named inputs and named outputs."""

from collections.abc import Sequence
from typing import Any

import openvino as ov

from wherein.embed.graph import INPUTS
from wherein.recipe.extra import require

OUTPUT = "embedding"


def example_inputs() -> dict[str, Any]:
    """Return inputs to trace with, int64 [2, 5] each: two texts of five tokens, the second one padded."""
    torch = require("torch")
    ids = torch.tensor([[101, 7592, 2088, 999, 102], [101, 7592, 102, 0, 0]])
    positions = torch.arange(5).expand(2, 5).contiguous()
    arrays = (ids, (ids > 0).long(), torch.zeros_like(ids), positions)
    return dict(zip(INPUTS, arrays, strict=True))


def to_ir(body: Any, outputs: Sequence[str] = (OUTPUT,)) -> ov.Model:
    """Return the traced graph: four int64 inputs [batch, length], and float32 outputs with these names."""
    shapes = [(name, ov.PartialShape([-1, -1]), ov.Type.i64) for name in INPUTS]
    with require("torch").no_grad():
        model = ov.convert_model(body, example_input=example_inputs(), input=shapes)
    for name, port in zip(INPUTS, model.inputs, strict=True):
        port.get_tensor().set_names({name})
        port.get_node().set_friendly_name(name)
    for name, port in zip(outputs, model.outputs, strict=True):
        port.get_tensor().set_names({name})
    model.validate_nodes_and_infer_types()
    return model
