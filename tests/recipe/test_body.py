"""The network of torch."""

import pytest

from wherein.recipe import convert
from wherein.recipe.extra import require


def test_the_network_ignores_padding():
    torch = pytest.importorskip("torch", reason="the network is torch's; install wherein[recipe]")
    body = require("wherein.recipe.body")
    torch.manual_seed(0)
    batch = convert.example_inputs()
    short = {name: tensor[1:, :3] for name, tensor in batch.items()}
    for attend in (body.fused, body.eager):
        network = body.Body(attend).eval()
        with torch.no_grad():
            assert torch.allclose(network(**batch)[1], network(**short)[0], atol=1e-6)
