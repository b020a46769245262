"""A copy of a store's catalog in a folder: what is listed of documents and files, without texts, passages and vectors.

The code that ingests, removes and lists works on it as on a library's own catalog.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from wherein.storage.catalog.checksums import row_checksum
from wherein.storage.catalog.connection import open_writer, writing
from wherein.storage.catalog.coverage import save_coverage
from wherein.storage.catalog.models import bind_model
from wherein.storage.store.document import DocumentEntry, Record
from wherein.storage.store.keys import number_of
from wherein.storage.store.records import KINDS, write_record
from wherein.storage.store.store import Model, Store

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["active_model", "copy_catalog"]

_NO_CHECKPOINT = "PRAGMA synchronous=OFF"  # a copy that is lost is made again
_DOCUMENT = (
    "INSERT INTO documents (id, uri, title, media_type, text_hash, metadata, notes, checksum, file_id, characters,"
    " added_at, changed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, (SELECT id FROM files WHERE uri = ?), ?, ?, ?)"
)


def active_model(store: Store) -> Model | None:
    """Return the model of the generation that answers, None where there is none yet."""
    return next((one.model for one in store.generations() if one.is_active), None)


def copy_catalog(store: Store, folder: Path) -> None:
    """Write the catalog of a store to a new folder."""
    with closing(open_writer(folder)) as db:
        db.execute(_NO_CHECKPOINT)
        model = active_model(store)
        if model is None:
            return
        with writing(db, "copy.catalog"):
            bind_model(
                db, fingerprint=model.fingerprint, name=model.name, version=model.version, precision=model.precision,
                dimension=model.width,
            )  # fmt: skip
            for kind in KINDS:
                # In the order in which they came, so that their numbers are the same in each copy.
                for record in sorted(store.records(kind), key=_age):
                    write_record(db, record)
            _save_entries(db, store.documents())


def _age(record: Record) -> tuple[str, str]:
    return str(record.value.get("added_at", "")), record.name


def _save_entries(db: Database, entries: Iterable[DocumentEntry]) -> None:
    for entry in entries:
        metadata = json.dumps(dict(entry.metadata), ensure_ascii=False)
        notes = json.dumps(list(entry.notes), ensure_ascii=False)
        checked = (entry.uri, entry.title, entry.media_type, entry.text_hash, metadata, notes)
        number = number_of(entry.key)
        values = [row_checksum(*checked), entry.file, entry.characters, entry.added_at, entry.changed_at]
        db.execute(_DOCUMENT, [number, *checked, *values])
        if entry.coverage:
            save_coverage(db, number, entry.coverage)
