"""One Parquet file of an export, written row by row in portions of a bounded size."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import numpy as np

from wherein.errors import Damaged
from wherein.storage.catalog.vectors import Matrix
from wherein.storage.disk.failpoints import failpoint
from wherein.storage.disk.file_entry import file_entry
from wherein.storage.disk.fsync import fsync
from wherein.storage.export.arrow import require_arrow
from wherein.storage.export.manifest import PASSAGES, ExportedTable
from wherein.storage.export.tables import VECTOR, schema_of_table

__all__ = ["TableFile"]

_ROWS = 10_000
_CHARACTERS = 16 << 20


class TableFile:
    """A file that is being written. It is the same for the same rows in the same order."""

    def __init__(self, folder: Path, table: str, width: int) -> None:
        from pyarrow.parquet import ParquetWriter

        self.rows = 0
        self._path = folder / f"{table}.parquet"
        self._path.touch(0o600)
        self._schema = schema_of_table(table, width)
        # Most numbers were stored as float16, so that the last 13 bits are zero: bytes of equal significance compress
        # well together.
        split = {f"{VECTOR}.list.element": "BYTE_STREAM_SPLIT"} if table == PASSAGES else None
        self._writer = ParquetWriter(
            self._path, self._schema, compression="zstd", use_dictionary=False, column_encoding=split
        )
        self._portion: list[dict[str, Any]] = []
        self._vectors: list[Matrix] = []
        self._characters = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.close()

    def add(self, row: dict[str, Any], vector: Matrix | None = None) -> None:
        """Add a row; of the passages with its vector `[width]`."""
        self._portion.append(row)
        if vector is not None:
            self._vectors.append(vector)
        self._characters += len(row.get("text", "")) + len(row.get("value", ""))
        if len(self._portion) >= _ROWS or self._characters >= _CHARACTERS:
            self._write()

    def finish(self) -> ExportedTable:
        """Write what is left, flush it, read it back, and return what describes the file."""
        from pyarrow.parquet import ParquetFile

        self._write()
        self._writer.close()
        fsync(self._path)
        entry = file_entry(self._path)
        with ParquetFile(self._path) as written:
            if written.metadata.num_rows != self.rows:
                raise Damaged(f"What was written to {self._path} is not what was exported; check the disk")
        return ExportedTable(self.rows, entry.size, entry.sha256)

    def _write(self) -> None:
        if not self._portion:
            return
        arrow = require_arrow()
        try:
            arrays = [self._array(field) for field in self._schema]
        except (arrow.ArrowInvalid, arrow.ArrowTypeError) as error:  # a flipped bit can turn a text into a blob
            raise Damaged(f"The catalog is damaged ({error}); run: wherein verify") from error
        self._writer.write_batch(arrow.RecordBatch.from_arrays(arrays, schema=self._schema))
        self.rows += len(self._portion)
        self._portion, self._vectors, self._characters = [], [], 0
        failpoint("export.portion")

    def _array(self, field: Any) -> Any:
        arrow = require_arrow()
        if field.name != VECTOR:
            return arrow.array([row[field.name] for row in self._portion], field.type)
        flat = np.concatenate(self._vectors, dtype=np.float32)
        return arrow.FixedSizeListArray.from_arrays(arrow.array(flat), type=field.type)
