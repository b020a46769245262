"""The `terms` table: how often each term occurs in a chunk, in its heading and in its document's title.

Counted once, when the chunk is saved, and committed with it; a row has its chunk's id. All that keyword search reads
is derived from these rows.
"""

from __future__ import annotations

import struct
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from wherein.errors import Damaged
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.terms import terms_of, terms_version

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = [
    "ENTRY",
    "Entries",
    "TermRows",
    "checked_terms",
    "count_rows",
    "count_terms",
    "counted_version",
    "highest_counted",
    "is_stored_terms",
    "join_counts",
    "read_terms",
    "recount",
    "save_terms",
    "usual_entries",
]

Entries = npt.NDArray[np.void]

ENTRY = np.dtype([("term", "<u8"), ("body", "u1"), ("fields", "u1")])
"""A term, how often it occurs in the passage (at most 255), and 16 times how often in its headings plus how often in
the title (at most 15 each)."""

# Of the passage, of its headings and of the title: how many terms they have.
_LENGTHS = struct.Struct("<IHH")
_MOST_BODY, _MOST_FIELD, _MOST_LENGTH = 255, 15, 0xFFFF
_BATCH = 2_048
_VERSION = "terms"
_UNCOUNTED = (
    'SELECT c.id, c.heading, d.title, CAST(substr(d.text, c.start + 1, c."end" - c.start) AS BLOB)'
    " FROM chunks c JOIN documents d ON d.id = c.document_id"
    " WHERE c.id > ? AND NOT EXISTS (SELECT 1 FROM terms t WHERE t.id = c.id) ORDER BY c.id LIMIT ?"
)


@dataclass(frozen=True)
class TermRows:
    """Rows of `terms`: chunk `ids` int64 [n], `lengths` of the passages in terms uint32 [n].

    `sizes` int64 [n] tell how many of the `entries` belong to each.
    """

    ids: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.uint32]
    sizes: npt.NDArray[np.int64]
    entries: Entries


def count_terms(text: str, headings: Sequence[str] = (), title: str = "") -> bytes:
    """Return the terms of a passage, its headings and its document's title, counted and packed."""
    body = Counter(terms_of(text))
    above = _fields("\n".join(headings), title)
    counts = {**dict.fromkeys(above.terms, 0), **body}  # those of the fields come first
    entries = np.zeros(len(counts), ENTRY)
    entries["term"] = np.fromiter(counts, np.uint64, len(counts))
    entries["body"] = np.minimum(np.fromiter(counts.values(), np.int64, len(counts)), _MOST_BODY)
    entries["fields"][: len(above.terms)] = above.occurs
    return _LENGTHS.pack(body.total(), *above.lengths) + entries.tobytes()


@dataclass(frozen=True)
class _Fields:
    terms: list[int]
    occurs: list[int]
    lengths: tuple[int, int]


@lru_cache(maxsize=256)
def _fields(headings: str, title: str) -> _Fields:
    """Return how often terms occur in headings and title, as in `ENTRY`; most chunks have those of the last one."""
    above, named = Counter(terms_of(headings)), Counter(terms_of(title))
    terms = list(dict.fromkeys((*above, *named)))
    occurs = [16 * min(above[term], _MOST_FIELD) + min(named[term], _MOST_FIELD) for term in terms]
    return _Fields(terms, occurs, (min(above.total(), _MOST_LENGTH), min(named.total(), _MOST_LENGTH)))


def save_terms(db: Database, rows: Iterable[tuple[int, bytes]]) -> None:
    """Store what `count_terms` returned under the ids of chunks; what is there is replaced. Call inside `writing`."""
    db.conn.executemany(
        "INSERT INTO terms (id, counts, checksum) VALUES (?, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET counts = excluded.counts, checksum = excluded.checksum",
        ([number, raw, _checksum(number, raw)] for number, raw in rows),
    )


def recount(db: Database) -> int:
    """Count the terms of every chunk that has no row, from the stored text; return how many. Call inside `writing`."""
    import json

    last = counted = 0
    while rows := db.execute(_UNCOUNTED, [last, _BATCH]).fetchall():
        # What is damaged of the text is not this function's business: verify tells it.
        counted_rows = ((row[0], count_terms(_text(row[3]), json.loads(row[1]), _text(row[2]))) for row in rows)
        save_terms(db, counted_rows)
        last = rows[-1][0]
        counted += len(rows)
    db.execute(
        "INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        [_VERSION, terms_version()],
    )
    return counted


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value or "")


def counted_version(db: Catalog) -> str:
    """Return by which version of the terms all rows were counted."""
    row = db.execute("SELECT value FROM settings WHERE key = ?", [_VERSION]).fetchone()
    return str(row[0]) if row else ""


def highest_counted(db: Catalog) -> int:
    """Return the highest id among the rows, 0 when there is none."""
    return int(db.execute("SELECT coalesce(max(id), 0) FROM terms").fetchone()[0])


def count_rows(db: Catalog, above: int = 0, upto: int | None = None) -> int:
    """Return how many rows have an id over `above`, and at most `upto`."""
    # Their chunks are counted, whose rows are shorter.
    limit, limits = ("", []) if upto is None else (" AND id <= ?", [upto])
    condition = f" WHERE id > ?{limit}" if above or limit else ""
    row = db.execute(f"SELECT count(*) FROM chunks{condition}", [above, *limits] if condition else [])
    return int(row.fetchone()[0])


def usual_entries(db: Catalog) -> int:
    """Return how many different terms the last chunks have, on average."""
    row = db.execute("SELECT avg(length(counts)) FROM (SELECT counts FROM terms ORDER BY id DESC LIMIT 500)").fetchone()
    return int(row[0] or 0) // ENTRY.itemsize


def read_terms(db: Catalog, above: int = 0, batch: int = _BATCH) -> Iterator[TermRows]:
    """Yield the rows over id `above`, in the order of their ids. Raises Damaged when one is not what was stored."""
    rows = db.execute("SELECT id, counts, checksum FROM terms WHERE id > ? ORDER BY id", [above])
    last = above
    while part := rows.fetchmany(batch):
        for number, raw, checksum in part:
            if number <= last or not is_stored_terms(number, raw, checksum):
                raise Damaged(f"The word counts of passage {number} are damaged; run: wherein verify")
            last = number
        yield join_counts([number for number, _, _ in part], [raw for _, raw, _ in part])


def checked_terms(number: int, raw: object, checksum: object) -> TermRows:
    """Return one row from its columns. Raises Damaged when it is not what was stored."""
    if not isinstance(raw, bytes) or not is_stored_terms(number, raw, checksum):
        raise Damaged(f"The word counts of passage {number} are damaged; run: wherein verify")
    return join_counts([number], [raw])


def is_stored_terms(number: object, raw: Any, checksum: object) -> bool:
    """Whether the columns of a row are what was stored."""
    if not isinstance(number, int) or not isinstance(raw, bytes) or len(raw) < _LENGTHS.size:
        return False
    return (len(raw) - _LENGTHS.size) % ENTRY.itemsize == 0 and _checksum(number, raw) == checksum


def join_counts(ids: Sequence[int], raws: Sequence[bytes]) -> TermRows:
    """Return what `count_terms` packed for each of some chunks."""
    head = _LENGTHS.size
    return TermRows(
        np.array(ids, np.int64),
        np.array([_LENGTHS.unpack_from(raw)[0] for raw in raws], np.uint32),
        np.array([(len(raw) - head) // ENTRY.itemsize for raw in raws], np.int64),
        np.frombuffer(b"".join(raw[head:] for raw in raws), ENTRY),
    )


def _checksum(number: int, raw: bytes) -> int:
    """Return the CRC-32 of a row's counts, seeded with its id."""
    return zlib.crc32(raw, number & 0xFFFFFFFF)
