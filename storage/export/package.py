"""Reading an export: checked against its manifest, then document by document."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from wherein.errors import Damaged, UsageError
from wherein.storage.catalog.vectors import Matrix
from wherein.storage.disk.file_entry import file_entry
from wherein.storage.export.arrow import require_arrow
from wherein.storage.export.manifest import DOCUMENTS, MANIFEST, PASSAGES, RECORDS, Manifest, decode_manifest
from wherein.storage.export.tables import VECTOR, document_of, record_of
from wherein.storage.store.document import EmbeddedDocument, Record

__all__ = ["Package", "open_package"]

_ROWS = 2_000


@dataclass(frozen=True)
class Package:
    """An export in a folder."""

    folder: Path
    manifest: Manifest

    def documents(self, skipped: int = 0) -> Iterator[EmbeddedDocument]:
        """Yield the documents after the first `skipped`, in the order of their keys."""
        before = sum(count for count in islice(self._counts(), skipped))
        passages = self._passages(before)
        for row in self._rows(DOCUMENTS, skipped):
            own = list(islice(passages, row["passages"]))
            if len(own) != row["passages"] or any(passage["document"] != row["key"] for passage, _ in own):
                raise Damaged(f"The export {self.folder} is damaged: passages of {row['uri']} are missing")
            yield document_of(row, [passage for passage, _ in own], [vector for _, vector in own])

    def records(self) -> Iterator[Record]:
        """Yield the records by kind and name."""
        return map(record_of, self._rows(RECORDS))

    def vectors(self) -> Iterator[Matrix]:
        """Yield the vectors `[n, width]` of the passages, in their order."""
        for batch in self._batches(PASSAGES, 0, [VECTOR]):
            yield _matrix(batch.column(VECTOR), self.manifest.model.width)

    def _counts(self) -> Iterator[int]:
        for batch in self._batches(DOCUMENTS, 0, ["passages"]):
            yield from batch.column("passages").to_pylist()

    def _rows(self, table: str, skipped: int = 0) -> Iterator[dict[str, Any]]:
        for batch in self._batches(table, skipped):
            yield from batch.to_pylist()

    def _passages(self, skipped: int) -> Iterator[tuple[dict[str, Any], Matrix]]:
        for batch in self._batches(PASSAGES, skipped):
            vectors = _matrix(batch.column(VECTOR), self.manifest.model.width)
            yield from zip(batch.drop_columns([VECTOR]).to_pylist(), vectors, strict=True)

    def _batches(self, table: str, skipped: int, columns: list[str] | None = None) -> Iterator[Any]:
        """Yield `pyarrow.RecordBatch`es of at most `_ROWS` rows."""
        from pyarrow.parquet import ParquetFile

        with ParquetFile(self.folder / f"{table}.parquet") as file:
            for group in range(file.metadata.num_row_groups):
                rows = file.metadata.row_group(group).num_rows
                if rows > skipped:
                    yield from file.read_row_group(group, columns).slice(skipped).to_batches(_ROWS)
                skipped = max(0, skipped - rows)


def open_package(folder: Path) -> Package:
    """Open an export after checking that its files are what was written.

    Raises UsageError when it is none, Damaged when a file is missing or not what its manifest says, WhereinError when a
    newer Wherein wrote it or pyarrow is not installed.
    """
    require_arrow()
    try:
        manifest = decode_manifest((folder / MANIFEST).read_bytes())
    except (FileNotFoundError, NotADirectoryError) as error:
        raise UsageError(f"{folder} is not an export, which is a folder with an {MANIFEST}") from error
    except Damaged as error:
        raise Damaged(f"The export {folder} is damaged: {error}") from error
    for name in manifest.tables:
        _check(folder, name, manifest)
    return Package(folder, manifest)


def _check(folder: Path, name: str, manifest: Manifest) -> None:
    table, file = manifest.tables[name], f"{name}.parquet"
    try:
        entry = file_entry(folder / file)
    except FileNotFoundError as error:
        raise Damaged(f"The export {folder} is damaged: {file} is missing") from error
    if (entry.size, entry.sha256) != (table.size, table.sha256):
        raise Damaged(f"The export {folder} is damaged: {file} is not what was written")


def _matrix(column: Any, width: int) -> Matrix:
    flat: Matrix = column.flatten().to_numpy(zero_copy_only=False)
    return flat.reshape(-1, width)
