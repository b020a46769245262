"""Quantized graphs are written to the same file in every build."""

import numpy as np
import openvino as ov

from wherein.recipe import quantize


def test_counted_names_become_stable():
    def numbered():
        parameter = ov.opset13.parameter([1], np.float32, name="x")
        return ov.Model([ov.opset13.relu(parameter)], [parameter], "toy")

    models = [numbered(), numbered()]
    for model in models:
        quantize.stable_names(model)
    first, second = ([node.get_friendly_name() for node in model.get_ordered_ops()] for model in models)
    assert first == second
    assert "x" in first
