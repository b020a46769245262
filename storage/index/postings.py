"""Which chunks a term occurs in, and how often: in memory for a few chunks, in a memory-mapped file for many.

The file is derived from the `terms` table. It is seven arrays after a header, each aligned to 64 bytes: chunk ids and
lengths; the terms in order, with the offset of the postings of each; and of the postings the chunk, the body count and
the field counts. A question reads only the postings of its terms, and opening the file reads next to nothing.

It is written with bounded memory: the entries are partitioned by the high bits of their terms, and each partition is
sorted by itself. The partitions are kept in files without a name, so that a crash leaves nothing behind.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import struct
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from wherein.storage.catalog.term_counts import ENTRY, TermRows
from wherein.storage.disk.failpoints import failpoint

__all__ = [
    "Bytes",
    "Postings",
    "TermPostings",
    "blocks",
    "check_postings",
    "collect",
    "merge",
    "open_postings",
    "write_postings",
]

_MAGIC = b"WHEREIN\0keywords"
_HEADER = struct.Struct("<16sIQQQq")
_FORMAT = 1
_ALIGNMENT = 64
_TYPES = ("<i8", "<u4", "<u8", "<i8", "<u4", "u1", "u1")  # in the order of the fields of `Postings`
# Entries in memory for one sort, about 60 MB.
_SORT_BATCH = 1_500_000
_MAX_PARTITIONS = 512  # each is an open file, of which a process may usually have 1,024
_BLOCK = 1 << 20
_PARTITIONED = np.dtype([("term", "<u8"), ("chunk", "<u4"), ("body", "u1"), ("fields", "u1")])

Bytes = npt.NDArray[np.uint8]
Positions = npt.NDArray[np.uint32]


@dataclass(frozen=True)
class TermPostings:
    """The postings of one term: `positions` uint32 [n] of chunks in `Postings.ids`, ascending; counts uint8 [n]."""

    positions: Positions
    body: Bytes
    fields: Bytes


@dataclass(frozen=True)
class Postings:
    """The terms of some chunks: `ids` int64 [n] ascending, `lengths` uint32 [n] of their passages in terms.

    `terms` uint64 [t] are ascending; the postings of term i are those from `starts[i]` to `starts[i + 1]`: `positions`
    uint32 [p] of chunks in `ids`, `body` uint8 [p] and `fields` uint8 [p] as in `term_counts.ENTRY`.
    """

    ids: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.uint32]
    terms: npt.NDArray[np.uint64]
    starts: npt.NDArray[np.int64]
    positions: Positions
    body: Bytes
    fields: Bytes

    def find(self, term: int) -> TermPostings:
        """Return the postings of a term. Raises ValueError when they cannot be what was written."""
        # NumPy would compare a plain int, which it takes for an int64, and the terms as float64.
        index = int(np.searchsorted(self.terms, np.uint64(term)))
        if index == len(self.terms) or int(self.terms[index]) != term:
            return TermPostings(self.positions[:0], self.body[:0], self.fields[:0])
        first, last = int(self.starts[index]), int(self.starts[index + 1])
        if not 0 <= first < last <= len(self.positions) or last - first > len(self.ids):
            raise ValueError("the postings of a term lie outside the file")
        positions = self.positions[first:last]
        if int(positions.max()) >= len(self.ids):
            raise ValueError("a posting belongs to no passage")
        return TermPostings(positions, self.body[first:last], self.fields[first:last])


def collect(rows: Iterable[TermRows]) -> Postings:
    """Return the postings of chunks, in memory."""
    parts = list(rows)
    if not parts:
        return _empty()
    sizes = np.concatenate([part.sizes for part in parts])
    entries = np.concatenate([part.entries for part in parts])
    positions = np.repeat(np.arange(len(sizes), dtype=np.uint32), sizes)
    ids, lengths = np.concatenate([part.ids for part in parts]), np.concatenate([part.lengths for part in parts])
    return _sorted(ids, lengths, entries["term"], positions, entries["body"], entries["fields"])


def merge(first: Postings, second: Postings) -> Postings:
    """Return the postings of the chunks of both; the ids of `second` follow those of `first`."""
    if not len(first.ids):
        return second
    if not len(second.ids):
        return first
    terms = [np.repeat(part.terms, np.diff(part.starts)) for part in (first, second)]
    return _sorted(
        np.concatenate([first.ids, second.ids]),
        np.concatenate([first.lengths, second.lengths]),
        np.concatenate(terms),
        np.concatenate([first.positions, second.positions + np.uint32(len(first.ids))]),
        np.concatenate([first.body, second.body]),
        np.concatenate([first.fields, second.fields]),
    )


def _empty() -> Postings:
    ids, lengths, terms, starts, positions, body, fields = (np.empty(0, kind) for kind in _TYPES)
    return Postings(ids, lengths, terms, np.zeros(1, starts.dtype), positions, body, fields)


def _sorted(ids: Any, lengths: Any, terms: Any, positions: Positions, body: Bytes, fields: Bytes) -> Postings:
    order = np.argsort(terms, kind="stable")  # a merge sort, fast where runs are in order already
    distinct, starts = _distinct(terms[order])
    return Postings(ids, lengths, distinct, starts, positions[order], body[order], fields[order])


def _distinct(terms: npt.NDArray[np.uint64]) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]:
    """Return the distinct ones of ascending terms, and the index of each one's first, with the length at the end."""
    new = np.flatnonzero(terms[1:] != terms[:-1]) + 1
    starts = np.concatenate([np.zeros(min(1, len(terms)), np.int64), new])
    return terms[starts], np.append(starts, len(terms)).astype(np.int64)


# The file.


def write_postings(path: Path, count: int, highest: int, entries: int, rows: Iterable[TermRows]) -> str:
    """Write the postings of `count` chunks, the last of which has the id `highest`, unflushed; return the SHA-256.

    `entries` is the approximate number of entries in the rows. Raises ValueError when the rows are of other chunks.
    """
    import tempfile  # a question need not wait for it

    with ExitStack() as stack:

        def nameless() -> IO[bytes]:
            return stack.enter_context(tempfile.TemporaryFile(dir=path.parent))  # /tmp may be in memory

        partitions = [nameless() for _ in range(_partitions(entries))]
        ids, lengths = _partition(rows, partitions)
        if len(ids) != count or (count and int(ids[-1]) != highest):
            raise ValueError(f"{len(ids)} passages instead of {count}, or others")
        columns = [nameless() for _ in range(5)]
        terms, postings = _sort(partitions, columns)
        with path.open("wb") as file:
            writer = _AlignedWriter(file)
            writer.write(_HEADER.pack(_MAGIC, _FORMAT, count, terms, postings, highest))
            for array in (ids, lengths):
                writer.align()
                writer.write(array.tobytes())
            for column in columns:
                writer.align()
                column.seek(0)
                while block := column.read(_BLOCK):
                    writer.write(block)
    failpoint("keywords.written")
    return writer.digest.hexdigest()


class _AlignedWriter:
    """Writes to a file and hashes what it writes."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._written = 0
        self.digest = hashlib.sha256()

    def write(self, data: bytes) -> None:
        self._file.write(data)
        self.digest.update(data)
        self._written += len(data)

    def align(self) -> None:
        self.write(bytes(-self._written % _ALIGNMENT))


def _partitions(entries: int) -> int:
    """Return the number of partitions for so many entries, a power of two."""
    partitions = 1
    while partitions * _SORT_BATCH < entries and partitions < _MAX_PARTITIONS:
        partitions *= 2
    return partitions


def _partition(
    rows: Iterable[TermRows], partitions: list[IO[bytes]]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint32]]:
    """Write the entries of rows to the files of their partitions; return the chunks' ids and lengths."""
    ids, lengths = [np.empty(0, np.int64)], [np.empty(0, np.uint32)]
    count = 0
    shift = np.uint64(64 - (len(partitions).bit_length() - 1))
    for batch in rows:
        entries = np.empty(len(batch.entries), _PARTITIONED)
        entries["chunk"] = np.repeat(np.arange(count, count + len(batch.ids), dtype=np.uint32), batch.sizes)
        for name in ENTRY.names or ():
            entries[name] = batch.entries[name]
        if len(partitions) > 1:
            numbers = (entries["term"] >> shift).astype(np.uint16)
            entries = entries[np.argsort(numbers, kind="stable")]
            ends = np.cumsum(np.bincount(numbers, minlength=len(partitions)))
        else:
            ends = np.array([len(entries)])  # NumPy shifts no integer of 64 bits by 64
        first = 0
        for file, end in zip(partitions, ends.tolist(), strict=True):
            file.write(entries[first:end].tobytes())
            first = end
        ids.append(batch.ids)
        lengths.append(batch.lengths)
        count += len(batch.ids)
    return np.concatenate(ids), np.concatenate(lengths)


def _sort(partitions: list[IO[bytes]], columns: list[IO[bytes]]) -> tuple[int, int]:
    """Write the columns of one partition after another, sorted; return the numbers of terms and of postings."""
    terms = postings = 0
    for file in partitions:
        file.seek(0)
        entries = np.frombuffer(file.read(), _PARTITIONED)
        entries = entries[np.argsort(entries["term"], kind="stable")]  # stable: chunks stay ascending within a term
        distinct, starts = _distinct(entries["term"])
        arrays = (distinct, starts[:-1] + postings, entries["chunk"], entries["body"], entries["fields"])
        for column, array in zip(columns, arrays, strict=True):
            column.write(array.tobytes())
        terms += len(distinct)
        postings += len(entries)
    columns[1].write(np.array([postings], "<i8").tobytes())  # the end of the last term's postings
    return terms, postings


def check_postings(path: Path, count: int, highest: int) -> int:
    """Return the number of postings in a file, after a check of its header and size.

    `count` chunks are expected, the last of which has the id `highest`. Raises ValueError when the layout is not that
    of `write_postings`, OSError when the file cannot be read.
    """
    with path.open("rb") as file:
        return _checked(file, count, highest)[1]


def open_postings(path: Path, count: int, highest: int) -> Postings:
    """Return the postings in a file, memory-mapped; see `check_postings`."""
    with path.open("rb") as file:
        terms, postings = _checked(file, count, highest)
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)  # stays when the file is closed
    counts = _counts(count, terms, postings)
    *offsets, _ = _layout(count, terms, postings)
    opened = Postings(
        *(
            np.frombuffer(mapped, kind, number, offset)
            for kind, number, offset in zip(_TYPES, counts, offsets, strict=True)
        )
    )
    if count and int(opened.ids[-1]) != highest:
        raise ValueError(f"its last passage is {int(opened.ids[-1])} instead of {highest}")
    return opened


def _checked(file: IO[bytes], count: int, highest: int) -> tuple[int, int]:
    """Return the numbers of terms and postings in a file, after a check of its header and size."""
    terms, postings = _header(file.read(_HEADER.size), count, highest)
    size, expected = os.fstat(file.fileno()).st_size, _layout(count, terms, postings)[-1]
    if size != expected:
        raise ValueError(f"it has {size:,} bytes instead of {expected:,}")
    return terms, postings


def _header(raw: bytes, count: int, highest: int) -> tuple[int, int]:
    if len(raw) < _HEADER.size:
        raise ValueError("it has no header")
    magic, version, chunks, terms, postings, last = _HEADER.unpack(raw)
    if (magic, version, chunks, last) != (_MAGIC, _FORMAT, count, highest) or max(terms, postings) >= 1 << 40:
        raise ValueError(f"its header is not that of {count:,} passages")
    return terms, postings


def _counts(count: int, terms: int, postings: int) -> tuple[int, ...]:
    return count, count, terms, terms + 1, postings, postings, postings


def _layout(count: int, terms: int, postings: int) -> list[int]:
    """Return the offset of each array, and the size of the file."""
    offsets, end = [], _HEADER.size
    for kind, number in zip(_TYPES, _counts(count, terms, postings), strict=True):
        offset = end + -end % _ALIGNMENT
        offsets.append(offset)
        end = offset + number * np.dtype(kind).itemsize
    return [*offsets, end]


def blocks(postings: Postings, size: int = 1 << 21) -> Iterator[tuple[npt.NDArray[np.uint64], slice]]:
    """Yield all postings in blocks of `size`, to check them in bounded memory: the term of each, and their slice."""
    for first in range(0, len(postings.positions), size):
        last = min(first + size, len(postings.positions))
        low = int(np.searchsorted(postings.starts, first, "right")) - 1
        high = int(np.searchsorted(postings.starts, last, "left"))
        bounds = np.clip(postings.starts[low : high + 1], first, last)
        yield np.repeat(postings.terms[low:high], np.diff(bounds)), slice(first, last)
