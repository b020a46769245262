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


def test_both_ways_of_attention_give_the_same(base):
    torch = pytest.importorskip("torch", reason="the network is torch's; install wherein[recipe]")
    body = require("wherein.recipe.body")
    batch = convert.example_inputs()
    with torch.no_grad():
        fused, eager = (body.build(base, attend)(**batch) for attend in (body.fused, body.eager))
    assert torch.allclose(fused, eager, atol=1e-6)
    assert fused.norm(dim=1).tolist() == pytest.approx([1, 1], abs=1e-6)


def test_what_the_checkpoint_has_more_is_left_out(base):
    torch = pytest.importorskip("torch", reason="the network is torch's; install wherein[recipe]")
    body = require("wherein.recipe.body")
    more = {**base, "pooler.dense.weight": torch.zeros(1), "embeddings.position_ids": torch.zeros(1)}
    assert body.build(more).state_dict().keys() == base.keys()
    with pytest.raises(RuntimeError, match="Missing key"):
        body.build({name: tensor for name, tensor in base.items() if "LayerNorm" not in name})
