"""The library, where it is in Milvus: whether that answers, and what it is."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from wherein.diagnosis.check import Check

__all__ = ["folders_of", "milvus_library"]


def milvus_library(address: str) -> Check:
    """Look at the library at an address of Milvus. Raises WhereinError when it does not answer."""
    from wherein.storage.disk.counted import counted
    from wherein.storage.store.milvus.address import parse_address
    from wherein.storage.store.milvus.store import MilvusStore

    with closing(MilvusStore(parse_address(address), patience=0)) as store:
        shown, fields = store.address, {"folder": store.address}
        if not store.generations():
            return Check("library", f"none at {shown} yet; create it with: wherein ingest FOLDER", fields)
        model, stats, engine = store.generation.model, store.stats(), store.capabilities().engine
    found = {
        **fields, "documents": stats.documents, "chunks": stats.passages, "model": model.name,
        "precision": model.precision, "fingerprint": model.fingerprint, "engine": engine,
    }  # fmt: skip
    text = (
        f"{shown}: {counted(stats.documents, 'document')}, {counted(stats.passages, 'chunk')}, {engine};"
        f" {model.name} at {model.precision}, fingerprint {model.fingerprint}"
    )
    return Check("library", text, found)


def folders_of(address: str) -> dict[str, Path]:
    """Return the folder on this machine that holds the library, none for that of a server."""
    from wherein.storage.store.milvus.address import parse_address

    path = parse_address(address).path
    return {} if path is None else {"library": path}
