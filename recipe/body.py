"""The network: a BERT encoder, masked mean pooling and L2 normalisation, written for export.

Sizes of MiniLM-L6-H384: 6 layers, 12 heads of 32, hidden size 384, inner size 1536, erf GELU, layer norm
after each residual. Shapes: B texts, L tokens, H = 384. Parameter names follow the BERT checkpoint, so its
tensors load strictly; only its unused pooler and its constant position table are left out.

Written out rather than taken from transformers, because the exported graph then depends on torch alone: there
the position input can be dropped, and the form of the mask changes with the version.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

LAYERS, HEADS, HIDDEN, INNER = 6, 12, 384, 1536
VOCABULARY, POSITIONS, TYPES = 30522, 512, 2
EPSILON = 1e-12
# exp(-10000) is exactly 0 in float32, so a padded token has no weight at all; the lowest float would
# overflow when added to a negative score.
MASKED = -10000.0

Attention = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]


def fused(query: Tensor, key: Tensor, value: Tensor, bias: Tensor) -> Tensor:
    """Attention as one operation. Three [B, 12, L, 32] and [B, 1, 1, L] in, [B, 12, L, 32] out."""
    return functional.scaled_dot_product_attention(query, key, value, attn_mask=bias)


def eager(query: Tensor, key: Tensor, value: Tensor, bias: Tensor) -> Tensor:
    """The same attention as separate operations, which the quantizer can reach."""
    scores = query @ key.transpose(-1, -2) * (HIDDEN // HEADS) ** -0.5 + bias
    return scores.softmax(-1) @ value


class Embeddings(nn.Module):
    """Sum of word, position and type vectors, normalised."""

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
        self.attention = nn.ModuleDict({"self": nn.ModuleDict(heads), "output": residual(HIDDEN)})
        self.intermediate = nn.ModuleDict({"dense": nn.Linear(HIDDEN, INNER)})
        self.output = residual(INNER)

    def project(self, name: str, x: Tensor) -> Tensor:
        """Split one projection of `x` [B, L, H] into heads: [B, 12, L, 32]."""
        return self.attention["self"][name](x).unflatten(-1, (HEADS, HIDDEN // HEADS)).transpose(1, 2)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        """float32 [B, L, H] and [B, 1, 1, L] in, [B, L, H] out."""
        heads = self.attend(*(self.project(name, x) for name in ("query", "key", "value")), bias)
        x = close(self.attention["output"], heads.transpose(1, 2).flatten(2), x)
        return close(self.output, functional.gelu(self.intermediate["dense"](x)), x)


def residual(width: int) -> nn.ModuleDict:
    """The parameters that close a half layer: back to H, then a layer norm."""
    return nn.ModuleDict({"dense": nn.Linear(width, HIDDEN), "LayerNorm": nn.LayerNorm(HIDDEN, EPSILON)})


def close(parts: nn.ModuleDict, inner: Tensor, x: Tensor) -> Tensor:
    """Project `inner`, add the residual `x` [B, L, H] and normalise."""
    return parts["LayerNorm"](parts["dense"](inner) + x)


def pooled(states: Tensor, mask: Tensor) -> Tensor:
    """Unit-length mean of the unmasked states. [B, L, H] and [B, L] in, [B, H] out."""
    weights = mask.unsqueeze(-1).to(states.dtype)
    mean = (states * weights).sum(1) / weights.sum(1).clamp(min=1e-9)
    return functional.normalize(mean, dim=-1)


class Body(nn.Module):
    """The whole network. The argument names become the input names of the graph."""

    def __init__(self, attend: Attention = fused) -> None:
        super().__init__()
        self.embeddings = Embeddings()
        self.encoder = nn.ModuleDict({"layer": nn.ModuleList(Layer(attend) for _ in range(LAYERS))})

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor, position_ids: Tensor
    ) -> Tensor:
        """Four int64 [B, L] in, float32 [B, 384] of unit length out."""
        bias = (1.0 - attention_mask[:, None, None, :].to(torch.float32)) * MASKED
        x = self.embeddings(input_ids, token_type_ids, position_ids)
        for layer in self.encoder["layer"]:
            x = layer(x, bias)
        return pooled(x, attention_mask)


def build(tensors: dict[str, Any], attend: Attention = fused) -> Body:
    """The network with the checkpoint's weights, ready to export."""
    body = Body(attend)
    unused = ("pooler.", "embeddings.position_ids")
    body.load_state_dict({name: tensor for name, tensor in tensors.items() if not name.startswith(unused)})
    return body.eval()
