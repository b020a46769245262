"""Which chunks a term occurs in, and how often: in memory for a few chunks, in a memory-mapped file for many.

The file is derived from the `terms` table. It is seven arrays behind a header, each aligned to 64 bytes: chunk ids and
lengths, the terms in order with the place of each one's postings, and of the postings chunk, body count and field
counts. A question reads only the postings of its terms, and to open the file reads next to nothing.

It is written with bounded memory: the entries are parted by the high bits of their terms, and each part is sorted by
itself. The parts wait in files without a name, which a crash leaves nothing of.
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
    "Found",
    "Postings",
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
_ALIGNED = 64
_TYPES = ("<i8", "<u4", "<u8", "<i8", "<u4", "u1", "u1")
# So many entries are sorted at a time: about 60 MB.
_SORTED_AT_ONCE = 1_500_000
_MOST_PARTS = 512
_BLOCK = 1 << 20
_PARTED = np.dtype([("term", "<u8"), ("chunk", "<u4"), ("body", "u1"), ("fields", "u1")])

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.uint32]


@dataclass(frozen=True)
class Found:
    """The postings of a term: places of chunks uint32 [n], ascending, body counts and field counts uint8 [n]."""

    places: Places
    body: Bytes
    fields: Bytes


@dataclass(frozen=True)
class Postings:
    """Terms of chunks: `ids` int64 [n] ascending, `lengths` uint32 [n] of their passages in terms.

    `terms` uint64 [t] are in order; the postings of term i are those from `starts[i]` to `starts[i + 1]`. `fields` is
    as in `term_counts.ENTRY`.
    """

    ids: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.uint32]
    terms: npt.NDArray[np.uint64]
    starts: npt.NDArray[np.int64]
    places: Places
    body: Bytes
    fields: Bytes

    def find(self, term: int) -> Found:
        """Return the postings of a term. Raises ValueError when they are not what can have been written."""
        at = int(np.searchsorted(self.terms, np.uint64(term)))
        if at == len(self.terms) or int(self.terms[at]) != term:
            return Found(self.places[:0], self.body[:0], self.fields[:0])
        first, last = int(self.starts[at]), int(self.starts[at + 1])
        if not 0 <= first < last <= len(self.places) or last - first > len(self.ids):
            raise ValueError("the postings of a term lie outside the file")
        places = self.places[first:last]
        if int(places.max()) >= len(self.ids):
            raise ValueError("a posting is of no passage")
        return Found(places, self.body[first:last], self.fields[first:last])


def collect(rows: Iterable[TermRows]) -> Postings:
    """Return the postings of chunks, in memory."""
    parts = list(rows)
    if not parts:
        return _empty()
    sizes = np.concatenate([part.sizes for part in parts])
    entries = np.concatenate([part.entries for part in parts])
    places = np.repeat(np.arange(len(sizes), dtype=np.uint32), sizes)
    ids, lengths = np.concatenate([part.ids for part in parts]), np.concatenate([part.lengths for part in parts])
    return _sorted(ids, lengths, entries["term"], places, entries["body"], entries["fields"])


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
        np.concatenate([first.places, second.places + np.uint32(len(first.ids))]),
        np.concatenate([first.body, second.body]),
        np.concatenate([first.fields, second.fields]),
    )


def _empty() -> Postings:
    ids, lengths, terms, starts, places, body, fields = (np.empty(0, kind) for kind in _TYPES)
    return Postings(ids, lengths, terms, np.zeros(1, starts.dtype), places, body, fields)


def _sorted(ids: Any, lengths: Any, terms: Any, places: Places, body: Bytes, fields: Bytes) -> Postings:
    order = np.argsort(terms, kind="stable")  # which merges runs that are in order already
    distinct, starts = _distinct(terms[order])
    return Postings(ids, lengths, distinct, starts, places[order], body[order], fields[order])


def _distinct(terms: npt.NDArray[np.uint64]) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]:
    """Return the different ones of terms that are in order, and where each begins, with the end of the last."""
    new = np.flatnonzero(terms[1:] != terms[:-1]) + 1
    starts = np.concatenate([np.zeros(min(1, len(terms)), np.int64), new])
    return terms[starts], np.append(starts, len(terms)).astype(np.int64)


# The file.


def write_postings(path: Path, count: int, highest: int, entries: int, rows: Iterable[TermRows]) -> str:
    """Write the postings of `count` chunks, the last of them `highest`, unflushed; return the SHA-256.

    `entries` is about how many there are in the rows. Raises ValueError when there are other chunks.
    """
    import tempfile  # a question need not wait for it

    with ExitStack() as stack:

        def spare() -> IO[bytes]:
            return stack.enter_context(tempfile.TemporaryFile(dir=path.parent))

        parts = [spare() for _ in range(_parts(entries))]
        ids, lengths = _part(rows, parts)
        if len(ids) != count or (count and int(ids[-1]) != highest):
            raise ValueError(f"{len(ids)} passages instead of {count}, or others")
        columns = [spare() for _ in range(5)]
        terms, postings = _sort(parts, columns)
        digest = hashlib.sha256()
        with path.open("wb") as file:
            written = 0

            def write(data: bytes) -> None:
                nonlocal written
                file.write(data)
                digest.update(data)
                written += len(data)

            def align() -> None:
                write(bytes(-written % _ALIGNED))

            write(_HEADER.pack(_MAGIC, _FORMAT, count, terms, postings, highest))
            for array in (ids, lengths):
                align()
                write(array.tobytes())
            for column in columns:
                align()
                column.seek(0)
                while block := column.read(_BLOCK):
                    write(block)
    failpoint("keywords.written")
    return digest.hexdigest()


def _parts(entries: int) -> int:
    """Return in how many parts, a power of two, so many entries are sorted."""
    parts = 1
    while parts * _SORTED_AT_ONCE < entries and parts < _MOST_PARTS:
        parts *= 2
    return parts


def _part(rows: Iterable[TermRows], parts: list[IO[bytes]]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint32]]:
    """Write the entries of rows to the files of their parts; return the chunks' ids and lengths."""
    ids, lengths = [np.empty(0, np.int64)], [np.empty(0, np.uint32)]
    count = 0
    shift = np.uint64(64 - (len(parts).bit_length() - 1))
    for part in rows:
        parted = np.empty(len(part.entries), _PARTED)
        parted["chunk"] = np.repeat(np.arange(count, count + len(part.ids), dtype=np.uint32), part.sizes)
        for name in ENTRY.names or ():
            parted[name] = part.entries[name]
        if len(parts) > 1:
            numbers = (parted["term"] >> shift).astype(np.uint16)
            parted = parted[np.argsort(numbers, kind="stable")]
            ends = np.cumsum(np.bincount(numbers, minlength=len(parts)))
        else:
            ends = np.array([len(parted)])
        first = 0
        for file, end in zip(parts, ends.tolist(), strict=True):
            file.write(parted[first:end].tobytes())
            first = end
        ids.append(part.ids)
        lengths.append(part.lengths)
        count += len(part.ids)
    return np.concatenate(ids), np.concatenate(lengths)


def _sort(parts: list[IO[bytes]], columns: list[IO[bytes]]) -> tuple[int, int]:
    """Write the columns of all parts, one part after another; return how many terms and postings there are."""
    terms = postings = 0
    for part in parts:
        part.seek(0)
        parted = np.frombuffer(part.read(), _PARTED)
        parted = parted[np.argsort(parted["term"], kind="stable")]
        distinct, starts = _distinct(parted["term"])
        for column, array in zip(
            columns, (distinct, starts[:-1] + postings, parted["chunk"], parted["body"], parted["fields"]), strict=True
        ):
            column.write(array.tobytes())
        terms += len(distinct)
        postings += len(parted)
    columns[1].write(np.array([postings], "<i8").tobytes())
    return terms, postings


def check_postings(path: Path, count: int, highest: int) -> int:
    """Return how many postings a file has, after a look at its header and size.

    `count` chunks are expected, the last of them `highest`. Raises ValueError when the file is not laid out as
    `write_postings` does it, OSError when it cannot be read.
    """
    with path.open("rb") as file:
        return _checked(file, count, highest)[1]


def open_postings(path: Path, count: int, highest: int) -> Postings:
    """Return the postings in a file, memory-mapped; see `check_postings`."""
    with path.open("rb") as file:
        terms, postings = _checked(file, count, highest)
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    places = _layout(count, terms, postings)
    counts = _counts(count, terms, postings)
    arrays = [
        np.frombuffer(mapped, kind, number, place)
        for kind, number, place in zip(_TYPES, counts, places[:-1], strict=True)
    ]
    found = Postings(*arrays)
    if count and int(found.ids[-1]) != highest:
        raise ValueError(f"its last passage is {int(found.ids[-1])} instead of {highest}")
    return found


def _checked(file: IO[bytes], count: int, highest: int) -> tuple[int, int]:
    """Return how many terms and postings a file has, after a look at its header and size."""
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
    """Return where each array begins, and the size of the file."""
    places, place = [], _HEADER.size
    for kind, number in zip(_TYPES, _counts(count, terms, postings), strict=True):
        place += -place % _ALIGNED
        places.append(place)
        place += number * np.dtype(kind).itemsize
    return [*places, place]


def blocks(postings: Postings, size: int = 1 << 21) -> Iterator[tuple[npt.NDArray[np.uint64], slice]]:
    """Yield the terms of some postings after others, with their slice: what a check of all of them goes through."""
    for first in range(0, len(postings.places), size):
        last = min(first + size, len(postings.places))
        low = int(np.searchsorted(postings.starts, first, "right")) - 1
        high = int(np.searchsorted(postings.starts, last, "left"))
        bounds = np.clip(postings.starts[low : high + 1], first, last)
        yield np.repeat(postings.terms[low:high], np.diff(bounds)), slice(first, last)
