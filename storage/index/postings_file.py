"""The file of a generation of keywords: which chunks a term occurs in, and how often, memory-mapped.

It is derived from the `terms` table and takes about 2 bytes for a posting. After a header come the chunks' ids and
lengths, then four sections, each with its own terms. Their number of postings decides which section they are in:

- terms that half of the chunks have: one byte for every chunk, the count in its passage (`_Dense`);
- others: the gaps between their chunks, in 1, 2 or 4 bytes. Each section takes the terms whose average gap fits; a
  larger gap is preceded by the highest numbers, which mean "so many more, and no posting yet" (`_Gaps`). Each gap has a
  code of 4 bits for its counts (`encode_counts`).

Counts without a code are listed at the end of each section. After the sections come the words of the passages
(storage/index/word_list.py), and the file ends with a checksum of each page. A question reads and checks only the pages
with the postings of its terms, and the words only for one that no passage has; opening the file reads the ids and
lengths. Files of the format before this one have no words; the next reindex writes them again.
docs/decisions/keywords.md has the figures.
"""

from __future__ import annotations

import mmap
import os
import struct
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice, repeat
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from wherein.storage.catalog.packed_terms import ESCAPE, decode_counts, unpack_nibbles
from wherein.storage.disk.recent import Recent
from wherein.storage.index.checked_pages import CheckedArray, CheckedPages, page_count
from wherein.storage.index.postings import Bytes, Positions, TermPostings
from wherein.storage.index.word_list import WordList, unpack_words

__all__ = [
    "ALIGNMENT",
    "BLOCK",
    "BUCKETS",
    "DENSE_ESCAPE",
    "DENSE_SHARE",
    "GAPS",
    "LOW_BITS",
    "Block",
    "Header",
    "PostingsFile",
    "SectionSize",
    "check_postings",
    "has_words",
    "narrowest",
    "open_postings",
    "section_types",
]

Terms = npt.NDArray[np.uint64]
Integers = npt.NDArray[Any]

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
_SECTIONS = 1 + len(GAPS)
_WORDS = struct.Struct("<Q")
_FORMAT, _WITHOUT_WORDS = 4, 3
_MAX = 1 << 40
# Postings of recent terms that are kept, at up to 6 bytes each.
_MAX_RECENT = 4_000_000


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
    """Return type and length of each array of a section, in the order of the fields of `_Section`."""
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


class Block(NamedTuple):
    """Some postings: the term, the position of the chunk, and the counts of each."""

    terms: Terms
    positions: Positions
    body: Bytes
    fields: Bytes


@dataclass(frozen=True)
class _Section:
    """The terms with a number of postings in some range.

    `buckets` has how many terms precede each value of their high bits, `lows` their low bits. Term i has `sizes[i]` of
    the `elements`; those before every BLOCK-th term are in `starts`. `codes` are two to a byte. `listed` has the
    indices of the elements whose counts are in `body` and `fields`.
    """

    buckets: CheckedArray
    lows: CheckedArray
    sizes: CheckedArray
    starts: CheckedArray
    elements: CheckedArray
    codes: CheckedArray
    listed: CheckedArray
    body: CheckedArray
    fields: CheckedArray

    def index(self, term: int) -> int:
        """Return the index of a term, -1 if it is not here."""
        high, low = term >> LOW_BITS, term & (1 << LOW_BITS) - 1
        if high >= BUCKETS:
            return -1
        first, last = self.buckets[high], self.buckets[high + 1]
        lows = self.lows.part(first, last)
        at = int(np.searchsorted(lows, np.uint32(low)))
        return first + at if at < len(lows) and int(lows[at]) == low else -1

    def terms(self) -> Terms:
        """Return all terms, ascending; ValueError when there are not as many as the buckets have."""
        sizes: Integers = np.diff(self.buckets.whole().astype(np.int64))
        if (sizes < 0).any() or int(sizes.sum()) != len(self.lows) or self.buckets[0]:
            raise ValueError("its terms are not in ascending order")
        highs: Terms = np.repeat(np.arange(BUCKETS, dtype=np.uint64) << np.uint64(LOW_BITS), sizes)
        return highs | self.lows.whole().astype(np.uint64)

    def find(self, term: int, count: int) -> TermPostings | None:
        """Return the postings of a term in `count` chunks, None if it is not here; ValueError when they are damaged."""
        raise NotImplementedError

    def blocks(self, count: int, size: int) -> Iterator[Block]:
        """Yield all postings; ValueError when they are damaged."""
        raise NotImplementedError

    def _list_counts(self, first: int, at: Integers, body: Bytes, fields: Bytes) -> None:
        """Set the counts at some positions, which are those of elements from `first` on that are listed."""
        if not len(at):
            return
        low = bisect_left(self.listed, first)
        high = low + len(at)
        if not np.array_equal(self.listed.part(low, high).astype(np.int64) - first, at):
            raise ValueError("the counts of a term are not listed")
        body[at], fields[at] = self.body.part(low, high), self.fields.part(low, high)


class _Dense(_Section):
    """Terms with an element for every chunk: the count in its passage, or DENSE_ESCAPE."""

    def find(self, term: int, count: int) -> TermPostings | None:
        index = self.index(term)
        return None if index < 0 else TermPostings(None, *self._counts(index, count))

    def blocks(self, count: int, size: int) -> Iterator[Block]:
        for index, term in enumerate(self.terms()):
            body, fields = self._counts(index, count)
            positions = np.flatnonzero((body > 0) | (fields > 0))
            terms = np.full(len(positions), term, np.uint64)
            yield Block(terms, positions.astype(np.uint32), body[positions], fields[positions])

    def _counts(self, index: int, count: int) -> tuple[Bytes, Bytes]:
        first, last = index * count, (index + 1) * count
        body, fields = self.elements.part(first, last), np.zeros(count, np.uint8)
        if len(body) != count:
            raise ValueError("the postings of a term lie outside the file")
        if int(body.max()) == DENSE_ESCAPE:
            body = body.copy()
            self._list_counts(first, np.flatnonzero(body == DENSE_ESCAPE), body, fields)
        return body, fields


class _Gaps(_Section):
    """Terms with the gaps between their chunks; the first gap is the position of the first chunk."""

    def find(self, term: int, count: int) -> TermPostings | None:
        index = self.index(term)
        if index < 0:
            return None
        begin = index - index % BLOCK
        first = self.starts[index // BLOCK] + self.sizes.sum(begin, index)
        last = first + self.sizes[index]
        if not 0 <= first < last <= len(self.elements):
            raise ValueError("the postings of a term lie outside the file")
        gaps = self.elements.part(first, last)
        positions = np.cumsum(gaps, dtype=np.uint32)
        body, fields = self._counts(first, last)
        escape = np.iinfo(gaps.dtype).max
        if len(gaps) == 1 or int(gaps.max()) == escape:
            ends = gaps != escape
            positions, body, fields = positions[ends], body[ends], fields[ends]
        if not 0 < len(positions) <= count or int(positions[-1]) >= count:
            raise ValueError("a posting belongs to no passage")
        return TermPostings(positions, body, fields)

    def blocks(self, count: int, size: int) -> Iterator[Block]:
        # Some terms at a time, of about `size` elements if no term has more.
        terms, all_sizes = self.terms(), self.sizes.whole()
        ends = np.cumsum(all_sizes, dtype=np.int64)
        if int(ends[-1] if len(ends) else 0) != len(self.elements):
            raise ValueError("the postings of a term lie outside the file")
        index = first = 0
        while index < len(terms):
            stop = max(index + 1, int(np.searchsorted(ends, first + size, "right")))
            last = int(ends[stop - 1])
            gaps, sizes = self.elements.part(first, last), all_sizes[index:stop].astype(np.int64)
            sums = np.cumsum(gaps, dtype=np.int64)
            sums -= np.repeat(np.concatenate([[0], sums[np.cumsum(sizes)[:-1] - 1]]), sizes)
            held = gaps != np.iinfo(gaps.dtype).max
            body, fields = self._counts(first, last)
            positions = sums[held]
            if len(positions) and int(positions.max()) >= count:
                raise ValueError("a posting belongs to no passage")
            yield Block(
                np.repeat(terms[index:stop], sizes)[held], positions.astype(np.uint32), body[held], fields[held]
            )
            index, first = stop, last

    def _counts(self, first: int, last: int) -> tuple[Bytes, Bytes]:
        codes = unpack_nibbles(self.codes.part(first // 2, (last + 1) // 2))[first % 2 :][: last - first]
        body, fields = decode_counts(codes)
        self._list_counts(first, np.flatnonzero(codes == ESCAPE), body, fields)
        return body, fields


@dataclass(frozen=True)
class PostingsFile:
    """The terms of the chunks of a generation: `ids` int64 [n] ascending, `lengths` uint32 [n] of their passages.

    `postings` is the number of all postings, `packed_words` is None in a file of the format without words.
    """

    ids: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.uint32]
    postings: int
    dense: _Dense
    gaps: tuple[_Gaps, ...]
    packed_words: CheckedArray | None
    # Questions have many words in common, and the most frequent.
    recent: Recent[int, TermPostings] = field(default_factory=lambda: Recent(_MAX_RECENT), repr=False, compare=False)

    def find(self, term: int) -> TermPostings:
        """Return the postings of a term. Raises ValueError when they cannot be what was written."""
        found = self.recent.get(term)
        if found is None:
            found = self._find(term)
            self.recent.keep(term, found, len(found.body))
        return found

    def _find(self, term: int) -> TermPostings:
        for section in (self.dense, *self.gaps):
            if (found := section.find(term, len(self.ids))) is not None:
                return found
        return TermPostings(np.empty(0, np.uint32), np.empty(0, np.uint8), np.empty(0, np.uint8))

    @cached_property
    def words(self) -> WordList:
        """The words of the passages, read on first use. Raises ValueError when they are damaged."""
        return () if self.packed_words is None else unpack_words(self.packed_words.whole().tobytes())

    def blocks(self, size: int = 1 << 21) -> Iterator[Block]:
        """Yield all postings, about `size` at a time, to check them in bounded memory.

        Raises ValueError when they cannot be what was written.
        """
        for section in (self.dense, *self.gaps):
            if (np.diff(section.terms().astype(np.int64)) <= 0).any():
                raise ValueError("its terms are not in ascending order")
            yield from section.blocks(len(self.ids), size)


def check_postings(path: Path, count: int, highest: int) -> int:
    """Return the number of postings in a file, after a check of its header and size.

    `count` chunks are expected, the last of which has the id `highest`. Raises ValueError when the layout is not that
    of `write_postings`, OSError when the file cannot be read.
    """
    with path.open("rb") as file:
        return _checked(file, count, highest).postings


def has_words(path: Path, count: int, highest: int) -> bool:
    """Whether a file is of the format that has words; see `check_postings`."""
    with path.open("rb") as file:
        return _checked(file, count, highest).words is not None


def open_postings(path: Path, count: int, highest: int) -> PostingsFile:
    """Return the postings in a file, memory-mapped; see `check_postings`."""
    with path.open("rb") as file:
        header = _checked(file, count, highest)
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)  # stays when the file is closed
    *offsets, end = _offsets(header)
    arrays = [
        np.frombuffer(mapped, kind, number, offset)
        for (kind, number), offset in zip(header.layout(), offsets, strict=True)
    ]
    checksums = np.frombuffer(mapped, "<u4", page_count(end), _aligned(end))
    pages = CheckedPages(memoryview(mapped)[:end], checksums)
    ids, lengths, *rest = arrays
    pages.require(0, offsets[2])  # the header, the ids and the lengths, each of which a question reads
    if count and int(ids[-1]) != highest:
        raise ValueError(f"its last passage is {int(ids[-1])} instead of {highest}")
    checked = map(CheckedArray, rest, offsets[2:], repeat(pages))
    dense, *gaps = (tuple(islice(checked, len(rest) // _SECTIONS)) for _ in range(_SECTIONS))
    return PostingsFile(
        ids, lengths, header.postings, _Dense(*dense), tuple(_Gaps(*one) for one in gaps), next(checked, None)
    )


def _checked(file: IO[bytes], count: int, highest: int) -> Header:
    """Return the header of a file, after a check of it and of the file's size."""
    header = _header(file.read(_HEADER.size + _SECTIONS * _SECTION.size + _WORDS.size), count, highest)
    end = _offsets(header)[-1]
    size, expected = os.fstat(file.fileno()).st_size, _aligned(end) + 4 * page_count(end)
    if size != expected:
        raise ValueError(f"it has {size:,} bytes instead of {expected:,}")
    return header


def _header(raw: bytes, count: int, highest: int) -> Header:
    end = _HEADER.size + _SECTIONS * _SECTION.size
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


def _offsets(header: Header) -> list[int]:
    """Return the offset of each array, and where they end; the checksums of all pages up to there follow."""
    offsets, end = [], len(header.pack())
    for kind, number in header.layout():
        offset = _aligned(end)
        offsets.append(offset)
        end = offset + number * kind.itemsize
    return [*offsets, end]


def _aligned(offset: int) -> int:
    return offset + -offset % ALIGNMENT
