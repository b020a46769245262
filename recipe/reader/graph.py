"""From the trained reader to its two graphs: float32 as it was trained, and INT8."""

from collections.abc import Sequence
from typing import Any

import openvino as ov

from wherein.embed.models.validation import ANSWER_OUTPUTS
from wherein.recipe import convert, quantize
from wherein.recipe.reader import rows
from wherein.recipe.reader.rows import Row
from wherein.recipe.samples import Inputs

NAME = "reader"


def plain(reader: Any) -> ov.Model:
    """Return the graph in float32."""
    return convert.to_ir(reader.eval(), ANSWER_OUTPUTS)


def calibration(calibrated_on: Sequence[Row]) -> list[Inputs]:
    """Return the calibration samples, each an unpadded batch of one input."""
    return [rows.batch([row])[0] for row in calibrated_on]


def quantized(graph: ov.Model, calibrated_on: Sequence[Row]) -> ov.Model:
    """Return the graph in INT8; the weights are cut to half of the range, which compress better."""
    return quantize.quantize(graph.clone(), calibration(calibrated_on), half_range=True)
