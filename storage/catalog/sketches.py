"""The `sketches` table: 20 bytes a passage, by which near-copies are recognized without their texts.

A sketch has 64 digits of two bits: for each of 64 hash functions, two bits of the smallest hash among the runs of three
terms of a passage (Broder, "On the resemblance and containment of documents", 1997; Li and König, "b-Bit Minwise
Hashing", 2010). Two passages that share a part `s` of their runs have the same digit with a chance of s + (1 - s) / 4,
so the number of digits that differ estimates `s` with a standard deviation of 0.05 near 0.85. Then 4 bytes that are
equal where two passages hold the same numbers. A row is written with its chunk and never changes; it has a checksum
seeded with its id.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from wherein.storage.catalog.batches import select_in
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.terms import PieceCache, terms_of
from wherein.storage.catalog.texts import Span, read_spans
from wherein.storage.disk.batched import batched

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = [
    "MAX_DIFFERENT", "SKETCH", "Sketches", "are_near", "fill_sketches", "is_stored_sketch", "read_sketches",
    "save_sketches", "sketches_of",
]  # fmt: skip

Sketches = npt.NDArray[np.void]
Hashes = npt.NDArray[np.uint64]
SKETCH = np.dtype([("digits", "<u8", 2), ("numbers", "<u4")])
"""A sketch: two bits a digit, and the hash of the numbers."""
MAX_DIFFERENT = 11
"""Digits that differ on average where 77 % of the runs are shared; nearly all near-copies (85 %) differ in fewer."""

_DIGITS, _DIGIT_BITS, _RUN_LENGTH = 64, 2, 3
_BYTES = _DIGITS * _DIGIT_BITS // 8
_AT_ONCE = 16  # passages whose hashes fit into the processor's cache
_LOW_BITS = np.uint64(0x5555_5555_5555_5555)
_MIX = (np.uint64(0x9E37_79B9_7F4A_7C15), np.uint64(0xC2B2_AE3D_27D4_EB4F))
_SHIFT = np.uint64(29)
_DIGIT = re.compile(r"\d")
_NUMBER = re.compile(r"\b[^\W\d]*\d\w*")
_NUMBERS = PieceCache(lambda piece: tuple(map(str.lower, _NUMBER.findall(piece))))
_BATCH_SIZE = 2_048
_READ = "SELECT id, sketch, checksum FROM sketches WHERE id IN ({})"
_MISSING = (
    'SELECT c.id, c.document_id, c.start, c."end" FROM chunks c'
    " WHERE c.id > ? AND NOT EXISTS (SELECT 1 FROM sketches s WHERE s.id = c.id) ORDER BY c.id LIMIT ?"
)


def _multipliers() -> Hashes:
    """Return an odd multiplier for each digit `[64, 1]`: the numbers of SplitMix64."""
    state = np.arange(1, _DIGITS + 1, dtype=np.uint64) * _MIX[0]
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58_476D_1CE4_E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D0_49BB_1331_11EB)
    return np.asarray((state ^ (state >> np.uint64(31)) | np.uint64(1))[:, None])


_MULTIPLIERS = _multipliers()


def sketches_of(passages: Sequence[Sequence[int]], texts: Sequence[str]) -> list[bytes]:
    """Return the sketches of passages: the terms of each, in their order, and its text."""
    digits = b"".join(_digits(group) for group in batched(passages, _AT_ONCE))
    numbers = map(_numbers, passages, texts)
    return [digits[_BYTES * at : _BYTES * (at + 1)] + _crc(own) for at, own in enumerate(numbers)]


def _numbers(terms: Sequence[int], text: str) -> str:
    if not terms:
        return f"\n{text.strip()}"  # a text without terms is like none but itself
    # Most pieces are words: to look these up as well takes three times as long.
    with_digits = (piece for piece in text.split() if not piece.isalpha() and _DIGIT.search(piece))
    return "\n".join(sorted({*chain.from_iterable(map(_NUMBERS.__getitem__, with_digits))}))


def _digits(passages: Sequence[Sequence[int]]) -> bytes:
    """Return the digits of passages, 16 bytes each; those of one without terms are 0."""
    runs, starts = _runs(passages)
    smallest = np.minimum.reduceat(_MULTIPLIERS * runs, starts, axis=1).T
    # Bits from the middle: the high ones of a smallest hash are 0, and the low ones of a product are hashed least.
    digits = (smallest >> np.uint64(20)).astype(np.uint8) & np.uint8(3)
    digits[[not terms for terms in passages]] = 0
    four = digits.reshape(-1, _BYTES, 4) << np.arange(0, 8, _DIGIT_BITS, dtype=np.uint8)
    packed: bytes = np.bitwise_or.reduce(four, axis=2).tobytes()
    return packed


def _runs(passages: Sequence[Sequence[int]]) -> tuple[Hashes, npt.NDArray[np.int64]]:
    """Return a hash of each run of three terms, and the index of the first one of each passage.

    A shorter passage is one run.
    """
    padded = [terms if len(terms) >= _RUN_LENGTH else [*terms, 0, 0, 0][:_RUN_LENGTH] for terms in passages]
    ends = np.cumsum([len(terms) for terms in padded])
    terms = np.fromiter(chain.from_iterable(padded), np.uint64, ends[-1])
    runs = terms[:-2] * _MIX[0] + terms[1:-1] * _MIX[1] + terms[2:]
    across = np.concatenate([ends[:-1] - 2, ends[:-1] - 1])  # those that reach into the next passage
    starts = np.concatenate([[0], ends[:-1] - 2 * np.arange(1, len(ends))])
    return np.delete(runs ^ (runs >> _SHIFT), across), starts


def _crc(numbers: str) -> bytes:
    return zlib.crc32(numbers.encode("utf-8", "surrogatepass")).to_bytes(4, "little")


def are_near(one: Sketches, others: Sketches, most: int = MAX_DIFFERENT) -> npt.NDArray[np.bool_]:
    """Return which sketches are of passages with the same numbers, and have at most `most` digits that differ.

    `one` and `others` are arrays of `SKETCH` that are broadcast against each other.
    """
    count = _differing(one, others, 0) + _differing(one, others, 1)
    return np.asarray((count <= most) & (one["numbers"] == others["numbers"]))


def _differing(one: Sketches, others: Sketches, half: int) -> npt.NDArray[np.uint8]:
    """Return how many of 32 digits differ; by halves, because NumPy is slow where the last axis is short."""
    bits = one["digits"][..., half] ^ others["digits"][..., half]
    return np.asarray(np.bitwise_count((bits | bits >> np.uint64(1)) & _LOW_BITS))


def save_sketches(db: Database, rows: Iterable[tuple[int, bytes]]) -> None:
    """Store the sketches of chunks that have none, by their ids. Call inside `writing`."""
    db.conn.executemany(
        "INSERT INTO sketches (id, sketch, checksum) VALUES (?, ?, ?)",
        ([number, sketch, _checksum(number, sketch)] for number, sketch in rows),
    )


def fill_sketches(db: Database) -> int:
    """Store the sketch of every chunk that has none, from its text; return how many. Call inside `writing`."""
    last = count = 0
    while rows := db.execute(_MISSING, [last, _BATCH_SIZE]).fetchall():
        texts = read_spans(db, [Span(*span) for _, *span in rows])
        passages = [text.text or "" for text in texts]
        sketches = sketches_of([list(terms_of(passage)) for passage in passages], passages)
        save_sketches(db, ((number, sketch) for (number, *_), sketch in zip(rows, sketches, strict=True)))
        last, *_ = rows[-1]
        count += len(rows)
    return count


def read_sketches(db: Catalog, chunks: Sequence[int]) -> dict[int, bytes]:
    """Return the sketches of chunks by their ids; one that is lost or damaged is missing."""
    rows = select_in(db, _READ, chunks)
    return {number: sketch for number, sketch, checksum in rows if is_stored_sketch(number, sketch, checksum)}


def is_stored_sketch(number: object, sketch: object, checksum: object) -> bool:
    """Whether the columns of a row are what was stored."""
    if not isinstance(number, int) or not isinstance(sketch, bytes) or len(sketch) != SKETCH.itemsize:
        return False
    return _checksum(number, sketch) == checksum


def _checksum(number: int, sketch: bytes) -> int:
    """Return the CRC-32 of a sketch, seeded with its chunk's id."""
    return zlib.crc32(sketch, number & 0xFFFFFFFF)
