"""Which sources cover which file (`file_sources`), and the other paths of what a source covers (`aliases`).

A file belongs to each source that covers it. One that no source covers any more stays, unfollowed, until it is removed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from wherein.storage.catalog.protocol import Catalog
from wherein.storage.disk.batched import batched

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = [
    "aliases_of_source", "each_file_of_source", "files_below", "files_of_source", "follow_file", "move_to_source",
    "other_uris", "save_aliases", "sources_of_file", "unfollow_files", "unfollowed_files",
]  # fmt: skip

_BATCH_SIZE = 500  # parameters of one statement; SQLite allows 999 in every build
_OTHER_URIS = (
    "SELECT DISTINCT a.uri || substr(f.uri, length(a.target) + 1) FROM documents d JOIN files f ON f.id = d.file_id"
    " JOIN file_sources s ON s.file_id = f.id JOIN aliases a ON a.source_id = s.source_id WHERE d.id = ?"
    " AND (f.uri = a.target OR substr(f.uri, 1, length(a.target) + 1) = a.target || '/') ORDER BY 1"
)


def files_of_source(db: Catalog, source_id: int) -> dict[str, int]:
    """Return the id of each file that the source covers by its URI, in the order of the URIs."""
    rows = db.execute(
        "SELECT uri, files.id FROM file_sources s JOIN files ON files.id = file_id WHERE source_id = ? ORDER BY uri",
        [source_id],
    )
    return dict(rows.fetchall())


def each_file_of_source(db: Catalog, source_id: int) -> Iterator[str]:
    """Yield the URI of each file that the source covers, lazily and in no order."""
    statement = "SELECT uri FROM file_sources s JOIN files ON files.id = file_id WHERE source_id = ?"
    for (uri,) in db.execute(statement, [source_id]):
        yield uri


def files_below(db: Catalog, source_id: int, uris: Iterable[str]) -> dict[str, int]:
    """Return the id, by its URI, of each file that the source covers at one of these URIs, or in that folder."""
    found: dict[str, int] = {}
    for uri in uris:
        # `0` is the character after the slash.
        rows = db.execute(
            "SELECT uri, id FROM files WHERE (uri = ? OR (uri > ? || '/' AND uri < ? || '0'))"
            " AND EXISTS (SELECT 1 FROM file_sources s WHERE s.file_id = files.id AND s.source_id = ?)",
            [uri, uri, uri, source_id],
        )
        found |= dict(rows.fetchall())
    return found


def sources_of_file(db: Catalog, file_id: int) -> list[int]:
    """Return the numbers of the sources that cover a file, the oldest first."""
    rows = db.execute("SELECT source_id FROM file_sources WHERE file_id = ? ORDER BY source_id", [file_id])
    return [number for (number,) in rows.fetchall()]


def follow_file(db: Database, uri: str, source_id: int) -> None:
    """Note that the source covers the file at `uri`, if there is a record of it. Call inside `writing`."""
    db.execute(
        "INSERT INTO file_sources (file_id, source_id) SELECT id, ? FROM files WHERE uri = ? ON CONFLICT DO NOTHING",
        [source_id, uri],
    )


def move_to_source(db: Database, file_id: int, source_id: int) -> None:
    """Make this source the only one that covers a file. Call inside `writing`."""
    db.execute("DELETE FROM file_sources WHERE file_id = ? AND source_id <> ?", [file_id, source_id])
    db.execute(
        "INSERT INTO file_sources (file_id, source_id) VALUES (?, ?) ON CONFLICT DO NOTHING", [file_id, source_id]
    )


def unfollow_files(db: Database, source_id: int, file_ids: Iterable[int]) -> None:
    """Note that the source covers these files no longer. Call inside `writing`."""
    for batch in batched(file_ids, _BATCH_SIZE):
        marks = ", ".join("?" * len(batch))
        db.execute(f"DELETE FROM file_sources WHERE source_id = ? AND file_id IN ({marks})", [source_id, *batch])


def unfollowed_files(db: Catalog) -> dict[str, int]:
    """Return the id of each file that no source covers, by its URI."""
    rows = db.execute("SELECT uri, id FROM files WHERE id NOT IN (SELECT file_id FROM file_sources) ORDER BY uri")
    return dict(rows.fetchall())


def aliases_of_source(db: Catalog, source_id: int) -> dict[str, str]:
    """Return by URI the other paths of what the source covers, each with the URI of the file or folder it leads to."""
    return dict(db.execute("SELECT uri, target FROM aliases WHERE source_id = ?", [source_id]).fetchall())


def save_aliases(db: Database, source_id: int, aliases: Mapping[str, str]) -> None:
    """Replace the other paths of what the source covers. Call inside `writing`."""
    db.execute("DELETE FROM aliases WHERE source_id = ?", [source_id])
    for uri, target in aliases.items():
        db.execute("INSERT INTO aliases (source_id, uri, target) VALUES (?, ?, ?)", [source_id, uri, target])


def other_uris(db: Catalog, document_id: int) -> list[str]:
    """Return the other URIs under which the sources find the file of a document: through links."""
    return [uri for (uri,) in db.execute(_OTHER_URIS, [document_id]).fetchall()]
