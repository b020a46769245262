"""The `exclusions` table: which documents were removed or purged, and stay away from now on.

An exclusion knows its document by the URI, by the hash of its text, and by the file's content with the record's key. A
purged document stays away for good: whatever is at its URI, and its text and its bytes under any other URI. A removed
one stays away from its own URI, until its text or its file changes. The texts themselves are not kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import NoneType
from typing import TYPE_CHECKING, NamedTuple

from wherein.errors import Damaged
from wherein.storage.catalog.models import now
from wherein.storage.catalog.protocol import Catalog, typed

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = [
    "KINDS",
    "PURGED",
    "PURGED_RECORDS",
    "REMOVED",
    "Candidate",
    "Excluded",
    "Exclusion",
    "count_exclusions",
    "exclude",
    "excludes_any",
    "files_with_exclusions",
    "find_exclusion",
    "follow_content",
    "forget_exclusions_of_file",
    "forget_removal",
    "has_exclusions",
    "is_purged",
    "list_exclusions",
    "move_exclusions",
    "readmit",
    "unreadable_exclusions",
]

KINDS = ("removed", "purged")
PURGED = "purged; to bring it back, ingest the file itself"
PURGED_RECORDS = "without documents that were purged; to bring them back, ingest the file itself"
REMOVED = "removed until its file changes; to bring it back now, ingest the file itself"

# Of the file itself and of its records: "$" follows "#". Not LIKE: `%` and `_` in a URI would match anything.
_OF_FILE = "(uri = :file OR (uri > :file || '#' AND uri < :file || '$'))"
_EMPTY = "uri IS NULL AND (kind = 'removed' OR (text_hash IS NULL AND file_hash IS NULL))"


@dataclass(frozen=True)
class Exclusion:
    """A document that stays away: `kind` is removed or purged; `added_at` is when (UTC)."""

    uri: str
    kind: str
    added_at: str


class Candidate(NamedTuple):
    """A document that a file holds: `file_hash` is that of the file's content, None where there is no file."""

    uri: str
    text_hash: bytes
    file_hash: bytes | None

    @property
    def parameters(self) -> dict[str, str | bytes | None]:
        """The values of a statement's parameters."""
        return {**self._asdict(), "key": _key(self.uri)}


@dataclass(frozen=True)
class Excluded:
    """Why a candidate stays away: `kind` as in `Exclusion`; `by_uri` is False when only its content is purged."""

    kind: str
    by_uri: bool


def exclude(db: Database, document_id: int, uri: str, kind: str) -> None:
    """Exclude a stored document from now on; `kind` is removed or purged. Call inside `writing`."""
    _vacate(db, uri)
    db.execute(
        "INSERT INTO exclusions (uri, kind, key, text_hash, file_hash, added_at)"
        " SELECT d.uri, ?, ?, d.text_hash, f.content_hash, ? FROM documents d LEFT JOIN files f ON f.id = d.file_id"
        " WHERE d.id = ?",
        [kind, _key(uri), now(), document_id],
    )


def find_exclusion(db: Catalog, candidate: Candidate) -> Excluded | None:
    """Return what excludes a document, if anything does."""
    parameters = candidate.parameters
    row = db.execute(
        "SELECT kind FROM exclusions WHERE uri = :uri"
        " AND (kind = 'purged' OR text_hash = :text_hash OR file_hash = :file_hash)",
        parameters,
    ).fetchone()
    if row:
        return Excluded(row[0], True)
    row = db.execute(
        "SELECT 1 FROM exclusions WHERE kind = 'purged' AND text_hash = :text_hash UNION ALL"
        " SELECT 1 FROM exclusions WHERE kind = 'purged' AND file_hash = :file_hash AND key = :key LIMIT 1",
        parameters,
    ).fetchone()
    return Excluded("purged", False) if row else None


def excludes_any(db: Catalog) -> bool:
    """Whether anything is excluded at all."""
    return db.execute("SELECT 1 FROM exclusions LIMIT 1").fetchone() is not None


def is_purged(db: Catalog, uri: str) -> bool:
    """Whether the document at `uri` was purged."""
    return db.execute("SELECT 1 FROM exclusions WHERE uri = ? AND kind = 'purged'", [uri]).fetchone() is not None


def has_exclusions(db: Catalog, file: str) -> bool:
    """Whether the file at this URI, or a record of it, is excluded."""
    return db.execute(f"SELECT 1 FROM exclusions WHERE {_OF_FILE} LIMIT 1", {"file": file}).fetchone() is not None


def files_with_exclusions(db: Catalog, file_hash: bytes) -> list[str]:
    """Return the URIs of files with this content and an exclusion; the files may be gone."""
    rows = db.execute(
        "SELECT uri FROM files f WHERE content_hash = :hash AND EXISTS (SELECT 1 FROM exclusions e"
        " WHERE e.uri = f.uri OR (e.uri > f.uri || '#' AND e.uri < f.uri || '$')) UNION ALL"
        " SELECT uri FROM exclusions WHERE file_hash = :hash AND uri IS NOT NULL",
        {"hash": file_hash},
    )
    return list(dict.fromkeys(uri.partition("#")[0] for (uri,) in rows.fetchall()))


def move_exclusions(db: Database, file: str, target: str) -> None:
    """Let the exclusions of a file, which was renamed to the URI `target`, follow it. Call inside `writing`."""
    rows = db.execute(f"SELECT id, uri FROM exclusions WHERE {_OF_FILE}", {"file": file}).fetchall()
    for number, uri in rows:
        moved = target + uri.removeprefix(file)
        if is_purged(db, moved):  # it stays as it is, and this one excludes its content only
            db.execute("UPDATE exclusions SET uri = NULL WHERE id = ?", [number])
        else:
            _vacate(db, moved)
            db.execute("UPDATE exclusions SET uri = ? WHERE id = ?", [moved, number])
    _drop_empty(db)


def forget_removal(db: Database, uri: str) -> None:
    """Forget that a document was removed: another is at its URI now. Call inside `writing`."""
    db.execute("DELETE FROM exclusions WHERE uri = ? AND kind = 'removed'", [uri])


def follow_content(db: Database, candidate: Candidate) -> None:
    """Let a removal apply to the text and the file's bytes that are at its URI now. Call inside `writing`."""
    db.execute(
        "UPDATE exclusions SET text_hash = :text_hash, file_hash = :file_hash WHERE uri = :uri AND kind = 'removed'",
        candidate.parameters,
    )


def readmit(db: Database, candidate: Candidate) -> None:
    """Let a document back in that the user named: its URI, and its content under any other. Call inside `writing`.

    A purged text that is no longer at its URI stays excluded.
    """
    values = candidate.parameters
    db.execute(
        "UPDATE exclusions SET file_hash = NULL WHERE kind = 'purged' AND file_hash = :file_hash AND key = :key", values
    )
    db.execute(
        "UPDATE exclusions SET text_hash = NULL, file_hash = NULL WHERE kind = 'purged' AND text_hash = :text_hash",
        values,
    )
    _vacate(db, candidate.uri)


def forget_exclusions_of_file(db: Database, file: str) -> None:
    """Let everything back in that may be at the URI of a file or of its records. Call inside `writing`.

    A purged text stays excluded.
    """
    db.execute(f"UPDATE exclusions SET uri = NULL WHERE {_OF_FILE}", {"file": file})
    _drop_empty(db)


def list_exclusions(db: Catalog) -> list[Exclusion]:
    """Return what stays away, in the order of the URIs."""
    rows = db.execute("SELECT uri, kind, added_at FROM exclusions WHERE uri IS NOT NULL ORDER BY uri").fetchall()
    return [Exclusion(*typed("exclusions", row, str, str, str)) for row in rows]


def count_exclusions(db: Catalog) -> int:
    """Return how many documents stay away."""
    (count,) = db.execute("SELECT count(*) FROM exclusions WHERE uri IS NOT NULL").fetchone()
    return int(count)


def unreadable_exclusions(db: Catalog) -> Iterator[tuple[int, str]]:
    """Yield id and URI of each row that is not one that was stored."""
    for number, uri, kind, *rest in db.execute(
        "SELECT id, uri, kind, key, text_hash, file_hash, added_at FROM exclusions ORDER BY id"
    ):
        try:
            hashes = (bytes, NoneType)
            typed("exclusions", (uri, kind, *rest), (str, NoneType), str, str, hashes, hashes, str)
        except Damaged:
            yield int(number), str(uri)
        else:
            if kind not in KINDS:
                yield int(number), str(uri)


def _vacate(db: Database, uri: str) -> None:
    """Take its URI from the exclusion that has it; of a purged document the content stays excluded."""
    db.execute("UPDATE exclusions SET uri = NULL WHERE uri = ?", [uri])
    _drop_empty(db)


def _drop_empty(db: Database) -> None:
    db.execute(f"DELETE FROM exclusions WHERE {_EMPTY}")


def _key(uri: str) -> str:
    """Return a record's key as the URI has it, "" for a file that is one document."""
    return uri.partition("#")[2]
