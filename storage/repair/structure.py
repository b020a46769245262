"""Whether the catalogue's pages, indexes and tables are in order, by SQLite's own check and by the schema."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from wherein.storage.catalog.protocol import Catalog

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["new_catalog", "only_indexes", "schema_problems"]

# What SQLite says when a table is in order and one of its indexes does not fit it (pragma.c, "integrity_check").
_INDEX = re.compile(
    r"row \d+ missing from index .*|row \d+ values differ from index .*|rowid not at end-of-record for row .*"
    r"|wrong # of entries in index .*|non-unique entry in index .*"
)
_DECLARED = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'"
# Its declaration is that of the version of sqlite-utils which made it.
_OF_SQLITE_UTILS = "_sqlite_migrations"


def schema_problems(db: Catalog) -> list[str]:
    """Return what SQLite finds wrong, at most a hundred things, and declarations that are not the schema's.

    Raises what SQLite reports when it cannot even check.
    """
    lines = [line for row in db.execute("PRAGMA integrity_check").fetchall() for line in str(row[0]).splitlines()]
    found = [line for line in lines if line not in ("ok", "*** in database main ***")]
    declared = dict(db.execute(_DECLARED).fetchall())
    with_new = new_catalog()
    try:
        expected = dict(with_new.execute(_DECLARED).fetchall())
    finally:
        with_new.close()
    changed = [name for name, sql in expected.items() if declared.get(name) != sql and _OF_SQLITE_UTILS not in name]
    return found + [f"the declaration of {name} is not that of this version" for name in changed]


def only_indexes(found: Sequence[str]) -> bool:
    """Whether everything in a list from `disorder` can be mended by building the indexes anew."""
    return all(_INDEX.fullmatch(what) for what in found)


def new_catalog() -> Database:
    """Return an empty catalogue of the newest schema, in memory."""
    from sqlite_utils import Database

    from wherein.storage.catalog.migrations import MIGRATIONS

    db = Database(memory=True)
    MIGRATIONS.apply(db)
    return db
