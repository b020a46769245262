"""The changes of a copied catalog: triggers note which documents and records every transaction has touched."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.store.records import RECORD_NAMES

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["Changes", "keep_journal", "read_journal"]

_TABLE = "CREATE TABLE journal (id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, name TEXT NOT NULL)"
_NOTE = "INSERT INTO journal (kind, name) SELECT '{kind}', {name} WHERE {name} IS NOT NULL"
_MOVED = "INSERT INTO journal (kind, name) VALUES ('moved', OLD.uri || char(10) || NEW.uri)"
_FILE = "(SELECT uri FROM files WHERE id = {row}.file_id)"
_ROWS = {"INSERT": ("NEW",), "UPDATE": ("OLD", "NEW"), "DELETE": ("OLD",)}


@dataclass
class Changes:
    """What has changed up to the entry `last`: names by kind, and documents that were given another URI."""

    last: int
    names: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    moved: dict[str, str] = field(default_factory=dict)

    @property
    def documents(self) -> set[str]:
        """The URIs of documents that were written or deleted."""
        return self.names["document"]


def keep_journal(db: Database) -> None:
    """Note all changes from now on."""
    with writing(db, "copy.journal"):
        db.execute(_TABLE)
        for statement in _triggers():
            db.execute(statement)


def _triggers() -> Iterator[str]:
    for kind, (table, name) in RECORD_NAMES.items():
        yield from _of_table(table, kind, name)
    yield from _of_table("documents", "document", "{row}.uri")
    yield from _of_table("file_sources", "file", _FILE)
    yield (f"CREATE TRIGGER journal_moved AFTER UPDATE OF uri ON documents WHEN OLD.uri <> NEW.uri BEGIN {_MOVED}; END")


def _of_table(table: str, kind: str, name: str) -> Iterator[str]:
    for event, rows in _ROWS.items():
        notes = " ".join(f"{_NOTE.format(kind=kind, name=name.format(row=row))};" for row in rows)
        yield f"CREATE TRIGGER journal_{table}_{event.lower()} AFTER {event} ON {table} BEGIN {notes} END"


def read_journal(db: Catalog, after: int, limit: int) -> Changes:
    """Return the changes that follow the entry `after`, of at most `limit` entries."""
    changes = Changes(after)
    rows = db.execute("SELECT id, kind, name FROM journal WHERE id > ? ORDER BY id LIMIT ?", [after, limit])
    for number, kind, name in rows.fetchall():
        changes.last = number
        if kind == "moved":
            old, _, new = name.partition("\n")
            # A document may be moved twice: what is stored is where it was at first.
            changes.moved[new] = changes.moved.pop(old, old)
        else:
            changes.names[kind].add(name)
    return changes
