"""A catalog in memory of the candidates of one question, so that it is ranked by the code that ranks a local library.

It holds the passages with their texts, vectors, counted terms and sketches, and nothing else of their documents.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from wherein.storage.catalog.checksums import row_checksum
from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.coverage import Coverage, save_coverage
from wherein.storage.catalog.derived import Derived, Passage, derive, save_derived
from wherein.storage.catalog.models import StoredModel, add_model
from wherein.storage.catalog.schema import migrate
from wherein.storage.catalog.texts import BLOCK_CHARACTERS, insert_block
from wherein.storage.catalog.vectors import save_vectors
from wherein.storage.disk.recent import Recent
from wherein.storage.store.document import PassageRow
from wherein.storage.store.keys import number_of, passage_number
from wherein.storage.store.store import Model

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["DerivedPassages", "SmallCatalog", "small_catalog"]

_MAX_KEPT = 20_000
_NOBODY = ("stdin:", "", "", b"", "{}", "[]")
"""A document without passages, so that a filter that every candidate passes has something that passes it."""


class DerivedPassages:
    """What is derived from passages, kept for the next questions."""

    def __init__(self) -> None:
        self._known: Recent[tuple[str, str], Derived] = Recent(_MAX_KEPT)

    def of(self, passages: Sequence[PassageRow]) -> list[Derived]:
        """Return what is derived from each passage."""
        unknown = [one for one in passages if (one.key, one.version) not in self._known]
        found = {(one.key, one.version): self._known[one.key, one.version] for one in passages if one not in unknown}
        texts = [Passage(one.text, one.heading, one.title) for one in unknown]
        for one, derived in zip(unknown, derive(texts), strict=True):
            self._known.keep((one.key, one.version), derived, 1)
            found[one.key, one.version] = derived
        return [found[one.key, one.version] for one in passages]


@dataclass(frozen=True)
class SmallCatalog:
    """The catalog, the model that its vectors are of, and the number of each passage in it, by its key."""

    db: Database
    model: StoredModel
    chunks: Mapping[str, int]


def small_catalog(model: Model, passages: Sequence[PassageRow], derived: DerivedPassages) -> SmallCatalog:
    """Return a catalog of passages, which have their vectors. The numbers of documents and passages are their keys'."""
    from sqlite_utils import Database

    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.deserialize(_empty())
    db = Database(connection, execute_plugins=False)
    with writing(db, "candidates"):
        stored = add_model(
            db, fingerprint=model.fingerprint, name=model.name, version=model.version, precision=model.precision,
            dimension=model.width,
        )  # fmt: skip
        _save_document(db, 0, *_NOBODY)
        ordered = sorted(passages, key=lambda one: (one.document, one.start))
        for _, own in groupby(ordered, key=lambda one: one.document):
            _save_passages(db, list(own))
        chunks = _save_chunks(db, ordered)
        save_derived(db, list(chunks.values()), derived.of(ordered))
        vectors = np.array([one.vector for one in ordered], np.float32).reshape(len(ordered), model.width)
        save_vectors(db, stored.id, [one.input_hash for one in ordered], vectors)
    return SmallCatalog(db, stored, chunks)


@cache
def _empty() -> bytes:
    """Return the bytes of a catalog without rows."""
    from sqlite_utils import Database

    db = Database(sqlite3.connect(":memory:", isolation_level=None), execute_plugins=False)
    migrate(db)
    raw = db.conn.serialize()
    db.close()
    return raw


def _save_document(
    db: Database, number: int, uri: str, title: str, media_type: str, text_hash: bytes, metadata: str, notes: str
) -> None:
    checked = uri, title, media_type, text_hash, metadata, notes
    db.execute(
        "INSERT INTO documents (id, uri, title, media_type, text_hash, metadata, notes, added_at, changed_at, checksum)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, '', '', ?)",
        [number, *checked, row_checksum(*checked)],
    )


def _save_passages(db: Database, passages: Sequence[PassageRow]) -> None:
    """Save a document with what is known of its text: these passages, in their order."""
    first, number = passages[0], number_of(passages[0].document)
    metadata = json.dumps(dict(first.metadata), ensure_ascii=False)
    _save_document(db, number, first.uri, first.title, first.media_type, bytes.fromhex(first.version), metadata, "[]")
    for block, lines, text in _blocks(passages):
        insert_block(db, number, block, lines, text)
    if spans := tuple((one.start, one.end) for one in passages if one.recognized):
        save_coverage(db, number, Coverage(0, 0, "", spans))


def _save_chunks(db: Database, passages: Iterable[PassageRow]) -> dict[str, int]:
    numbers: dict[str, int] = {}
    used = set[int]()
    for one in passages:
        number = passage_number(one.key)
        while number in used:
            number += 1
        used.add(number)
        numbers[one.key] = number
        heading = json.dumps(one.heading, ensure_ascii=False)
        row = (number_of(one.document), one.ordinal, one.start, one.end, one.page, heading, one.input_hash)
        db.execute(
            'INSERT INTO chunks (id, document_id, ordinal, start, "end", page, heading, input_hash, checksum)'
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [number, *row, row_checksum(*row)],
        )
    return numbers


def _blocks(passages: Sequence[PassageRow]) -> Iterator[tuple[int, int, str]]:
    """Yield the blocks of a text that passages lie in: their number, the lines before them, and the text.

    What lies between the passages is blank, with as many lines as there are.
    """
    for run in _runs(passages):
        begin = run[0].start // BLOCK_CHARACTERS * BLOCK_CHARACTERS
        text, lines = " " * (run[0].start - begin), run[0].line - 1
        for one in run:
            here = begin + len(text)
            if one.start > here:
                breaks = one.line - 1 - lines - text.count("\n")
                text += "\n" * breaks + " " * (one.start - here - breaks)
                here = one.start
            text += one.text[here - one.start :]
        for at in range(0, len(text), BLOCK_CHARACTERS):
            block = text[at : at + BLOCK_CHARACTERS]
            yield (begin + at) // BLOCK_CHARACTERS, lines, block
            lines += block.count("\n")


def _runs(passages: Sequence[PassageRow]) -> Iterator[list[PassageRow]]:
    """Yield passages in groups that have no block in common, and whose blocks follow one another."""
    run, last = list[PassageRow](), -2
    for one in passages:
        if run and one.start // BLOCK_CHARACTERS > last + 1:
            yield run
            run = []
        run.append(one)
        last = max(last if len(run) > 1 else -2, (one.end - 1) // BLOCK_CHARACTERS)
    if run:
        yield run
