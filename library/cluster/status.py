"""What `status` shows of a library in Milvus."""

from __future__ import annotations

import re
from dataclasses import replace

from wherein.library.cluster.copy_reader import CopyReader
from wherein.library.status import Status, read_status
from wherein.storage.index.choices import AUTO, EXACT
from wherein.storage.store.store import Store

__all__ = ["cluster_status"]


def cluster_status(store: Store, reader: CopyReader) -> Status:
    """Return the status of a store: what is listed from the copy of its catalog, what is counted from itself."""
    with reader.snapshot() as db:
        listed = read_status(db, reader.folder)
    generation, stats = store.generation, store.stats()
    digits = re.search(r"\d+$", generation.name)
    return replace(
        listed,
        library=store.address,
        documents=stats.documents,
        chunks=stats.passages,
        vectors=stats.vectors,
        delta=0,
        generation=int(digits.group()) if digits else None,
        bytes=stats.bytes or 0,
        parts={} if stats.bytes is None else {"milvus": stats.bytes},
        stale=0,
        index=EXACT if generation.index == AUTO else generation.index,
    )
