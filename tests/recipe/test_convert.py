"""The torch module becomes a graph with the card's four inputs."""

import numpy as np
import openvino
import pytest

from wherein.embed.graph import INPUTS
from wherein.embed.runtime import openvino_core
from wherein.recipe import convert, samples

torch = pytest.importorskip("torch", reason="the network is torch's; install wherein[recipe]")

from wherein.recipe import body  # noqa: E402


def test_the_example_has_a_padded_text():
    batch = convert.example_inputs()
    assert tuple(batch) == INPUTS
    assert {tuple(tensor.shape) for tensor in batch.values()} == {(2, 5)}
    assert batch["attention_mask"].tolist() == [[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]]
    assert batch["position_ids"][1].tolist() == [0, 1, 2, 3, 4]
    assert {tensor.dtype for tensor in batch.values()} == {torch.int64}


@pytest.mark.filterwarnings("ignore:.*torch.jit")
@pytest.mark.skipif(not hasattr(openvino, "convert_model"), reason="OpenVINO was imported without its converter")
def test_the_graph_gives_the_networks_vectors_at_any_length(base):
    network = body.build(base)
    graph = convert.to_ir(network)
    assert [port.get_any_name() for port in graph.inputs] == list(INPUTS)
    assert [port.get_any_name() for port in graph.outputs] == [convert.OUTPUT]
    compiled = openvino_core().compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    batch = samples.batch([[101, 2000, 102], [101, 2001, 2002, 2003, 2004, 2005, 102]])
    with torch.no_grad():
        expected = network(**{name: torch.from_numpy(array) for name, array in batch.items()}).numpy()
    np.testing.assert_allclose(compiled(batch)[0], expected, atol=1e-5)
