"""Purging documents: afterwards no file of the library holds a byte of their text or of their vectors.

A purge has two parts. The first is one transaction, which removes and excludes the documents and records that the purge
is unfinished. The second rewrites the files that still hold their bytes. It can be repeated, so the next writer
finishes what a crash or a full disk has interrupted.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from wherein.storage.catalog.connection import checkpoint, writing
from wherein.storage.catalog.documents import delete_document
from wherein.storage.catalog.exclusions import PURGED, PURGED_RECORDS, exclude
from wherein.storage.catalog.files import file_of_document, note_left_out
from wherein.storage.catalog.models import bound_model
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.vector_counts import forget_vector_counts
from wherein.storage.catalog.vectors import delete_orphans, mark_orphans
from wherein.storage.disk.failpoints import failpoint
from wherein.storage.index.folding import differs
from wherein.storage.index.generation_writer import Reuse, write_generation
from wherein.storage.index.generations import KEYWORDS, KINDS, active_generation, drop_old_generations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlite_utils import Database

    from wherein.storage.catalog.documents import StoredDocument

__all__ = ["finish_purge", "purge", "purge_is_unfinished"]

_UNFINISHED = "unfinished purge"
_END_OF_TIME = "9999"  # after every time in ISO 8601


def purge(db: Database, documents: Sequence[StoredDocument]) -> None:
    """Remove and exclude documents, and delete every vector that no other document shares.

    The vectors of a document's earlier versions cannot be distinguished from other orphans, so all orphans are deleted.
    Call `finish_purge` afterwards.
    """
    with writing(db, "purge.remove"):
        for document in documents:
            _remove_for_good(db, document)
        db.execute("UPDATE nights SET report = '{}' WHERE report LIKE '%\"moved\": [{%'")  # may contain their URIs
        mark_orphans(db)
        delete_orphans(db, before=_END_OF_TIME)
        forget_vector_counts(db)
        db.execute("INSERT INTO settings (key, value) VALUES (?, '') ON CONFLICT (key) DO NOTHING", [_UNFINISHED])


def _remove_for_good(db: Database, document: StoredDocument) -> None:
    exclude(db, document.id, document.uri, "purged")
    file = file_of_document(db, document.id)
    delete_document(db, document.id)
    db.execute("DELETE FROM golden WHERE uri = ?", [document.uri])
    if file and file.state == "read":
        left = file.documents > 1
        note_left_out(db, file.id, "read" if left else "skipped", PURGED_RECORDS if left else PURGED)


def purge_is_unfinished(db: Catalog) -> bool:
    """Whether bytes of purged documents may still be in the library's files."""
    return db.execute("SELECT 1 FROM settings WHERE key = ?", [_UNFINISHED]).fetchone() is not None


def finish_purge(db: Database, folder: Path) -> bool:
    """Rewrite the index, the catalog and its log without what was purged; return whether that was completed.

    VACUUM rebuilds the database file from its content (https://sqlite.org/lang_vacuum.html); then the log is truncated,
    which fails while a reader uses it for longer than ten seconds.
    """
    model = bound_model(db)
    for kind in KINDS:
        generation = active_generation(db, kind)
        # Words of an earlier version of a purged document may be in the word list of a generation that lacks it.
        if model and generation and (kind == KEYWORDS or differs(db, model, generation)):
            # Rebuilt from nothing: the centroid of a list may be one single vector, which was purged.
            write_generation(db, folder, model, kind, reuse=Reuse.NOTHING)
    drop_old_generations(db, folder, kept=1)  # the one before holds the purged vectors
    failpoint("purge.index-rewritten")
    # Deleted rows can be read on free pages until now. The new pages go through the log, so that is emptied last.
    db.conn.execute("VACUUM")
    failpoint("purge.vacuumed")
    if not checkpoint(db):
        return False
    with writing(db, "purge.finish"):
        db.execute("DELETE FROM settings WHERE key = ?", [_UNFINISHED])
    return True
