"""The `terms` table: how often each term occurs in a chunk, in its headings and in its document's title, and in which
order they come.

A row is counted once, when its chunk is saved, committed with it, and has its id. Everything that keyword search reads
is derived from these rows.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from wherein.errors import Damaged
from wherein.storage.catalog.packed_terms import (
    ENTRY,
    TermRows,
    different_terms,
    estimated_terms,
    pack_rows,
    unpack_rows,
)
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.term_order import MAX_TERMS, pack_orders, sealed, unsealed
from wherein.storage.catalog.terms import TERM_BITS, terms_of, terms_version
from wherein.storage.catalog.texts import Span, read_spans
from wherein.storage.disk.batched import batched

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = [
    "CountedTerms",
    "StoredTerms",
    "Uncounted",
    "all_chunks",
    "average_entries",
    "check_orders",
    "checked_terms",
    "count_rows",
    "count_terms",
    "count_texts",
    "counted_version",
    "forget_removed_chunks",
    "highest_counted",
    "is_stored_terms",
    "pack_counts",
    "read_terms",
    "recount",
    "removed_chunks",
    "save_counts",
    "save_terms",
]

_MAX_BODY, _MAX_FIELD = 255, 15
_MAX_LENGTH = 0xFFFF_FFFF
_BATCH_SIZE = 2_048
_VERSION = "terms"


class Uncounted(NamedTuple):
    """A chunk without a row: its id, its headings (JSON), and title and passage, which may be damaged."""

    id: int
    heading: str
    title: object
    passage: object


Integers = npt.NDArray[np.int64]
ReadUncounted = Callable[[Catalog, int, int], Sequence[Uncounted]]
"""Returns the first chunks without a row: those with an id over the first number, and at most as many as the second."""

_UNCOUNTED = (
    'SELECT c.id, c.heading, d.title, d.id, c.start, c."end" FROM chunks c JOIN documents d ON d.id = c.document_id'
    " WHERE c.id > ? AND NOT EXISTS (SELECT 1 FROM terms t WHERE t.id = c.id) ORDER BY c.id LIMIT ?"
)


class CountedTerms(NamedTuple):
    """The counted terms of a passage as `packed_terms` packs them, and their order as `term_order` does."""

    counts: bytes
    order: bytes


def count_terms(text: str, headings: Sequence[str] = (), title: str = "") -> CountedTerms:
    """Count and order the terms of a passage, its headings and its document's title."""
    return pack_counts([list(terms_of(text))], [headings], [title])[0]


def count_texts(texts: Sequence[str]) -> list[CountedTerms]:
    """Return what `count_terms` does for each of many texts without headings and titles."""
    terms = ([list(terms_of(text)) for text in group] for group in batched(texts, _BATCH_SIZE))
    return [row for group in terms for row in pack_counts(group, [()] * len(group), [""] * len(group))]


def pack_counts(
    passages: Sequence[Sequence[int]], headings: Iterable[Sequence[str]], titles: Iterable[str]
) -> list[CountedTerms]:
    """Count and order the terms of at most 2**16 passages, given as their terms, their headings and titles.

    Together they take a tenth of the time that they take one by one.
    """
    fields = list(map(_fields, map("\n".join, headings), titles))
    body = _keys(passages)
    keys, indexes = np.unique(np.concatenate([body, _keys([own.terms for own in fields])]), return_inverse=True)
    in_body, in_fields = indexes[: len(body)], indexes[len(body) :]
    entries = np.zeros(len(keys), ENTRY)
    entries["term"] = keys & np.uint64((1 << TERM_BITS) - 1)
    entries["body"] = np.minimum(np.bincount(in_body, minlength=len(keys)), _MAX_BODY)
    entries["fields"][in_fields] = [count for own in fields for count in own.counts]
    sizes = np.bincount((keys >> np.uint64(TERM_BITS)).astype(np.int64), minlength=len(passages))
    counts = pack_rows([min(len(terms), _MAX_LENGTH) for terms in passages], sizes, entries)
    return list(map(CountedTerms, counts, _orders(passages, fields, in_body, in_fields, sizes)))


def _orders(
    passages: Sequence[Sequence[int]],
    fields: Sequence[_Fields],
    in_body: Integers,
    in_fields: Integers,
    sizes: Integers,
) -> list[bytes]:
    """Return the order of the terms of each row, those of its title and headings first.

    `in_body` and `in_fields` are the indices of the terms of all passages and of all fields among the terms of all
    rows, of which each row has `sizes`.
    """
    firsts = np.cumsum([0, *(len(own.terms) for own in fields)])[:-1].tolist()
    order = np.array([first + at for first, own in zip(firsts, fields, strict=True) for at in own.order], np.int64)
    before, within = [len(own.order) for own in fields], list(map(len, passages))
    numbers = np.arange(len(passages), dtype=np.uint16)
    rows = np.concatenate([np.repeat(numbers, before), np.repeat(numbers, within)])
    by_row = np.argsort(rows, kind="stable")
    indices = np.concatenate([in_fields[order], in_body])[by_row] - (np.cumsum(sizes) - sizes)[rows[by_row]]
    return pack_orders(indices, list(map(sum, zip(before, within, strict=True))), sizes.tolist())


def _keys(rows: Sequence[Sequence[int]]) -> npt.NDArray[np.uint64]:
    """Return the terms of all rows, each with the index of its row in the higher bits."""
    sizes = list(map(len, rows))
    terms = np.fromiter(chain.from_iterable(rows), np.uint64, sum(sizes))
    return np.repeat(np.arange(len(rows), dtype=np.uint64) << np.uint64(TERM_BITS), sizes) | terms


@dataclass(frozen=True)
class _Fields:
    """The different terms of headings and title with their counts; `order` has the index of each as often as it occurs.

    The terms of the title come first.
    """

    terms: list[int]
    counts: list[int]
    order: list[int]


@lru_cache(maxsize=256)
def _fields(headings: str, title: str) -> _Fields:
    """Return the terms of headings and title, counted as in `ENTRY`; consecutive chunks mostly share them."""
    own_headings, own_title = list(terms_of(headings)), list(terms_of(title))
    in_headings, in_title = Counter(own_headings), Counter(own_title)
    terms = list(dict.fromkeys((*in_headings, *in_title)))
    counts = [16 * min(in_headings[term], _MAX_FIELD) + min(in_title[term], _MAX_FIELD) for term in terms]
    index_of = {term: index for index, term in enumerate(terms)}
    return _Fields(terms, counts, [index_of[term] for term in (*own_title, *own_headings)][:MAX_TERMS])


def save_terms(db: Database, rows: Iterable[tuple[int, CountedTerms]]) -> None:
    """Store or replace the rows of chunks: their ids, and what `pack_counts` returned. Call inside `writing`."""
    checked = ((number, own, _checksum(number, own.counts)) for number, own in rows)
    db.conn.executemany(
        "INSERT INTO terms (id, counts, checksum, term_order) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE"
        " SET counts = excluded.counts, checksum = excluded.checksum, term_order = excluded.term_order",
        ([number, own.counts, checksum, sealed(own.order, checksum)] for number, own, checksum in checked),
    )


def save_counts(db: Database, rows: Iterable[tuple[int, CountedTerms]]) -> None:
    """Store the rows of chunks in a catalog before the migration that added the order. Call inside `writing`."""
    db.conn.executemany(
        "INSERT INTO terms (id, counts, checksum) VALUES (?, ?, ?)",
        ([number, own.counts, _checksum(number, own.counts)] for number, own in rows),
    )


SaveCounted = Callable[["Database", Iterable[tuple[int, CountedTerms]]], None]


def read_uncounted(db: Catalog, last: int, limit: int) -> list[Uncounted]:
    """Return the first chunks without a row, as a `ReadUncounted`."""
    rows = db.execute(_UNCOUNTED, [last, limit]).fetchall()
    texts = read_spans(db, [Span(*span) for _, _, _, *span in rows])
    return [
        Uncounted(number, heading, title, passage.text)
        for (number, heading, title, *_), passage in zip(rows, texts, strict=True)
    ]


def recount(db: Database, read: ReadUncounted = read_uncounted, save: SaveCounted = save_terms) -> int:
    """Count the terms of every chunk that has no row, from its text; return how many chunks. Call inside `writing`."""
    import json

    last = counted = 0
    while chunks := read(db, last, _BATCH_SIZE):
        # Damaged text is counted as it is: verify reports it.
        counts = pack_counts(
            [list(terms_of(_text(chunk.passage))) for chunk in chunks],
            [json.loads(chunk.heading) for chunk in chunks],
            [_text(chunk.title) for chunk in chunks],
        )
        save(db, zip((chunk.id for chunk in chunks), counts, strict=True))
        last = chunks[-1].id
        counted += len(chunks)
    db.execute(
        "INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        [_VERSION, terms_version()],
    )
    return counted


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value or "")


def counted_version(db: Catalog) -> str:
    """Return the `terms_version` of all rows, "" in a new library."""
    (version,) = db.execute("SELECT value FROM settings WHERE key = ?", [_VERSION]).fetchone() or ("",)
    return str(version)


def highest_counted(db: Catalog) -> int:
    """Return the highest id among the rows, 0 when there is none."""
    (highest,) = db.execute("SELECT coalesce(max(id), 0) FROM terms").fetchone()
    return int(highest)


def count_rows(db: Catalog, above: int = 0, upto: int | None = None) -> int:
    """Return the number of rows with an id over `above`, and at most `upto`."""
    # Counts their chunks, whose rows are shorter.
    limit, limits = ("", []) if upto is None else (" AND id <= ?", [upto])
    # SQLite counts a whole table by its shortest index, but only if there is no condition.
    condition = f" WHERE id > ?{limit}" if above or limit else ""
    parameters = [above, *limits] if condition else []
    (count,) = db.execute(f"SELECT count(*) FROM chunks{condition}", parameters).fetchone()
    return int(count)


def all_chunks(db: Catalog) -> npt.NDArray[np.int64]:
    """Return the ids `[n]` of all chunks, ascending."""
    return _ids(db, "SELECT id FROM chunks ORDER BY id")


def removed_chunks(db: Catalog) -> npt.NDArray[np.int64]:
    """Return the ids `[n]` of the chunks that were removed since the generation of keywords was written, ascending.

    A trigger records them, because listing those that exist takes time for each of them. Some may be missing after a
    repair.
    """
    return _ids(db, "SELECT id FROM removed_chunks ORDER BY id")


def forget_removed_chunks(db: Database) -> None:
    """Begin another record: a new generation of keywords holds none of them. Call inside `writing`."""
    db.execute("DELETE FROM removed_chunks")


def _ids(db: Catalog, statement: str) -> npt.NDArray[np.int64]:
    return np.array([number for (number,) in db.execute(statement).fetchall()], np.int64)


def average_entries(db: Catalog) -> int:
    """Return about the average number of distinct terms in the last 500 chunks."""
    # It decides only into how many partitions a generation is written.
    statement = "SELECT avg(length(counts)) FROM (SELECT counts FROM terms ORDER BY id DESC LIMIT 500)"
    (size,) = db.execute(statement).fetchone()
    return round(estimated_terms(size or 0))


def read_terms(db: Catalog, above: int = 0, batch: int = _BATCH_SIZE) -> Iterator[TermRows]:
    """Yield the rows over id `above`, in the order of their ids. Raises Damaged when one is not what was stored."""
    rows = db.execute("SELECT id, counts, checksum FROM terms WHERE id > ? ORDER BY id", [above])
    last = above
    while fetched := rows.fetchmany(batch):
        for number, raw, checksum in fetched:
            # Ids out of order: database pages were swapped, or one is reachable twice.
            if number <= last or not _is_sound(number, raw, checksum):
                raise _damaged(number)
            last = number
        yield _unpacked([number for number, _, _ in fetched], [raw for _, raw, _ in fetched])


@dataclass(frozen=True)
class StoredTerms:
    """A row of one passage: its counts, which were checked, their checksum, and the column `term_order`, unchecked."""

    counts: TermRows
    checksum: int
    column: object

    def in_order(self) -> npt.NDArray[np.int64] | None:
        """Return the terms `[t]` in their order, None where that is not stored. Raises Damaged where it is damaged."""
        if self.column is None:
            return None
        terms = self.counts.entries["term"]
        try:
            return terms[unsealed(self.column, self.checksum, len(terms))].astype(np.int64)
        except ValueError as error:
            raise _damaged(int(self.counts.ids[0])) from error


def checked_terms(rows: Iterable[tuple[int, object, Any, object]]) -> list[StoredTerms]:
    """Return rows, given as their columns with the order last. Raises Damaged when one is not what was stored."""
    numbers, raws, others = [], [], []
    for number, raw, checksum, column in rows:
        if not isinstance(raw, bytes) or not _is_sound(number, raw, checksum):
            raise _damaged(number)
        numbers.append(number)
        raws.append(raw)
        others.append((checksum, column))
    counts = _unpacked(numbers, raws).single()
    return [StoredTerms(own, checksum, column) for own, (checksum, column) in zip(counts, others, strict=True)]


def check_orders(db: Catalog) -> None:
    """Raise Damaged when the order of a passage's terms is not what was stored beside its counts."""
    rows = db.execute("SELECT id, substr(counts, 1, 8), checksum, term_order FROM terms WHERE term_order IS NOT NULL")
    for number, first, checksum, column in rows:
        try:
            unsealed(column, checksum, different_terms(first))
        except ValueError as error:
            raise _damaged(number) from error


def is_stored_terms(number: object, raw: Any, checksum: Any, order: object) -> bool:
    """Whether the columns of a row are what was stored."""
    if not isinstance(number, int) or not isinstance(raw, bytes) or not _is_sound(number, raw, checksum):
        return False
    try:
        rows = unpack_rows([number], [raw])
        if order is not None:
            unsealed(order, checksum, len(rows.entries))
    except ValueError:
        return False
    return True


def _is_sound(number: int, raw: Any, checksum: object) -> bool:
    return isinstance(raw, bytes) and _checksum(number, raw) == checksum


def _unpacked(numbers: Sequence[int], raws: Sequence[bytes]) -> TermRows:
    try:
        return unpack_rows(numbers, raws)
    except ValueError as error:
        raise _damaged(numbers[0]) from error


def _damaged(number: int) -> Damaged:
    return Damaged(f"The stored words of passage {number} are damaged; run: wherein verify")


def _checksum(number: int, raw: bytes) -> int:
    """Return the CRC-32 of a row's counts, seeded with its id."""
    return zlib.crc32(raw, number & 0xFFFFFFFF)  # the counts of another passage do not fit
