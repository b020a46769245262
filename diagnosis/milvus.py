"""The library, where it is in Milvus: whether that answers, and what it holds."""

from __future__ import annotations

from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from wherein.diagnosis.check import Check
from wherein.diagnosis.library import missing_model
from wherein.errors import UsageError

if TYPE_CHECKING:
    from wherein.storage.store.store import Store

__all__ = ["folder_of", "milvus_library"]


def milvus_library(text: str) -> Check:
    """Look at the library at an address of Milvus. Raises UsageError for an address that makes no sense."""
    from wherein.storage.store.milvus.address import parse_address
    from wherein.storage.store.milvus.store import MilvusStore

    address = parse_address(text)
    found = Check("library", address.shown, {"folder": address.shown})  # without a password
    try:
        with closing(MilvusStore(address, patience=0)) as store:
            return _look(store, found)
    except Exception as error:
        return found.with_problem(error)


def _look(store: Store, found: Check) -> Check:
    from wherein.library.models import LibraryModel
    from wherein.storage.catalog.models import StoredModel
    from wherein.storage.disk.counted import counted

    if not any(generation.is_active for generation in store.generations()):
        command = f"wherein --library {store.address} ingest FOLDER"
        return Check("library", f"none in {store.address} yet; create it with: {command}", found.fields)
    model, stats, engine = store.generation.model, store.stats(), store.capabilities().engine
    text = (
        f"{store.address}: {counted(stats.documents, 'document')}, {counted(stats.passages, 'chunk')}, {engine};"
        f" {model.name} at {model.precision}, fingerprint {model.fingerprint}"
    )
    fields = {
        **found.fields, "documents": stats.documents, "chunks": stats.passages, "bytes": stats.bytes,
        "model": model.name, "precision": model.precision, "fingerprint": model.fingerprint, "engine": engine,
    }  # fmt: skip
    checked = Check("library", text, fields)
    stored = StoredModel(0, model.fingerprint, model.name, model.version, model.precision, model.width)
    problem = missing_model(LibraryModel(stored, None))
    return checked.with_problem(problem) if problem else checked


def folder_of(text: str) -> Path | None:
    """Return the folder on this machine that holds the library, None for that of a server or for no address."""
    from wherein.storage.store.milvus.address import parse_address

    with suppress(UsageError):
        path = parse_address(text).path
        return path.parent if path else None
    return None
