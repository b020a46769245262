"""The layout of a file of keywords: its header, and where each of its arrays begins (postings_file.py)."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np

from wherein.storage.index.checked_pages import page_count

__all__ = [
    "ALIGNMENT", "BLOCK", "BUCKETS", "DENSE_ESCAPE", "DENSE_SHARE", "GAPS", "LOW_BITS", "SECTIONS", "Header",
    "SectionSize", "aligned", "check_postings", "has_words", "narrowest", "offsets_of", "read_header", "section_types",
]  # fmt: skip

GAPS: tuple[np.dtype[Any], ...] = (np.dtype("u1"), np.dtype("<u2"), np.dtype("<u4"))
"""The types of gaps; the highest number of each is the escape. The section before them is that of dense terms."""

DENSE_SHARE = 2
"""A term is dense if it occurs in at least one of so many chunks."""

DENSE_ESCAPE = 255
"""In place of a count of a dense term: the counts are listed."""

ALIGNMENT = 64
BUCKETS, LOW_BITS = 256, 32
"""The terms of a section are found by their high bits, and then by the low ones."""

BLOCK = 64
"""Terms between two of which it is stored how many elements precede them."""

_MAGIC = b"WHEREIN\0keywords"
_HEADER = struct.Struct("<16sIQQq")
_SECTION = struct.Struct("<QQQQ")
SECTIONS = 1 + len(GAPS)
_WORDS = struct.Struct("<Q")
_FORMAT, _WITHOUT_WORDS = 4, 3
_MAX = 1 << 40


class SectionSize(NamedTuple):
    """The numbers of terms, elements and listed counts of a section; the most elements of one term.

    An element is a gap, an escape or the count of a dense term.
    """

    terms: int = 0
    elements: int = 0
    listed: int = 0
    longest: int = 0


@dataclass(frozen=True)
class Header:
    """The numbers of chunks and postings of a file, the highest id of a chunk, and what its sections hold.

    `words` is the size of the packed words, None in a file of the format that has none.
    """

    count: int
    postings: int
    highest: int
    sections: tuple[SectionSize, ...]
    words: int | None = None

    def pack(self) -> bytes:
        """Return the bytes at the beginning of the file."""
        version = _WITHOUT_WORDS if self.words is None else _FORMAT
        fixed = _HEADER.pack(_MAGIC, version, self.count, self.postings, self.highest)
        words = b"" if self.words is None else _WORDS.pack(self.words)
        return fixed + b"".join(_SECTION.pack(*size) for size in self.sections) + words

    def layout(self) -> list[tuple[np.dtype[Any], int]]:
        """Return type and length of each array of the file."""
        arrays: list[tuple[np.dtype[Any], int]] = [(np.dtype("<i8"), self.count), (np.dtype("<u4"), self.count)]
        for number, size in enumerate(self.sections):
            arrays += section_types(number, size)
        return arrays if self.words is None else [*arrays, (np.dtype("u1"), self.words)]


def section_types(number: int, size: SectionSize) -> list[tuple[np.dtype[Any], int]]:
    """Return type and length of each array of a section, in the order of the fields of a section (postings_file.py)."""
    sparse = number > 0
    return [
        (np.dtype("<u4"), BUCKETS + 1),
        (np.dtype("<u4"), size.terms),
        (narrowest(size.longest), size.terms if sparse else 0),
        (np.dtype("<i8"), -(-size.terms // BLOCK) if sparse else 0),
        (GAPS[number - 1] if sparse else np.dtype("u1"), size.elements),
        (np.dtype("u1"), (size.elements + 1) // 2 if sparse else 0),
        (narrowest(size.elements), size.listed),
        (np.dtype("u1"), size.listed),
        (np.dtype("u1"), size.listed),
    ]


def narrowest(highest: int) -> np.dtype[Any]:
    """Return the narrowest type of unsigned integers that holds a number."""
    return np.dtype(f"<u{next(size for size in (1, 2, 4, 8) if highest < 1 << 8 * size)}")


def check_postings(path: Path, count: int, highest: int) -> int:
    """Return the number of postings in a file, after a check of its header and size.

    `count` chunks are expected, the last of which has the id `highest`. Raises ValueError when the layout is not that
    of `write_postings`, OSError when the file cannot be read.
    """
    with path.open("rb") as file:
        return read_header(file, count, highest).postings


def has_words(path: Path, count: int, highest: int) -> bool:
    """Whether a file is of the format that has words; see `check_postings`."""
    with path.open("rb") as file:
        return read_header(file, count, highest).words is not None


def read_header(file: IO[bytes], count: int, highest: int) -> Header:
    """Return the header of a file, after a check of it and of the file's size."""
    header = _header(file.read(_HEADER.size + SECTIONS * _SECTION.size + _WORDS.size), count, highest)
    end = offsets_of(header)[-1]
    size, expected = os.fstat(file.fileno()).st_size, aligned(end) + 4 * page_count(end)
    if size != expected:
        raise ValueError(f"it has {size:,} bytes instead of {expected:,}")
    return header


def _header(raw: bytes, count: int, highest: int) -> Header:
    end = _HEADER.size + SECTIONS * _SECTION.size
    if len(raw) < end + _WORDS.size:
        raise ValueError("it has no header")
    magic, version, chunks, postings, last = _HEADER.unpack_from(raw)
    sections = tuple(SectionSize(*size) for size in _SECTION.iter_unpack(raw[_HEADER.size : end]))
    words = None if version == _WITHOUT_WORDS else _WORDS.unpack_from(raw, end)[0]
    largest = max(postings, words or 0, *(max(size) for size in sections))
    is_known = magic == _MAGIC and version in (_FORMAT, _WITHOUT_WORDS)
    if not is_known or (chunks, last) != (count, highest) or largest >= _MAX:
        raise ValueError(f"its header is not that of {count:,} passages")
    return Header(count, postings, highest, sections, words)


def offsets_of(header: Header) -> list[int]:
    """Return the offset of each array, and where they end; the checksums of all pages up to there follow."""
    offsets, end = [], len(header.pack())
    for kind, number in header.layout():
        offset = aligned(end)
        offsets.append(offset)
        end = offset + number * kind.itemsize
    return [*offsets, end]


def aligned(offset: int) -> int:
    """Return the offset at which what follows begins."""
    return offset + -offset % ALIGNMENT
