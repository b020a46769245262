"""The `texts` table: the text of each document in blocks of `BLOCK_CHARACTERS` characters.

A passage, its line and the text around it are read from the blocks that they lie in, so that their cost does not
depend on the length of the text (docs/decisions/texts.md). Each block has a checksum, which also covers its position
and its line.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, groupby
from operator import attrgetter
from struct import Struct
from typing import TYPE_CHECKING, NamedTuple

from wherein.storage.catalog.protocol import Catalog
from wherein.storage.disk.batched import batched

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = [
    "BLOCK_CHARACTERS", "Span", "SpanText", "StoredText", "delete_text", "insert_block", "insert_text",
    "is_stored_block", "read_span", "read_spans", "read_text", "save_text", "save_text_bytes",
]  # fmt: skip

BLOCK_CHARACTERS = 2_000
"""The characters of every block but the last of a text. Stored libraries depend on it."""

_POSITION = Struct("<qqq")
# As bytes: damaged text may be invalid UTF-8, and a NUL ends a text in SQLite's functions, but not in Python's.
_BLOCKS = "SELECT number, lines, CAST(text AS BLOB), checksum FROM texts WHERE document_id = ?"
_ALL = f"{_BLOCKS} ORDER BY number"
# CROSS JOIN: each run is looked up in the index of `texts` (https://sqlite.org/optoverview.html#crossjoin).
_SOME = """
WITH run (document, first, last) AS (VALUES {})
SELECT document_id, number, lines, CAST(text AS BLOB), checksum
FROM run CROSS JOIN texts ON document_id = document AND number BETWEEN first AND last
"""
_INSERT = "INSERT INTO texts (document_id, number, lines, text, checksum) VALUES (?, ?, ?, CAST(? AS TEXT), ?)"
_RUNS_AT_ONCE = 500  # SQLite allows 32,766 bound variables in one statement


class Span(NamedTuple):
    """Characters `start` to `end` of a document's text."""

    document: int
    start: int
    end: int

    @property
    def is_readable(self) -> bool:
        """Whether it consists of numbers: a flipped bit can turn one into a blob, even in a STRICT table."""
        return all(isinstance(value, int) for value in self)

    @property
    def blocks(self) -> tuple[int, int]:
        """The numbers of the first and the last block that it lies in."""
        first = self.start // BLOCK_CHARACTERS
        return first, max(first, (self.end - 1) // BLOCK_CHARACTERS)


class SpanText(NamedTuple):
    """The text of a span and the line, from 1, that it begins on; None and 1 where a block is lost or damaged."""

    text: str | None
    line: int = 1


_UNREADABLE = SpanText(None)


class StoredText(NamedTuple):
    """A document's blocks, joined. Bytes that are not UTF-8 are lone surrogates.

    `sound` is whether the blocks are those that were saved, so that every span of the text can be read.
    """

    text: str
    sound: bool


class _Block(NamedTuple):
    number: int
    lines: int
    text: bytes
    checksum: int


def save_text(db: Database, document_id: int, text: str) -> None:
    """Store a document's text and its length, in place of what is stored. Call inside `writing`."""
    _replace(db, document_id, len(text))
    insert_text(db, document_id, text)


def insert_text(db: Database, document_id: int, text: str) -> None:
    """Store the text of a document that has none. Call inside `writing`."""
    _insert(db, document_id, ((lines, block.encode("utf-8")) for lines, block in _cut(text)))


def insert_block(db: Database, document_id: int, number: int, lines: int, text: str) -> None:
    """Store one block of a text, after `lines` line feeds. Call inside `writing`."""
    raw = text.encode("utf-8")
    db.execute(_INSERT, (document_id, number, lines, raw, _checksum(document_id, number, lines, raw)))


def delete_text(db: Database, document_id: int) -> None:
    """Delete a document's text. Call inside `writing`."""
    db.execute("DELETE FROM texts WHERE document_id = ?", [document_id])


def save_text_bytes(db: Database, document_id: int, raw: bytes) -> None:
    """Store a text that may be damaged, byte for byte. Call inside `writing`."""
    text = raw.decode("utf-8", "surrogateescape")
    blocks = ((lines, block.encode("utf-8", "surrogateescape")) for lines, block in _cut(text))
    _replace(db, document_id, len(text))
    _insert(db, document_id, blocks)


def _replace(db: Database, document_id: int, characters: int) -> None:
    db.execute("UPDATE documents SET characters = ? WHERE id = ?", [characters, document_id])
    delete_text(db, document_id)


def _insert(db: Database, document_id: int, blocks: Iterable[tuple[int, bytes]]) -> None:
    db.conn.executemany(
        _INSERT,
        (
            (document_id, number, lines, raw, _checksum(document_id, number, lines, raw))
            for number, (lines, raw) in enumerate(blocks)
        ),
    )


def _cut(text: str) -> Iterator[tuple[int, str]]:
    """Yield the blocks of a text, each after the number of line feeds before it."""
    lines = 0
    for start in range(0, len(text), BLOCK_CHARACTERS):
        block = text[start : start + BLOCK_CHARACTERS]
        yield lines, block
        lines += block.count("\n")


def is_stored_block(document_id: object, number: object, lines: object, text: object, checksum: object) -> bool:
    """Whether the columns of a row are what was stored; the text as SQLite returns it, or its UTF-8."""
    if isinstance(text, str):
        text = text.encode("utf-8", "surrogateescape")
    if not (isinstance(document_id, int) and isinstance(number, int) and isinstance(lines, int)):
        return False
    return isinstance(text, bytes) and _checksum(document_id, number, lines, text) == checksum


def _checksum(document_id: int, number: int, lines: int, text: bytes) -> int:
    """Return the CRC-32 of a block's UTF-8, seeded with its document, number and line."""
    return zlib.crc32(text, zlib.crc32(_POSITION.pack(document_id, number, lines)))


def read_text(db: Catalog, document_id: int) -> StoredText:
    """Return a document's text, unchecked: the caller compares its hash."""
    parts, sound, full = list[str](), True, True
    for expected, block in enumerate(map(_Block._make, db.execute(_ALL, [document_id]))):
        text = block.text.decode("utf-8", "surrogateescape") if isinstance(block.text, bytes) else ""
        # Only the last block may be shorter.
        sound = sound and full and block.number == expected and _is_sound(document_id, block)
        full = len(text) == BLOCK_CHARACTERS
        parts.append(text)
    return StoredText("".join(parts), sound)


def read_span(db: Catalog, document_id: int, start: int, end: int) -> SpanText:
    """Return the text of one span."""
    return read_spans(db, [Span(document_id, start, end)])[0]


def read_spans(db: Catalog, spans: Sequence[Span]) -> list[SpanText]:
    """Return the texts of spans, in their order; each block is read once. Call inside a snapshot."""
    found: dict[Span, SpanText] = {}
    by_document = groupby(sorted({span for span in spans if span.is_readable}), attrgetter("document"))
    runs = [run for _, own in by_document for run in _runs(own)]
    for batch in batched(runs, _RUNS_AT_ONCE):
        blocks = _sound_blocks(db, batch)
        found.update((span, _text_of(span, blocks)) for run in batch for span in run)
    return [found.get(span, _UNREADABLE) for span in spans]


def _sound_blocks(db: Catalog, runs: Sequence[Sequence[Span]]) -> dict[tuple[int, int], _Block]:
    """Return the undamaged blocks of runs of spans, by document and number."""
    wanted = [(run[0].document, run[0].blocks[0], max(span.blocks[1] for span in run)) for run in runs]
    # One statement: each costs as much as reading several blocks.
    rows = db.execute(_SOME.format(",".join(["(?,?,?)"] * len(wanted))), [*chain.from_iterable(wanted)]).fetchall()
    blocks = ((document, _Block(*block)) for document, *block in rows)
    return {(document, block.number): block for document, block in blocks if _is_sound(document, block)}


def _runs(spans: Iterable[Span]) -> Iterator[list[Span]]:
    """Yield ascending spans in groups whose blocks follow one another."""
    run, last = list[Span](), -1
    for span in spans:
        if run and span.blocks[0] > last + 1:
            yield run
            run = []
        last = max(last, span.blocks[1]) if run else span.blocks[1]
        run.append(span)
    if run:
        yield run


def _text_of(span: Span, blocks: Mapping[tuple[int, int], _Block]) -> SpanText:
    first, last = span.blocks
    raw = list[bytes]()
    for number in range(first, last + 1):
        if (span.document, number) not in blocks:  # an end that is damaged may lie trillions of blocks away
            return _UNREADABLE
        raw.append(blocks[span.document, number].text)
    text, offset = b"".join(raw).decode("utf-8", "surrogateescape"), span.start - first * BLOCK_CHARACTERS
    line = blocks[span.document, first].lines + text.count("\n", 0, offset) + 1
    return SpanText(text[offset : offset + span.end - span.start], line)


def _is_sound(document_id: int, block: _Block) -> bool:
    return is_stored_block(document_id, block.number, block.lines, block.text, block.checksum)
