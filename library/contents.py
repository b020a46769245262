"""The part of `Library` that shows what it holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from wherein.library import arguments as given
from wherein.library.arguments import Name, checked
from wherein.library.documents import each_document, named_document, removed_documents
from wherein.library.opening import is_library
from wherein.library.readers import CatalogReader
from wherein.storage.catalog.connection import snapshot
from wherein.storage.catalog.documents import ChunkRow, StoredDocument, document_spans, document_text
from wherein.storage.catalog.files import FileRecord, modification_times, problem_files
from wherein.storage.filters.facets import Facets
from wherein.storage.filters.selection import Filter

if TYPE_CHECKING:
    from wherein.library.passages import Passages
    from wherein.library.status import Status
    from wherein.storage.catalog.coverage import Coverage, Covered
    from wherein.storage.catalog.exclusions import Exclusion

__all__ = ["Contents"]


@checked
class Contents:
    """The methods of `Library` that show what it holds; each reads one committed state."""

    folder: Path
    _reader: CatalogReader

    def exists(self) -> bool:
        """Return whether there is a library: the first ingest creates it."""
        return is_library(self.folder)

    def documents(self, *, after: str = "", limit: int | None = None) -> Iterator[StoredDocument]:
        """Yield the documents by URI, those whose URI follows `after`, and at most `limit` of them."""
        return each_document(self._reader, after, limit)

    def document(self, name: Name) -> tuple[StoredDocument, str, list[ChunkRow]]:
        """Return a document, by its URI, path or number, with its text and its chunks."""
        with self._reader.snapshot() as db:
            document = named_document(db, given.text(name))
            return document, document_text(db, document.id), document_spans(db, document.id)

    def passage(self, chunk: int, context: int = 0) -> Passages:
        """Return a passage by its number, `Hit.chunk`, and at most `context` passages before and after it.

        Raises UsageError when there is none: a document that is read again gets new ones.
        """
        from wherein.library.passages import passages_around

        with self._reader.snapshot() as db:
            return passages_around(db, chunk, context)

    def problems(self) -> list[FileRecord]:
        """Return the files that were skipped or failed, or read only in part, when they were last read."""
        with self._reader.snapshot() as db:
            return problem_files(db)

    def removed(self) -> list[Exclusion]:
        """Return what was removed or purged and stays away, by URI."""
        return removed_documents(self._reader)

    def coverage(self, name: Name | None = None) -> Coverage | Covered | None:
        """Return how much of a document, or of all, the model's vocabulary covers; None where it was not measured.

        `name` is the document's URI, path or number.
        """
        from wherein.storage.catalog.coverage import coverage_of, covered

        with self._reader.snapshot() as db:
            return covered(db) if name is None else coverage_of(db, named_document(db, given.text(name)).id)

    def other_uris(self, name: Name) -> list[str]:
        """Return the URIs by which links lead to a document's file, too."""
        from wherein.storage.catalog.file_sources import other_uris

        with self._reader.snapshot() as db:
            return other_uris(db, named_document(db, given.text(name)).id)

    def facets(self, only: Filter | None = None) -> Facets:
        """Return how many documents, of those that pass `only`, have each type, folder, day and value of metadata.

        They are counted once for each filter, until something is committed. Raises UsageError when `only` asks for a
        field that no document has.
        """
        with self._reader.reader() as reader, snapshot(reader.db) as db:
            return reader.facets.count(db, only or Filter())

    def modified(self, documents: Sequence[int]) -> dict[int, datetime]:
        """Return when the files of documents, given by their numbers, were last modified, in UTC.

        For a text without a file, that is when it was ingested last. A document that is gone is left out.
        """
        with self._reader.snapshot() as db:
            return modification_times(db, documents)

    def status(self) -> Status:
        """Return what the library holds, and what is left to do."""
        from wherein.library.status import read_status

        with self._reader.snapshot() as db:
            return read_status(db, self.folder)
