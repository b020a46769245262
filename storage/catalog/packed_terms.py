"""The counted terms of a passage in few bytes: the column `counts` of the table `terms`.

A term takes 4.7 bytes; its hash and two counts as they are would take 7. A row is, little-endian:

- the length of the passage in terms, and the number `n` of its different ones, 4 bytes each;
- the high 8 bits of the terms, which are ascending, as n + 256 bits: that at `i + h` is set when term i begins with h
  (the quasi-succinct lists of Elias and Fano; Vigna, "Quasi-Succinct Indices", 2013);
- their low 32 bits;
- the counts in 4 bits each: a code of `encode_counts`;
- two bytes for each count that has no code: `body` and `fields` as in `ENTRY`.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = [
    "ENTRY",
    "ESCAPE",
    "Bytes",
    "Entries",
    "TermRows",
    "decode_counts",
    "different_terms",
    "encode_counts",
    "estimated_terms",
    "pack_nibbles",
    "pack_rows",
    "unpack_nibbles",
    "unpack_rows",
]

Entries = npt.NDArray[np.void]
Bytes = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int64]

ENTRY = np.dtype([("term", "<u8"), ("body", "u1"), ("fields", "u1")])
"""A term (40 bits) and its counts: `body` in the passage (at most 255); `fields` is 16 times that in the headings, plus
that in the title (at most 15 each)."""

ESCAPE = 15
"""The code of counts that have none of their own."""

_HEADER = struct.Struct("<II")
_NO_HEADER = "a row has no header"
_WRONG_SIZE = "a row has another size than its header gives"
_WRONG_COUNT = "a row has another number of terms than its header gives"
_LOW_BITS, _HIGHS = 32, 256
# The counts of each code but ESCAPE: up to 8 times in the passage alone; once in the title or a heading, too.
_CODED = [*((body, 0) for body in range(1, 9)), (0, 1), (0, 16), (0, 17), (1, 1), (1, 16), (2, 1), (2, 16)]
_BODY, _FIELDS = np.array([*_CODED, (0, 0)], np.uint8).T


@dataclass(frozen=True)
class TermRows:
    """Rows of `terms`: chunk `ids` int64 [n], `lengths` of the passages in terms uint32 [n].

    `entries` are those of all rows one after another, as in `ENTRY`; `sizes` int64 [n] are their numbers in each row.
    """

    ids: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.uint32]
    sizes: npt.NDArray[np.int64]
    entries: Entries

    def single(self) -> list[TermRows]:
        """Return each row by itself."""
        ends = np.cumsum(self.sizes)
        entries = np.split(self.entries, ends[:-1]) if len(ends) else []
        return [
            TermRows(self.ids[at : at + 1], self.lengths[at : at + 1], self.sizes[at : at + 1], own)
            for at, own in enumerate(entries)
        ]


def _codes() -> Bytes:
    codes = np.full((256, 256), ESCAPE, np.uint8)
    codes[_BODY[:ESCAPE], _FIELDS[:ESCAPE]] = np.arange(ESCAPE)
    return codes.ravel()


_CODES = _codes()


def encode_counts(body: Bytes, fields: Bytes) -> Bytes:
    """Return the codes of counts, below 16; ESCAPE for those that must be stored as they are."""
    codes: Bytes = _CODES[body.astype(np.uint16) << 8 | fields]
    return codes


def decode_counts(codes: Bytes) -> tuple[Bytes, Bytes]:
    """Return the counts in the passages and in the fields; 0 and 0 for ESCAPE."""
    return np.take(_BODY, codes, mode="clip"), np.take(_FIELDS, codes, mode="clip")  # twice as fast as by index


def estimated_terms(size: float) -> float:
    """Return about the number of terms in a row of some bytes."""
    return max(0.0, size - _HEADER.size - _HIGHS / 8) / (4 + 1 / 8 + 1 / 2)


def different_terms(row: bytes) -> int:
    """Return the number of different terms in a row, given by its first 8 bytes. Raises ValueError for fewer."""
    if len(row) < _HEADER.size:
        raise ValueError(_NO_HEADER)
    return int(_HEADER.unpack_from(row)[1])


def pack_rows(lengths: Sequence[int], sizes: Integers, entries: Entries) -> list[bytes]:
    """Return rows: the length of each passage in terms, and its terms, each once, ascending.

    `entries` are those of all rows one after another, `sizes` [n] their numbers in each row.
    """
    starts = np.cumsum(sizes) - sizes
    within = np.arange(len(entries)) - np.repeat(starts, sizes)
    high_sizes, code_sizes = (_HIGHS + sizes + 7) // 8, (sizes + 1) // 2
    highs = np.zeros(8 * int(high_sizes.sum()), np.uint8)
    firsts = np.repeat(8 * (np.cumsum(high_sizes) - high_sizes), sizes)
    highs[firsts + within + (entries["term"] >> np.uint64(_LOW_BITS)).astype(np.int64)] = 1
    encoded = encode_counts(entries["body"], entries["fields"])
    codes = np.zeros(2 * int(code_sizes.sum()), np.uint8)
    codes[np.repeat(2 * (np.cumsum(code_sizes) - code_sizes), sizes) + within] = encoded
    escaped = encoded == ESCAPE
    escape_sizes = 2 * np.bincount(np.repeat(np.arange(len(sizes)), sizes)[escaped], minlength=len(sizes))
    parts = (
        [_HEADER.pack(length, size) for length, size in zip(lengths, sizes.tolist(), strict=True)],
        _split(np.packbits(highs, bitorder="little"), high_sizes),
        _split(entries["term"].astype("<u4"), 4 * sizes),  # the low 32 bits
        _split(codes[::2] | codes[1::2] << 4, code_sizes),
        _split(np.stack([entries["body"][escaped], entries["fields"][escaped]], axis=1), escape_sizes),
    )
    return list(map(b"".join, zip(*parts, strict=True)))


def _split(column: npt.NDArray[Any], sizes: Integers) -> list[bytes]:
    """Return the bytes of each row."""
    raw, ends = column.tobytes(), np.cumsum(sizes).tolist()
    return [raw[start:end] for start, end in pairwise([0, *ends])]


def unpack_rows(ids: Sequence[int], raws: Sequence[bytes]) -> TermRows:
    """Return rows that `pack_rows` packed, each with its id. Raises ValueError when one cannot be such a row."""
    joined = b"".join([raw[: _HEADER.size] for raw in raws])
    if len(joined) != _HEADER.size * len(raws):
        raise ValueError(_NO_HEADER)
    headers = np.frombuffer(joined, "<u4")
    sizes = headers[1::2].astype(np.int64)
    highs, lows, codes, escapes = _columns(raws, sizes)
    starts = np.cumsum(sizes) - sizes
    within = np.arange(int(sizes.sum())) - np.repeat(starts, sizes)
    entries = np.zeros(len(within), ENTRY)
    if 4 * len(entries) != len(lows):
        raise ValueError(_WRONG_SIZE)
    entries["term"] = _high_parts(highs, sizes, within)
    entries["term"] <<= np.uint64(_LOW_BITS)
    entries["term"] |= np.frombuffer(lows, "<u4")
    half = (sizes + 1) // 2
    coded = unpack_nibbles(np.frombuffer(codes, np.uint8))[within + np.repeat(2 * (np.cumsum(half) - half), sizes)]
    entries["body"], entries["fields"] = decode_counts(coded)
    escaped = np.flatnonzero(coded == ESCAPE)
    if 2 * len(escaped) != len(escapes):
        raise ValueError(_WRONG_SIZE)
    pairs = np.frombuffer(escapes, np.uint8).reshape(-1, 2)
    entries["body"][escaped], entries["fields"][escaped] = pairs[:, 0], pairs[:, 1]
    return TermRows(np.array(ids, np.int64), headers[::2].astype(np.uint32), sizes, entries)


def _columns(raws: Sequence[bytes], sizes: Integers) -> tuple[bytes, bytes, bytes, bytes]:
    """Return the four parts after the headers, those of all rows one after another."""
    parts: tuple[list[bytes], ...] = [], [], [], []
    highs, lows, codes, escapes = parts
    for raw, n in zip(raws, sizes.tolist(), strict=True):
        first = _HEADER.size + (_HIGHS + n + 7) // 8
        second = first + 4 * n
        third = second + (n + 1) // 2
        if third > len(raw):
            raise ValueError(_WRONG_SIZE)
        highs.append(raw[_HEADER.size : first])
        lows.append(raw[first:second])
        codes.append(raw[second:third])
        escapes.append(raw[third:])
    return b"".join(highs), b"".join(lows), b"".join(codes), b"".join(escapes)


def _high_parts(packed: bytes, sizes: Integers, within: Integers) -> npt.NDArray[np.uint64]:
    """Return the high bits of the terms of all rows; `within` has the number of each term in its row."""
    bits = np.unpackbits(np.frombuffer(packed, np.uint8), bitorder="little")
    ones = np.flatnonzero(bits.view(np.bool_))  # eight times as fast as from bytes
    if len(ones) != len(within):
        raise ValueError(_WRONG_COUNT)
    lengths = (_HIGHS + sizes + 7) // 8 * 8
    highs = ones - np.repeat(np.cumsum(lengths) - lengths, sizes) - within
    if len(highs) and not 0 <= highs.min() <= highs.max() < _HIGHS:
        raise ValueError(_WRONG_COUNT)
    return highs.astype(np.uint64)


def pack_nibbles(codes: Bytes) -> bytes:
    """Return numbers below 16 as 4 bits each, the first of two in the low ones; after an odd number of them a 0."""
    even: Any = np.zeros(len(codes) + len(codes) % 2, np.uint8)
    even[: len(codes)] = codes
    packed: bytes = (even[::2] | even[1::2] << 4).tobytes()
    return packed


def unpack_nibbles(packed: Bytes) -> Bytes:
    """Return what `pack_nibbles` packed, and the 0 that it may have added."""
    codes = np.empty(2 * len(packed), np.uint8)
    codes[::2], codes[1::2] = packed & 15, packed >> 4
    return codes
