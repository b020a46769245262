"""Filling a store from an export, in steps that a run after a crash continues, and proving it before it answers."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from wherein.errors import UsageError, WhereinError
from wherein.storage.backup.staging import check_free_folder, clear, printable_path, staging, translating_file_errors
from wherein.storage.disk.batched import batched
from wherein.storage.disk.failpoints import failpoint
from wherein.storage.disk.rename import publish_folder
from wherein.storage.export.export import Report
from wherein.storage.export.journal import FileJournal, Journal, RecordJournal, is_journal
from wherein.storage.export.manifest import DOCUMENTS, MANIFEST, encode_manifest
from wherein.storage.export.package import Package
from wherein.storage.export.proof import prove
from wherein.storage.store.document import Record, grouped
from wherein.storage.store.records import KINDS
from wherein.storage.store.store import Generation, Store

__all__ = ["Filling", "fill_folder", "fill_store"]

_PASSAGES, _DOCUMENTS = 2_000, 500
_FLUSH_SECONDS = 60.0  # a server allows one flush of a collection in ten seconds


@dataclass(frozen=True)
class Filling:
    """A library that was filled: the share of the nearest passages that it finds; `resumed` when a run had begun it."""

    overlap: float
    resumed: bool


def fill_folder(package: Package, library: Path, open_store: Callable[[Path], Store], report: Report) -> Filling:
    """Fill a new library at the path `library` from an export: beside it, and renamed to it when that is proved.

    `open_store` opens a folder as a store. Raises UsageError when something is at the path, LibraryBusy while another
    process fills it, and what `fill_store` raises; nothing has the final name then.
    """
    library = Path(os.path.realpath(library))
    check_free_folder(library)
    what = f"The library {printable_path(library)} cannot be created"
    with translating_file_errors(what), staging(library, resumable=True) as stage:
        journal, new = FileJournal(stage / "journal"), stage / "library"
        known = stage / MANIFEST
        if not known.exists() or known.read_bytes() != encode_manifest(package.manifest):
            clear(stage)
            known.write_bytes(encode_manifest(package.manifest))
        with closing(open_store(new)) as store:
            filling = _fill(package, store, journal, "auto", report)
        publish_folder(new, library, "import")
    return filling


def fill_store(package: Package, store: Store, index: str, report: Report) -> Filling:
    """Fill an empty store that others may see from an export: a new generation, published when it is proved.

    A run that was interrupted is resumed. Raises UsageError when the store holds something else, WhereinError when it
    cannot hold a document, Refused when it does not hold what the export does; nothing is published then.
    """
    return _fill(package, store, RecordJournal(store), index, report)


def _fill(package: Package, store: Store, journal: Journal, index: str, report: Report) -> Filling:
    generation = _begun(package, store, journal)
    resumed = generation is not None
    if generation is None:
        generation = _begin(package, store, journal, index)
    target, isolated = store.at(generation), store.capabilities().isolates
    _write_documents(package, target, report)
    if not isolated:  # nobody else sees it: its own index can be proved
        report("building the index")
        store.publish_generation(generation)
    report("comparing")
    overlap = prove(package, target)
    failpoint("import.proved")
    if isolated:
        store.publish_generation(generation)
        failpoint("import.published")
        _drop_others(store, generation)
    journal.clear()
    return Filling(overlap, resumed)


def _begun(package: Package, store: Store, journal: Journal) -> Generation | None:
    """Return the generation that a run with this export has begun to fill."""
    identity, name = journal.read() or ("", "")
    if identity != package.manifest.identity:
        return None
    isolated = store.capabilities().isolates
    found = (one for one in store.generations() if (one.name == name if isolated else one.is_active))
    return next(found, None)


def _begin(package: Package, store: Store, journal: Journal, index: str) -> Generation:
    generations, model = store.generations(), package.manifest.model
    if generations and store.stats().documents:
        raise UsageError(f"There is already a library at {store.address}; choose another name")
    for left in generations:
        if not left.is_active:  # what a run with another export, or one that was killed, has left
            store.drop_generation(left)
    if not generations and store.capabilities().isolates:
        store.begin_generation(model, index)  # the first one answers at once: let that be an empty one
    generation = store.begin_generation(model, index)
    journal.write(package.manifest.identity, generation.name)
    return generation


def _write_documents(package: Package, target: Store, report: Report) -> None:
    _write_records(package, target)
    # Documents come in the order of their keys, so that those that are stored are the first ones; the last batch may
    # have been interrupted.
    done = max(0, target.stats().documents - _DOCUMENTS)
    total, flushed = package.manifest.tables[DOCUMENTS].rows, monotonic()
    for documents in grouped(package.documents(done), _DOCUMENTS, _PASSAGES):
        written = target.upsert(documents)
        if written.rejected:
            uri, reason = next(iter(written.rejected.items()))
            raise WhereinError(f"{target.address} cannot hold {uri}: {reason}; nothing was published")
        done += len(documents)
        if done == total or monotonic() > flushed + _FLUSH_SECONDS:
            target.checkpoint()
            flushed = monotonic()
        failpoint("import.step")
        report(f"importing: {done:,} of {total:,} documents")


def _write_records(package: Package, target: Store) -> None:
    """Store the records, in place of what a new library has: those of sources before those of their files."""
    by_kind: dict[str, list[Record]] = {kind: [] for kind in KINDS}
    for record in package.records():
        by_kind[record.kind].append(record)
    for kind, records in by_kind.items():
        names = {record.name for record in records}
        own = [record for record in target.records(kind) if not is_journal(record)]
        target.delete_records(kind, [record.name for record in own if record.name not in names])
        for batch in batched(records, _PASSAGES):
            target.put_records(batch)


def _drop_others(store: Store, published: Generation) -> None:
    for other in store.generations():
        if other.name != published.name:
            store.drop_generation(other)
