"""Documents, chunks and vectors of a catalog, saved without a reader and without an encoder."""

import sqlite3
from collections.abc import Sequence
from typing import Any

import numpy as np
from sqlite_utils import Database

from wherein.storage.catalog.checksums import content_hash
from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.documents import ChunkRow, DocumentRow, save_document
from wherein.storage.catalog.models import StoredModel
from wherein.storage.catalog.vectors import Matrix, save_vectors

DIMENSION = 8


def unit_vectors(count: int, seed: int = 0) -> Matrix:
    vectors = np.random.default_rng(seed).standard_normal((count, DIMENSION)).astype(np.float32)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit.astype(np.float16).astype(np.float32)  # as they are stored


def hashes(first: int, last: int) -> list[bytes]:
    return [content_hash(f"passage {i}") for i in range(first, last)]


def document(uri: str, names: Sequence[bytes] = (), text: str = "Some text.") -> DocumentRow:
    chunks = [ChunkRow(i, i + 1, name, None, ("Heading", str(i))) for i, name in enumerate(names)]
    return DocumentRow(uri, None, "Title", "text/plain", text, {"a": [1, None]}, ("note",), chunks)


def passage(uri: str, text: str, title: str = "", heading: tuple[str, ...] = ()) -> DocumentRow:
    """Return a document of one passage, which is all of its text."""
    chunks = [ChunkRow(0, len(text), content_hash(text), None, heading)]
    return DocumentRow(uri, None, title, "text/plain", text, {}, (), chunks)


def save(db: Database, *rows: DocumentRow) -> list[int]:
    with writing(db, "test"):
        return [save_document(db, row) for row in rows]


def store(db: Database, model: StoredModel, names: Sequence[bytes], vectors: Matrix) -> None:
    with writing(db, "test"):
        save_vectors(db, model.id, names, vectors)


def vector_ids(db: Database) -> list[int]:
    return [row[0] for row in db.execute("SELECT id FROM vectors ORDER BY id").fetchall()]


def store_range(db: Database, model: StoredModel, first: int, last: int) -> None:
    """Store vectors along the axes, in turn, under `hashes(first, last)`."""
    axes = np.eye(DIMENSION, dtype=np.float32)[np.arange(first, last) % DIMENSION]
    store(db, model, hashes(first, last), axes)


class Descending:
    """A catalog in which pages were swapped: it returns rows in the opposite order."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def execute(self, statement: str, parameters: Any = (), /) -> sqlite3.Cursor:
        for column in ("d.uri", "id"):
            statement = statement.replace(f"ORDER BY {column}", f"ORDER BY {column} DESC")
        return self._db.execute(statement, parameters)

    def rollback(self) -> None:
        self._db.rollback()
