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
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice, repeat
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from wherein.storage.catalog.packed_terms import ESCAPE, decode_counts, unpack_nibbles
from wherein.storage.disk.recent import Recent
from wherein.storage.index.checked_pages import CheckedArray, CheckedPages, page_count
from wherein.storage.index.postings import Bytes, Positions, TermPostings
from wherein.storage.index.postings_layout import (
    BLOCK,
    BUCKETS,
    DENSE_ESCAPE,
    LOW_BITS,
    SECTIONS,
    aligned,
    offsets_of,
    read_header,
)
from wherein.storage.index.word_list import WordList, unpack_words

__all__ = ["Block", "PostingsFile", "open_postings"]

Terms = npt.NDArray[np.uint64]
Integers = npt.NDArray[Any]

# Postings of recent terms that are kept, at up to 6 bytes each.
_MAX_RECENT = 4_000_000


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
    # Questions have many words in common, above all the most frequent ones.
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


def open_postings(path: Path, count: int, highest: int) -> PostingsFile:
    """Return the postings in a file, memory-mapped; see `check_postings`."""
    with path.open("rb") as file:
        header = read_header(file, count, highest)
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)  # stays when the file is closed
    *offsets, end = offsets_of(header)
    arrays = [
        np.frombuffer(mapped, kind, number, offset)
        for (kind, number), offset in zip(header.layout(), offsets, strict=True)
    ]
    checksums = np.frombuffer(mapped, "<u4", page_count(end), aligned(end))
    pages = CheckedPages(memoryview(mapped)[:end], checksums)
    ids, lengths, *rest = arrays
    pages.require(0, offsets[2])  # the header, the ids and the lengths, each of which a question reads
    if count and int(ids[-1]) != highest:
        raise ValueError(f"its last passage is {int(ids[-1])} instead of {highest}")
    checked = map(CheckedArray, rest, offsets[2:], repeat(pages))
    dense, *gaps = (tuple(islice(checked, len(rest) // SECTIONS)) for _ in range(SECTIONS))
    return PostingsFile(
        ids, lengths, header.postings, _Dense(*dense), tuple(_Gaps(*one) for one in gaps), next(checked, None)
    )
