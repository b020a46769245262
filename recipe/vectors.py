"""Embed texts with the torch network, in groups of similar length, with or without gradients."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor

from wherein.recipe import samples
from wherein.recipe.body import Body

# Tokens of one pass, padding included. Matrix products are no faster with more, and there is less padding (9 % of the
# tokens of a training step, 29 % at 1536).
TOKENS = 512
# Texts in one file of cached vectors.
CHUNK = 512

Rows = dict[str, list[int]]
Vectors = NDArray[np.float32]


def token_rows(words: Tokenizer, texts: Iterable[str], limit: int) -> Rows:
    """Return the token ids of each text, at most `limit` of them."""
    return {text: samples.token_ids(words, text, limit) for text in texts}


def groups(lengths: Sequence[int], tokens: int = TOKENS) -> list[list[int]]:
    """Return the row indices in groups of similar length, each of at most `tokens` with padding, or a single row."""
    parts: list[list[int]] = []
    for row in sorted(range(len(lengths)), key=lambda row: -lengths[row]):
        # The first row of a group is its longest, to which the others are padded.
        if parts and lengths[parts[-1][0]] * (len(parts[-1]) + 1) <= tokens:
            parts[-1].append(row)
        else:
            parts.append([row])
    return parts


def encode(network: Body, texts: Sequence[list[int]]) -> Tensor:
    """Return the unit vectors of rows of token ids, float32 [rows, 384], in their order; with gradients if enabled."""
    parts = groups([len(text) for text in texts])
    vectors = []
    for part in parts:
        inputs = samples.batch([texts[row] for row in part])
        vectors.append(network(**{name: torch.from_numpy(array) for name, array in inputs.items()}))
    order = torch.tensor([row for part in parts for row in part]).argsort()
    return torch.cat(vectors)[order]


def encode_frozen(network: Body, texts: Sequence[list[int]]) -> Vectors:
    """Return the same without gradients, as a NumPy array."""
    with torch.no_grad():
        return encode(network, texts).numpy()


def encode_cached(folder: Path, network: Body, texts: Sequence[list[int]]) -> Vectors:
    """Return `encode_frozen(network, texts)`, cached in `folder`, whose name must identify network and texts."""
    folder.mkdir(parents=True, exist_ok=True)
    for start in range(0, len(texts), CHUNK):
        path = folder / f"{start}.npy"
        if not path.is_file():
            fresh = folder / "part.npy"
            np.save(fresh, encode_frozen(network, texts[start : start + CHUNK]))
            fresh.replace(path)
            print(f"{min(start + CHUNK, len(texts))} of {len(texts)} texts through the unmodified model", flush=True)
    return np.concatenate([np.load(folder / f"{start}.npy") for start in range(0, len(texts), CHUNK)])
