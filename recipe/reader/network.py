"""The reader: the encoder of `body`, and two logits for each token, that the answer starts and that it ends there."""

from typing import Any

import torch
from torch import Tensor, nn

from wherein.recipe import body
from wherein.recipe.body import Attention, Body, eager

FILLED = float("-inf")


class Reader(nn.Module):
    """The whole network; the argument names of `forward` become the input names of the graph."""

    def __init__(self, attend: Attention = eager) -> None:
        super().__init__()
        self.body = Body(attend)
        self.head = nn.Linear(body.HIDDEN, 2)

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor, position_ids: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Four int64 [B, L] in, the logits of starts and of ends [B, L] each out."""
        logits = self.head(self.body.states(input_ids, attention_mask, token_type_ids, position_ids))
        return logits[..., 0], logits[..., 1]


def start(base: dict[str, Any], seed: int) -> Reader:
    """Return the reader with the base model's weights and a new head.

    The word vectors stay fixed: they are half of all weights, and so the embedding model's can be shared.
    """
    torch.manual_seed(seed)
    reader = Reader()
    unused = ("pooler.", "embeddings.position_ids")
    reader.body.load_state_dict({name: tensor for name, tensor in base.items() if not name.startswith(unused)})
    nn.init.normal_(reader.head.weight, std=0.02)
    nn.init.zeros_(reader.head.bias)
    reader.body.embeddings.word_embeddings.requires_grad_(False)
    return reader


def loss(logits: Tensor, mask: Tensor, right: Tensor) -> Tensor:
    """Return the sum over the rows of -log of the probability of the tokens that are `right`; all are [B, L]."""
    known = logits.float().masked_fill(mask == 0, FILLED)
    return (known.logsumexp(-1) - known.masked_fill(~right, FILLED).logsumexp(-1)).sum()
