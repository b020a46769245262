"""The network: a BERT encoder, masked mean pooling and L2 normalization, written for export.

Sizes are those of MiniLM-L6-H384: 6 layers, 12 heads of 32, hidden size 384, inner size 1536, erf GELU, layer norm
after each residual. Shapes: B texts, L tokens, H = 384. Parameter names follow the BERT checkpoint, so that its
tensors load strictly; only its unused pooler and its constant position table are left out.

It is written out rather than taken from transformers, so that the exported graph depends on torch alone: transformers
may drop the position input, and its form of the mask changes with the version.
"""

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn
from torch.nn import functional

LAYERS, HEADS, HIDDEN, INNER = 6, 12, 384, 1536
VOCABULARY, POSITIONS, TYPES = 30522, 512, 2
EPSILON = 1e-12
# exp(-10000) is exactly 0 in float32, so a padded token gets no weight; the lowest float32 would overflow when added to
# a negative score.
MASKED = -10000.0

Attention = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]


def fused(query: Tensor, key: Tensor, value: Tensor, bias: Tensor) -> Tensor:
    """Return the attention [B, 12, L, 32] of three such tensors and a bias [B, 1, 1, L], as one operation."""
    return functional.scaled_dot_product_attention(query, key, value, attn_mask=bias)


def eager(query: Tensor, key: Tensor, value: Tensor, bias: Tensor) -> Tensor:
    """Return the same as separate operations, which the quantizer can reach."""
    scores = query @ key.transpose(-1, -2) * (HIDDEN // HEADS) ** -0.5 + bias
    return scores.softmax(-1) @ value


class Embeddings(nn.Module):
    """The sum of word, position and type vectors, with a layer norm."""

    def __init__(self) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(VOCABULARY, HIDDEN)
        self.position_embeddings = nn.Embedding(POSITIONS, HIDDEN)
        self.token_type_embeddings = nn.Embedding(TYPES, HIDDEN)
        self.LayerNorm = nn.LayerNorm(HIDDEN, EPSILON)

    def forward(self, ids: Tensor, types: Tensor, positions: Tensor) -> Tensor:
        """Three int64 [B, L] in, float32 [B, L, H] out."""
        total = self.word_embeddings(ids) + self.token_type_embeddings(types)
        return self.LayerNorm(total + self.position_embeddings(positions))


class Layer(nn.Module):
    """One transformer layer; the nested names are those of the checkpoint."""

    def __init__(self, attend: Attention) -> None:
        super().__init__()
        self.attend = attend
        heads = {name: nn.Linear(HIDDEN, HIDDEN) for name in ("query", "key", "value")}
        self.attention = nn.ModuleDict({"self": nn.ModuleDict(heads), "output": residual_parameters(HIDDEN)})
        self.intermediate = nn.ModuleDict({"dense": nn.Linear(HIDDEN, INNER)})
        self.output = residual_parameters(INNER)

    def project(self, name: str, x: Tensor) -> Tensor:
        """Split one projection of `x` [B, L, H] into heads: [B, 12, L, 32]."""
        return self.attention["self"][name](x).unflatten(-1, (HEADS, HIDDEN // HEADS)).transpose(1, 2)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        """float32 [B, L, H] and [B, 1, 1, L] in, [B, L, H] out."""
        heads = self.attend(*(self.project(name, x) for name in ("query", "key", "value")), bias)
        x = add_residual(self.attention["output"], heads.transpose(1, 2).flatten(2), x)
        return add_residual(self.output, functional.gelu(self.intermediate["dense"](x)), x)


def residual_parameters(width: int) -> nn.ModuleDict:
    """Return the parameters that end each half of a layer: a projection back to H and a layer norm."""
    return nn.ModuleDict({"dense": nn.Linear(width, HIDDEN), "LayerNorm": nn.LayerNorm(HIDDEN, EPSILON)})


def add_residual(parts: nn.ModuleDict, inner: Tensor, x: Tensor) -> Tensor:
    """Project `inner`, add the residual `x` [B, L, H] and apply the layer norm."""
    return parts["LayerNorm"](parts["dense"](inner) + x)


def pooled(states: Tensor, mask: Tensor) -> Tensor:
    """Return the mean [B, H] of the unmasked states [B, L, H] at unit length; the mask is [B, L]."""
    weights = mask.unsqueeze(-1).to(states.dtype)
    mean = (states * weights).sum(1) / weights.sum(1).clamp(min=1e-9)
    return functional.normalize(mean, dim=-1)


class Body(nn.Module):
    """The whole network; the argument names of `forward` become the input names of the graph."""

    def __init__(self, attend: Attention = fused) -> None:
        super().__init__()
        self.embeddings = Embeddings()
        self.encoder = nn.ModuleDict({"layer": nn.ModuleList(Layer(attend) for _ in range(LAYERS))})

    def states(self, ids: Tensor, mask: Tensor, types: Tensor, positions: Tensor) -> Tensor:
        """Four int64 [B, L] in, the states of the last layer [B, L, H] out, in the type of the weights."""
        bias = (1.0 - mask[:, None, None, :].to(self.embeddings.word_embeddings.weight.dtype)) * MASKED
        x = self.embeddings(ids, types, positions)
        for layer in self.encoder["layer"]:
            x = layer(x, bias)
        return x

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor, position_ids: Tensor
    ) -> Tensor:
        """Four int64 [B, L] in, float32 [B, 384] of unit length out."""
        return pooled(self.states(input_ids, attention_mask, token_type_ids, position_ids), attention_mask)


def build(tensors: dict[str, Any], attend: Attention = fused) -> Body:
    """Return the network with the checkpoint's weights, ready to export."""
    body = Body(attend)
    unused = ("pooler.", "embeddings.position_ids")
    body.load_state_dict({name: tensor for name, tensor in tensors.items() if not name.startswith(unused)})
    return body.eval()
