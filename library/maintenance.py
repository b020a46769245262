"""Looking for damage in a library, its model and its sources, and repairing it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from wherein.embed.encoder import Encoder
from wherein.embed.model import fingerprint, read_checked
from wherein.embed.runtime import damaged_blobs
from wherein.errors import Damaged, ModelMismatch
from wherein.ingest.changes.unchanged import changed_unseen
from wherein.library.models import LibraryModel, ModelChoice, library_model, proof_of
from wherein.library.opening import require_library
from wherein.library.readers import CatalogReader
from wherein.storage.catalog.file_sources import sources_of_file
from wherein.storage.catalog.files import read_files
from wherein.storage.catalog.reading import AS_USUAL
from wherein.storage.catalog.sources import list_sources
from wherein.storage.catalog.sqlite_errors import translating_errors
from wherein.storage.disk.lock import writer_lock
from wherein.storage.repair.findings import Finding, Repair, Verification
from wherein.storage.repair.repair import repair
from wherein.storage.repair.verify import verify
from wherein.uri import file_path

if TYPE_CHECKING:
    from wherein.storage.repair.deep_check import Proof

__all__ = ["check_compiled", "repair_library", "verify_library"]


def verify_library(reader: CatalogReader, folder: Path, choice: ModelChoice, *, deep: bool = False) -> Verification:
    """Look for damage in the library's files, its model and its compiled graphs, and if `deep` in its sources."""
    require_library(folder)
    library = None
    # A damaged catalog is reported by `verify` below.
    with suppress(Damaged), reader.snapshot() as db:
        library = library_model(db)
    proof = _proof(library, choice) if deep and library else None
    found = verify(folder, deep=deep, proof=proof)
    more = [*_check_model(library, choice), *check_compiled(choice.cache), *(_check_sources(reader) if deep else ())]
    return replace(found, findings=(*found.findings, *more))


def repair_library(folder: Path, *, wait: bool = False) -> Repair:
    """Repair the library's files; what is left of the damage is not looked for. Needs no model."""
    require_library(folder)
    # Not `open_for_writing`: the catalog may be too damaged to be opened.
    with translating_errors(), writer_lock(folder, wait):
        return repair(folder, lambda uri: os.path.lexists(file_path(uri) or ""))


def _proof(library: LibraryModel, choice: ModelChoice) -> Proof | None:
    try:
        return proof_of(choice.encoder_of(library))
    except (Damaged, ModelMismatch):  # reported by `_check_model`
        return None


def _check_model(library: LibraryModel | None, choice: ModelChoice) -> Iterator[Finding]:
    try:
        model = choice.model_for(library)
        if choice.encoder is None or isinstance(choice.encoder, Encoder):  # what stands in for one has no files
            for name in model.sha256:
                read_checked(model, name)
    except Damaged as error:
        reason = str(error).rpartition("; ")[0]  # without the remedy, which a finding has in a field of its own
        yield Finding("model", str(choice.folder_of(library)), reason, "install the model again")
        return
    if library and fingerprint(model, library.stored.precision) != library.stored.fingerprint:
        stored = library.stored
        reason = f"it is not the model that the library was made with ({stored.name} {stored.fingerprint})"
        remedy = f"install that model, or switch models with: wherein reindex --model {model.name}"
        yield Finding("model", str(model.folder), reason, remedy)


def check_compiled(cache: Path | None) -> Iterator[Finding]:
    """Yield a finding for each damaged compiled graph in the folder `cache`."""
    for path in damaged_blobs(cache) if cache else ():
        yield Finding("compiled model", str(path), "it is damaged", "nothing to do: it is compiled again", True)


def _check_sources(reader: CatalogReader) -> Iterator[Finding]:
    # Damage to the catalog itself has been reported by `verify`.
    with suppress(Damaged), reader.snapshot() as db:
        readings = {source.id: source.reading for source in list_sources(db)}
        for record in read_files(db):
            chosen = {readings.get(number, AS_USUAL) for number in sources_of_file(db, record.id)} or {AS_USUAL}
            if any(changed_unseen(record, reading) for reading in chosen):
                yield Finding("source", record.uri, "its content has changed, but its size and times have not",
                              "check it, touch it, and run: wherein reindex")  # fmt: skip
