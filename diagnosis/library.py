"""The library: whether it can be opened and its indexes are there. Damage inside is looked for by `wherein verify`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from wherein.diagnosis.check import Check
from wherein.errors import Damaged, LibraryBusy, ModelMismatch, Outdated, UsageError

if TYPE_CHECKING:
    from wherein.library.models import LibraryModel
    from wherein.storage.catalog.protocol import Catalog

__all__ = ["library", "missing_model"]

_DEEPER = "wherein verify looks for damage inside"


def library(folder: Path) -> Check:
    """Look at the library in `folder`, also where it cannot be written; nothing is migrated."""
    from wherein.library.opening import is_library
    from wherein.storage.catalog.connection import open_reader, snapshot

    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file, and a library is a folder; name another with --library")
    if not is_library(folder):
        return Check("library", f"none in {folder} yet; create it with: wherein ingest FOLDER", {"folder": str(folder)})
    found = Check("library", str(folder), {"folder": str(folder)}, tuple(_notes(folder)))
    try:
        with closing(open_reader(folder)) as db, snapshot(db):
            return _look(db, folder, found)
    except (Outdated, LibraryBusy) as error:  # neither is damage
        return Check("library", found.text, found.fields, (*found.notes, str(error)))
    except Exception as error:
        return found.with_problem(error)


def _look(db: Catalog, folder: Path, found: Check) -> Check:
    from wherein.storage.catalog.documents import count_chunks, count_documents
    from wherein.storage.catalog.files import problem_files
    from wherein.storage.catalog.models import bound_model
    from wherein.storage.catalog.reindex_runs import last_run
    from wherein.storage.catalog.schema import schema_of
    from wherein.storage.catalog.sources import list_sources
    from wherein.storage.cleanup.disk_usage import disk_use
    from wherein.storage.cleanup.purge import purge_is_unfinished
    from wherein.storage.disk.counted import counted

    model, night = bound_model(db), last_run(db)
    documents, chunks, problems = count_documents(db), count_chunks(db), len(problem_files(db))
    size, schema = sum(disk_use(folder).values()), schema_of(db)
    fields = {
        **found.fields, "schema": schema, "documents": documents, "chunks": chunks, "problems": problems,
        "sources": len(list_sources(db)), "bytes": size,
        "model": model.name if model else "", "precision": model.precision if model else "",
        "fingerprint": model.fingerprint if model else "", "last_reindex": night.outcome if night else "",
    }  # fmt: skip
    bound = f"; {model.name} at {model.precision}, fingerprint {model.fingerprint}" if model else "; no model yet"
    text = (
        f"{folder}: {counted(documents, 'document')}, {counted(chunks, 'chunk')}, {counted(problems, 'problem')},"
        f" {size / 1e6:,.1f} MB, schema {schema}{bound}"
    )
    notes = [*found.notes, *(["a purge is unfinished; the next writer finishes it"] if purge_is_unfinished(db) else [])]
    if night and night.outcome in ("failed", "refused"):
        notes.append(f"the last reindex: {night.outcome}; see: wherein status")
    checked = Check("library", text, fields, (*notes, _DEEPER))
    problem = next(_problems(db, folder), None)
    return checked.with_problem(problem) if problem else checked


def _problems(db: Catalog, folder: Path) -> Iterator[Exception]:
    """Yield the problems that can be found without reading all of a file, the worst first."""
    from wherein.library.models import library_model
    from wherein.storage.index.generation_files import check_layout
    from wherein.storage.index.generations import KINDS, active_generation

    for kind in KINDS:
        generation = active_generation(db, kind)
        try:
            if generation:
                check_layout(folder, generation)
        except (OSError, ValueError, Damaged) as error:
            reason = getattr(error, "strerror", None) or str(error)
            yield Damaged(f"The index of {kind} is damaged: {reason}; run: wherein repair")
    if (bound := library_model(db)) and (missing := missing_model(bound)):
        yield missing


def missing_model(bound: LibraryModel) -> ModelMismatch | None:
    """Return the problem of a library whose model is not installed as it was, None where it is."""
    from wherein.embed.model import fingerprint

    stored, model = bound.stored, bound.installed
    if fingerprint(model, stored.precision) == stored.fingerprint:
        return None
    return ModelMismatch(
        f"The model of this library, {stored.name} {stored.fingerprint}, is not installed; install it again, or"
        f" switch models with: wherein reindex --model {model.name}"
    )


def _notes(folder: Path) -> Iterator[str]:
    from wherein.storage.disk.filesystem import file_system, is_network
    from wherein.storage.disk.lock import writer_of
    from wherein.storage.repair.quarantine import QUARANTINE

    kind = file_system(folder)
    if is_network(kind):
        yield f"it is on a network file system ({kind}), where it can be read but not written"
    elif not os.access(folder, os.W_OK):
        yield "it cannot be written from here; questions are answered"
    if writer := writer_of(folder):
        yield f"{writer} is writing to it"
    if (folder / QUARANTINE).is_dir():
        yield f"a repair has quarantined damaged data in {folder / QUARANTINE}"
