"""FP32 IR to symmetric INT8 IR by post-training quantization.

Weights, the embedding tables among them, become int8 constants with a float32 scale for each row. Activations
get `FakeQuantize` nodes, which the runtime carries out in INT8 or takes away (`embed/precision.py`).
"""

import re
from pathlib import Path

import openvino as ov

from wherein.recipe.extra import require
from wherein.recipe.samples import Inputs

METHOD, PRESET = "post-training quantization, symmetric INT8 weights and activations", "performance"


def quantized(model: ov.Model, samples: list[Inputs]) -> ov.Model:
    """`model` with INT8 weights and activation ranges taken from all `samples`."""
    nncf = require("nncf")
    return nncf.quantize(
        model,
        nncf.Dataset(samples),
        preset=nncf.QuantizationPreset.PERFORMANCE,
        model_type=nncf.ModelType.TRANSFORMER,
        subset_size=len(samples),
    )


def stable_names(model: ov.Model) -> None:
    """Rename what OpenVINO named by a counter of the process, so that every build writes the same file."""
    for number, node in enumerate(model.get_ordered_ops()):
        kind = node.get_type_name()
        if re.fullmatch(rf"{kind}_\d+", node.get_friendly_name()):
            node.set_friendly_name(f"{kind}_{number}")


def save(model: ov.Model, path: Path) -> None:
    """Write `path` and its .bin without the notes of the tools, which tell of the building machine."""
    for section in list(model.get_rt_info()):
        del model.get_rt_info()[section]
    model.set_friendly_name("embedding")
    stable_names(model)
    # Not to FP16: the scales stay float32, so that INT8 weights mean the same in both precisions.
    ov.save_model(model, path, compress_to_fp16=False)
