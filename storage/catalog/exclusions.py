"""The `exclusions` table: what was purged and must not return with the next run over its source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wherein.storage.catalog.models import now
from wherein.storage.catalog.protocol import Catalog

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["exclude", "excluded", "include"]


def exclude(db: Database, uri: str) -> None:
    """Exclude the file or record at `uri` from now on. Call inside `writing`."""
    db.execute("INSERT INTO exclusions (uri, added_at) VALUES (?, ?) ON CONFLICT (uri) DO NOTHING", [uri, now()])


def include(db: Database, uri: str) -> None:
    """Stop excluding the file at `uri`, and its records. Call inside `writing`."""
    # Not LIKE: `%` and `_` in a URI would match anything.
    db.execute("DELETE FROM exclusions WHERE uri = ? OR substr(uri, 1, ?) = ?", [uri, len(uri) + 1, f"{uri}#"])


def excluded(db: Catalog) -> frozenset[str]:
    """Return all excluded URIs."""
    return frozenset(uri for (uri,) in db.execute("SELECT uri FROM exclusions").fetchall())
