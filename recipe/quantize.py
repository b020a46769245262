"""Quantize FP32 IR to symmetric INT8 IR, after training.

Weights, including the embedding tables, become int8 constants with a float32 scale for each row. Activations get
`FakeQuantize` nodes, which are executed in INT8 or removed at load (`embed/precision.py`).
"""

import re
from pathlib import Path

import openvino as ov

from wherein.recipe.extra import require
from wherein.recipe.samples import Inputs

METHOD, PRESET = "post-training quantization, symmetric INT8 weights and activations", "performance"


def quantize(model: ov.Model, samples: list[Inputs], *, half_range: bool = False) -> ov.Model:
    """Return the model with INT8 weights, and activation ranges calibrated on all `samples`.

    With `half_range` weights are -64 to 63, which no CPU without VNNI can overflow, and which compress better.
    """
    nncf = require("nncf")
    fix = nncf.OverflowFix.ENABLE if half_range else None
    return nncf.quantize(
        model,
        nncf.Dataset(samples),
        preset=nncf.QuantizationPreset.PERFORMANCE,
        model_type=nncf.ModelType.TRANSFORMER,
        subset_size=len(samples),
        advanced_parameters=nncf.AdvancedQuantizationParameters(overflow_fix=fix),
    )


def stable_names(model: ov.Model) -> None:
    """Rename nodes that OpenVINO named by a counter of the process, so that every build writes the same file."""
    for number, node in enumerate(model.get_ordered_ops()):
        kind = node.get_type_name()
        if re.fullmatch(rf"{kind}_\d+", node.get_friendly_name()):
            node.set_friendly_name(f"{kind}_{number}")


def save(model: ov.Model, path: Path, name: str = "embedding") -> None:
    """Write `path` and its .bin without the tools' metadata, which describes the building machine."""
    for section in list(model.get_rt_info()):
        del model.get_rt_info()[section]
    model.set_friendly_name(name)
    stable_names(model)
    # Not compressed to FP16: the scales stay float32, so that INT8 weights have the same values at both precisions.
    ov.save_model(model, path, compress_to_fp16=False)
