"""Texts to vectors with the torch network, in groups of like length, with or without gradient."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor

from wherein.recipe import samples
from wherein.recipe.body import Body

# Padded tokens of one pass: matrix products are as fast as with more, and less of them is padding (9 % of the tokens
# of a training step, 29 % at 1536).
TOKENS = 512
# Texts in one file of kept vectors.
CHUNK = 512

Rows = dict[str, list[int]]
Vectors = NDArray[np.float32]


def rows(words: Tokenizer, texts: Iterable[str], limit: int) -> Rows:
    """The token ids of each text, at most `limit`."""
    return {text: samples.token_ids(words, text, limit) for text in texts}


def groups(lengths: Sequence[int], tokens: int = TOKENS) -> list[list[int]]:
    """Row numbers in groups of like length, each of at most `tokens` with its padding (or a single row)."""
    parts: list[list[int]] = []
    for row in sorted(range(len(lengths)), key=lambda row: -lengths[row]):
        # The first row of a group is its longest, so it says what each further one costs.
        if parts and lengths[parts[-1][0]] * (len(parts[-1]) + 1) <= tokens:
            parts[-1].append(row)
        else:
            parts.append([row])
    return parts


def encode(network: Body, texts: Sequence[list[int]]) -> Tensor:
    """Rows of token ids to float32 [rows, 384] of unit length, in the order given; gradients flow if enabled."""
    parts = groups([len(text) for text in texts])
    vectors = []
    for part in parts:
        inputs = samples.batch([texts[row] for row in part])
        vectors.append(network(**{name: torch.from_numpy(array) for name, array in inputs.items()}))
    place = torch.tensor([row for part in parts for row in part]).argsort()
    return torch.cat(vectors)[place]


def frozen(network: Body, texts: Sequence[list[int]]) -> Vectors:
    """The same without gradient, as float32 [rows, 384]."""
    with torch.no_grad():
        return encode(network, texts).numpy()


def kept(folder: Path, network: Body, texts: Sequence[list[int]]) -> Vectors:
    """`frozen`, once: later calls, and those after a stop, read what `folder` has; its name must tell the texts."""
    folder.mkdir(parents=True, exist_ok=True)
    for start in range(0, len(texts), CHUNK):
        path = folder / f"{start}.npy"
        if not path.is_file():
            fresh = folder / "part.npy"
            np.save(fresh, frozen(network, texts[start : start + CHUNK]))
            fresh.replace(path)
            print(f"{min(start + CHUNK, len(texts))} of {len(texts)} texts through the unmodified model", flush=True)
    return np.concatenate([np.load(folder / f"{start}.npy") for start in range(0, len(texts), CHUNK)])
