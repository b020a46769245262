"""Writing an export: one state of a library, completed beside its target, then renamed to it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from pathlib import Path

from wherein.errors import Damaged, WhereinError
from wherein.storage.backup.archive import size_of
from wherein.storage.backup.staging import check_free_folder, clear, printable_path, staging, translating_file_errors
from wherein.storage.catalog.models import now
from wherein.storage.disk.batched import batched
from wherein.storage.disk.failpoints import failpoint
from wherein.storage.disk.rename import publish_folder
from wherein.storage.export.arrow import require_arrow
from wherein.storage.export.journal import is_journal
from wherein.storage.export.manifest import DOCUMENTS, MANIFEST, PASSAGES, RECORDS, Manifest, encode_manifest
from wherein.storage.export.table_file import TableFile
from wherein.storage.export.tables import document_row, passage_rows, record_row
from wherein.storage.store.local.store import LocalStore
from wherein.storage.store.records import KINDS
from wherein.storage.store.store import Generation, Store

__all__ = ["Export", "Report", "active_generation", "write_export"]

Report = Callable[[str], None]
"""Is called with a phrase for each step."""

_DOCUMENTS = 200


@dataclass(frozen=True)
class Export:
    """An export that was written: numbers of rows, size in bytes, time in seconds; `identity` as in `Manifest`."""

    place: str
    created_at: str
    documents: int
    passages: int
    records: int
    bytes: int
    identity: str
    seconds: float


def write_export(store: Store, target: Path, version: str, report: Report = lambda _: None) -> Export:
    """Export what a store holds to the new folder `target`; `version` is the program's.

    A local library is exported as of one moment; another store must not be written to meanwhile. Raises UsageError when
    something is at `target`, Damaged when the library is damaged or changes meanwhile, WhereinError when it is empty or
    pyarrow is not installed; there is no export then.
    """
    require_arrow()
    began = time.monotonic()
    target = Path(os.path.realpath(target))
    check_free_folder(target)
    with translating_file_errors(f"The export {printable_path(target)} cannot be written"), staging(target) as stage:
        clear(stage)
        folder = stage / "content"
        folder.mkdir(mode=0o700)
        with store.frozen() if isinstance(store, LocalStore) else nullcontext():
            manifest = _write(store, folder, version, report)
        failpoint("export.written")
        publish_folder(folder, target, "export")
    rows = {name: table.rows for name, table in manifest.tables.items()}
    return Export(
        printable_path(target), manifest.created_at, rows[DOCUMENTS], rows[PASSAGES], rows[RECORDS], size_of(target),
        manifest.identity, round(time.monotonic() - began, 3),
    )  # fmt: skip


def active_generation(store: Store) -> Generation:
    """Return the generation that answers. Raises WhereinError when nothing was ingested yet."""
    for generation in store.generations():
        if generation.is_active:
            return generation
    raise WhereinError("This library is empty; fill it with: wherein ingest FOLDER")


def _write(store: Store, folder: Path, version: str, report: Report) -> Manifest:
    created_at, model = now(), active_generation(store).model
    with ExitStack() as stack:
        files = {
            table: stack.enter_context(TableFile(folder, table, model.width))
            for table in (DOCUMENTS, PASSAGES, RECORDS)
        }
        for kind in KINDS:
            for record in store.records(kind):
                if not is_journal(record):
                    files[RECORDS].add(record_row(record))
        _write_documents(store, files[DOCUMENTS], files[PASSAGES], report)
        tables = {name: file.finish() for name, file in files.items()}
    manifest = Manifest(version, created_at, store.address, model, tables)
    (folder / MANIFEST).write_bytes(encode_manifest(manifest))
    (folder / MANIFEST).chmod(0o600)
    return manifest


def _write_documents(store: Store, documents: TableFile, passages: TableFile, report: Report) -> None:
    total = store.stats().documents
    for entries in batched(store.documents(), _DOCUMENTS):
        versions = {entry.uri: entry.version for entry in entries}
        for document in store.read(list(versions)):
            if versions.pop(document.uri) == document.version:
                documents.add(document_row(document))
                for row, vector in zip(passage_rows(document), document.vectors, strict=True):
                    passages.add(row, vector)
            else:
                raise Damaged(f"{document.uri} has changed; export the library while nothing writes to it")
        if versions:
            raise Damaged(f"{min(versions)} was removed; export the library while nothing writes to it")
        report(f"exporting: {documents.rows:,} of {total:,} documents")
