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


def test_a_saved_graph_says_nothing_of_the_machine(tmp_path):
    for name in ("one", "two"):
        parameter = ov.opset13.parameter([1], np.float32, name="x")
        model = ov.Model([ov.opset13.relu(parameter)], [parameter], name)
        model.outputs[0].get_tensor().set_names({"embedding"})
        model.set_rt_info("/home/somebody", ["nncf", "path"])
        quantize.save(model, tmp_path / f"{name}.xml")
    assert (tmp_path / "one.xml").read_bytes() == (tmp_path / "two.xml").read_bytes()
    assert "somebody" not in (tmp_path / "one.xml").read_text("utf-8")
    assert (tmp_path / "one.bin").exists()


def test_names_that_were_chosen_are_kept():
    parameter = ov.opset13.parameter([1], np.float32, name="x")
    node = ov.opset13.relu(parameter)
    node.set_friendly_name("chosen")
    model = ov.Model([node], [parameter], "toy")
    quantize.stable_names(model)
    assert "chosen" in [node.get_friendly_name() for node in model.get_ops()]
