"""What a Milvus can do, by its version."""

from __future__ import annotations

import re

from wherein.storage.index.choices import AUTO, EXACT, HNSW, IVF
from wherein.storage.store.milvus.client import CALL_SECONDS, Connection
from wherein.storage.store.store import Capabilities

__all__ = ["limits_of"]

_BM25_FROM = (2, 5)


def limits_of(connection: Connection) -> Capabilities:
    """Return what the Milvus at the other end can do."""
    is_lite = connection.address.path is not None
    version = connection.call(lambda client: client.get_server_version(timeout=CALL_SECONDS))
    numbers = tuple(map(int, re.findall(r"\d+", str(version))[:2]))
    return Capabilities(
        engine=f"Milvus Lite {version}" if is_lite else f"Milvus {version}",
        index_kinds=(AUTO, EXACT, IVF, HNSW, "ivf_sq8"),
        # Lite takes more of everything, and a library that it takes must fit into a server.
        max_hits=16_384,
        max_text_bytes=65_535,
        max_metadata_bytes=60_000,
        scores_words=is_lite or numbers >= _BM25_FROM,
        is_shared=not is_lite,
        isolates=True,
    )
