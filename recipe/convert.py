"""Torch module to OpenVINO IR with the four named inputs and the one named output."""

from typing import Any

import openvino as ov

from wherein.embed.graph import INPUTS
from wherein.recipe.extra import require

OUTPUT = "embedding"


def example() -> dict[str, Any]:
    """Two rows of five tokens for tracing, the second one padded; int64 [2, 5] each."""
    torch = require("torch")
    ids = torch.tensor([[101, 7592, 2088, 999, 102], [101, 7592, 102, 0, 0]])
    positions = torch.arange(5).expand(2, 5).contiguous()
    arrays = (ids, (ids > 0).long(), torch.zeros_like(ids), positions)
    return dict(zip(INPUTS, arrays, strict=True))


def to_ir(body: Any) -> ov.Model:
    """The traced graph: int64 [batch, length] four times in, float32 [batch, 384] out."""
    shapes = [(name, ov.PartialShape([-1, -1]), ov.Type.i64) for name in INPUTS]
    with require("torch").no_grad():
        model = ov.convert_model(body, example_input=example(), input=shapes)
    for name, port in zip(INPUTS, model.inputs, strict=True):
        port.get_tensor().set_names({name})
        port.get_node().set_friendly_name(name)
    model.outputs[0].get_tensor().set_names({OUTPUT})
    model.validate_nodes_and_infer_types()
    return model
