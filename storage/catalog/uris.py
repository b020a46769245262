"""The URIs of documents, for completion in a shell."""

from wherein.storage.catalog.protocol import Catalog

__all__ = ["uris_beginning"]


def uris_beginning(db: Catalog, begin: str, limit: int) -> list[str]:
    """Return at most `limit` URIs of documents that begin so, in their order."""
    # URIs are ASCII, of which DEL is the last and is escaped.
    rows = db.execute(
        "SELECT uri FROM documents WHERE uri >= ? AND uri < ? ORDER BY uri LIMIT ?", [begin, begin + "\x7f", limit]
    )
    return [uri for (uri,) in rows.fetchall()]
