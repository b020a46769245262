"""Writing the file of a generation of keywords (storage/index/postings_file.py) with bounded memory.

The entries are partitioned by the high bits of their terms, and each partition is sorted by itself. Partitions and
columns are kept in files without a name, so that a crash leaves nothing behind.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from wherein.storage.catalog.packed_terms import ESCAPE, TermRows, encode_counts, pack_nibbles
from wherein.storage.catalog.terms import TERM_BITS
from wherein.storage.disk.failpoints import failpoint
from wherein.storage.index.checked_pages import PageChecksums
from wherein.storage.index.postings import distinct_terms, order_of_terms
from wherein.storage.index.postings_layout import (
    ALIGNMENT,
    BLOCK,
    BUCKETS,
    DENSE_ESCAPE,
    DENSE_SHARE,
    GAPS,
    LOW_BITS,
    Header,
    SectionSize,
    section_types,
)
from wherein.storage.index.word_list import existing_words, pack_words

__all__ = ["write_postings"]

# Entries in memory for one sort, about 60 MB.
_SORT_BATCH = 1_500_000
_MAX_PARTITIONS = 512  # each is an open file, of which a process may usually have 1,024
_COPIED = 1 << 20  # bytes, an even number

Integers = npt.NDArray[np.int64]
OpenFile = Callable[[], IO[bytes]]


class _Entries(NamedTuple):
    """The postings of some terms: the position of the chunk uint32, and the counts of each."""

    chunk: npt.NDArray[np.uint32]
    body: npt.NDArray[np.uint8]
    fields: npt.NDArray[np.uint8]

    def select(self, which: slice | npt.NDArray[Any]) -> _Entries:
        return _Entries(self.chunk[which], self.body[which], self.fields[which])


def write_postings(
    path: Path, count: int, highest: int, entries: int, rows: Iterable[TermRows], words: Iterable[str] = ()
) -> str:
    """Write the postings of `count` chunks, the last of which has the id `highest`, unflushed; return the SHA-256.

    `entries` is the approximate number of entries in the rows. Of `words` those are written that occur in them. Raises
    ValueError when the rows are of other chunks.
    """
    with ExitStack() as stack:

        def nameless() -> IO[bytes]:
            return stack.enter_context(tempfile.TemporaryFile(dir=path.parent))  # /tmp may be in memory

        partitions = [nameless() for _ in range(_partitions(entries))]
        ids, lengths = _partition(rows, partitions)
        if len(ids) != count or (count and int(ids[-1]) != highest):
            raise ValueError(f"{len(ids)} passages instead of {count}, or others")
        sections = [_DenseWriter(nameless, count), *(_GapsWriter(nameless, kind) for kind in GAPS)]
        terms, frequencies = _sort(partitions, sections, count)
        packed = pack_words(existing_words(words, terms, frequencies))
        sizes = tuple(section.size() for section in sections)
        header = Header(count, int(frequencies.sum()), highest, sizes, len(packed))
        with path.open("wb") as file:
            writer = _AlignedWriter(file)
            writer.write(header.pack())
            writer.array([ids.tobytes()])
            writer.array([lengths.tobytes()])
            for number, section in enumerate(sections):
                for array in section.arrays(number):
                    writer.array(array)
            writer.array([packed])
            writer.checksums()
    failpoint("keywords.written")
    return writer.digest.hexdigest()


class _AlignedWriter:
    """Writes to a file and hashes what it writes."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._written = 0
        self._checksums = PageChecksums()
        self.digest = hashlib.sha256()

    def write(self, data: bytes) -> None:
        self._file.write(data)
        self.digest.update(data)
        self._checksums.add(data)
        self._written += len(data)

    def array(self, pieces: Iterable[bytes]) -> None:
        """Write an array, aligned."""
        self.write(bytes(-self._written % ALIGNMENT))
        for piece in pieces:
            self.write(piece)

    def checksums(self) -> None:
        """Write those of the pages up to here, aligned."""
        self.array([self._checksums.packed()])


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
    shift = np.uint64(TERM_BITS - (len(partitions).bit_length() - 1))
    for batch in rows:
        packed = _packed(batch, count)
        numbers = (packed[:, 0] >> shift).astype(np.uint16)
        if len(partitions) > 1:
            packed = packed[np.argsort(numbers, kind="stable")]
        ends = np.cumsum(np.bincount(numbers, minlength=len(partitions)))
        first = 0
        for file, end in zip(partitions, ends.tolist(), strict=True):
            file.write(packed[first:end].tobytes())
            first = end
        ids.append(batch.ids)
        lengths.append(batch.lengths)
        count += len(batch.ids)
    return np.concatenate(ids), np.concatenate(lengths)


def _packed(batch: TermRows, count: int) -> npt.NDArray[np.uint64]:
    """Return the entries of chunks that follow `count` others, `[n, 2]`: the term, and all the rest in one number."""
    # NumPy picks rows of whole numbers ten times as fast as records.
    packed = np.empty((len(batch.entries), 2), "<u8")
    packed[:, 0] = batch.entries["term"]
    packed[:, 1] = np.repeat(np.arange(count, count + len(batch.ids), dtype=np.uint64) << np.uint64(16), batch.sizes)
    packed[:, 1] |= batch.entries["body"].astype(np.uint64) << np.uint64(8) | batch.entries["fields"]
    return packed


def _sort(
    partitions: list[IO[bytes]], sections: list[_SectionWriter], count: int
) -> tuple[npt.NDArray[np.uint64], Integers]:
    """Give the postings of each partition to their sections, sorted; return all terms and their numbers of postings."""
    found = [(np.empty(0, np.uint64), np.empty(0, np.int64))]
    for file in partitions:
        file.seek(0)
        packed = np.frombuffer(file.read(), "<u8").reshape(-1, 2)
        packed = packed[order_of_terms(packed[:, 0])]  # chunks stay ascending within a term
        rest = packed[:, 1]
        entries = _Entries(
            (rest >> np.uint64(16)).astype("<u4"), (rest >> np.uint64(8)).astype(np.uint8), rest.astype(np.uint8)
        )
        terms, starts = distinct_terms(packed[:, 0])
        frequencies = np.diff(starts)
        numbers = _section_numbers(frequencies, count)
        of_entries = np.repeat(numbers, frequencies)
        for number, section in enumerate(sections):
            held = numbers == number
            if held.any():
                section.add(terms[held], frequencies[held], entries.select(of_entries == number))
        found.append((terms, frequencies))
    terms, frequencies = map(np.concatenate, zip(*found, strict=True))
    return terms, frequencies


def _section_numbers(frequencies: Integers, count: int) -> npt.NDArray[np.uint8]:
    """Return the number of the section of each term, by the number of its postings."""
    # Gaps of one term add up to `count` at most, so the escapes of a section cost at most as much as its gaps.
    limits = [-(-count // DENSE_SHARE), *(-(-count // np.iinfo(kind).max) for kind in GAPS[:-1])]
    numbers = np.full(len(frequencies), len(limits), np.uint8)
    for number in reversed(range(len(limits))):
        numbers[frequencies >= limits[number]] = number
    return numbers


class _SectionWriter:
    """Collects the columns of a section, in the order in which `section_types` has them."""

    def __init__(self, nameless: OpenFile) -> None:
        self._lows, self._elements, self._listed, self._body, self._fields = (nameless() for _ in range(5))
        self._buckets = np.zeros(BUCKETS, np.int64)
        self._terms = self._count = self._listed_count = self._longest = 0

    def add(self, terms: npt.NDArray[np.uint64], frequencies: Integers, entries: _Entries) -> None:
        """Add ascending terms, all above the earlier ones, each with its number of the entries."""
        self._buckets += np.bincount((terms >> np.uint64(LOW_BITS)).astype(np.int64), minlength=BUCKETS)
        self._lows.write(terms.astype("<u4").tobytes())
        self._terms += len(terms)
        self._add(frequencies, entries)

    def _add(self, frequencies: Integers, entries: _Entries) -> None:
        raise NotImplementedError

    def _list(self, indices: Integers, entries: _Entries) -> None:
        """List the counts of entries whose elements have these indices, counted from the last `_add`."""
        for file, array in (
            (self._listed, self._count + indices), (self._body, entries.body), (self._fields, entries.fields)
        ):  # fmt: skip
            file.write(array.tobytes())
        self._listed_count += len(indices)

    def size(self) -> SectionSize:
        """Return what the section holds."""
        return SectionSize(self._terms, self._count, self._listed_count, self._longest)

    def arrays(self, number: int) -> Iterator[Iterable[bytes]]:
        """Yield the bytes of each array of the section with a number, in pieces."""
        kinds = [kind for kind, _ in section_types(number, self.size())]
        yield [np.concatenate([[0], np.cumsum(self._buckets)]).astype(kinds[0]).tobytes()]
        yield _pieces(self._lows)
        yield from self._own_arrays(kinds[2])
        yield (np.frombuffer(piece, np.int64).astype(kinds[6]).tobytes() for piece in _pieces(self._listed))
        yield _pieces(self._body)
        yield _pieces(self._fields)

    def _own_arrays(self, sizes: np.dtype[Any]) -> Iterator[Iterable[bytes]]:
        """Yield sizes, starts, elements and codes."""
        raise NotImplementedError


class _DenseWriter(_SectionWriter):
    def __init__(self, nameless: OpenFile, count: int) -> None:
        super().__init__(nameless)
        self._chunks = count

    def _add(self, frequencies: Integers, entries: _Entries) -> None:
        first = 0
        for last in np.cumsum(frequencies).tolist():  # at most DENSE_SHARE times the average number of terms
            own = entries.select(slice(first, last))
            escaped = (own.fields > 0) | (own.body == DENSE_ESCAPE)
            counts = np.zeros(self._chunks, np.uint8)
            counts[own.chunk] = np.where(escaped, np.uint8(DENSE_ESCAPE), own.body)
            self._list(own.chunk[escaped].astype(np.int64), own.select(escaped))
            self._elements.write(counts.tobytes())
            self._count += self._chunks
            first = last

    def _own_arrays(self, sizes: np.dtype[Any]) -> Iterator[Iterable[bytes]]:
        yield from ((), (), _pieces(self._elements), ())


class _GapsWriter(_SectionWriter):
    def __init__(self, nameless: OpenFile, kind: np.dtype[Any]) -> None:
        super().__init__(nameless)
        self._kind = kind
        self._sizes, self._codes = nameless(), nameless()

    def _add(self, frequencies: Integers, entries: _Entries) -> None:
        starts = np.cumsum(frequencies) - frequencies
        gaps: Any = np.diff(entries.chunk.astype(np.int64), prepend=0)
        gaps[starts] = entries.chunk[starts]
        escape = np.iinfo(self._kind).max
        sizes = gaps // escape + 1
        ends = np.cumsum(sizes) - 1
        elements = np.full(int(ends[-1]) + 1, escape, self._kind)
        elements[ends] = gaps % escape
        codes = np.zeros(len(elements), np.uint8)
        coded = encode_counts(entries.body, entries.fields)
        codes[ends] = coded
        escaped = coded == ESCAPE
        self._list(ends[escaped], entries.select(escaped))
        self._elements.write(elements.tobytes())
        self._codes.write(codes.tobytes())
        of_terms = np.add.reduceat(sizes, starts)
        self._sizes.write(of_terms.astype("<u4").tobytes())
        self._count += len(elements)
        self._longest = max(self._longest, int(of_terms.max()))

    def _own_arrays(self, sizes: np.dtype[Any]) -> Iterator[Iterable[bytes]]:
        self._sizes.seek(0)
        all_sizes = np.frombuffer(self._sizes.read(), "<u4")
        yield [all_sizes.astype(sizes).tobytes()]
        yield [(np.cumsum(all_sizes, dtype=np.int64) - all_sizes)[::BLOCK].astype("<i8").tobytes()]
        yield _pieces(self._elements)
        yield (pack_nibbles(np.frombuffer(piece, np.uint8)) for piece in _pieces(self._codes))


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    file.seek(0)
    while piece := file.read(_COPIED):
        yield piece
