"""The schema of a catalog, numbered by the migrations that were applied to it."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from typing import TYPE_CHECKING

from wherein.errors import Damaged
from wherein.storage.catalog.protocol import Catalog

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["NEWEST_SCHEMA", "has_tables", "highest_used_id", "migrate", "schema_of"]

NEWEST_SCHEMA = 15
"""The number of migrations in `storage/catalog/migrations.py`, which is imported only to apply them."""


# The last migration that frees room: to rewrite a large catalog takes minutes.
_LAST_THAT_FREES = 12


def migrate(db: Database) -> None:
    """Bring the database to the newest schema, each step in its own transaction.

    One that held rows is compacted if a migration that frees room was applied.
    """
    earlier = schema_of(db)
    if earlier < NEWEST_SCHEMA:
        from wherein.storage.catalog.migrations import MIGRATIONS

        MIGRATIONS.apply(db)
        if 0 < earlier < _LAST_THAT_FREES:
            _compact(db)


def _compact(db: Database) -> None:
    """Give back the room that migrations have freed within the pages, unless the disk is too full to rewrite the file.

    Outside any transaction, and itself one (https://sqlite.org/lang_vacuum.html). Nothing depends on it: the next purge
    does the same. Damage is reported by what reads it.
    """
    with suppress(sqlite3.DatabaseError):
        db.conn.execute("VACUUM")


def has_tables(db: Catalog) -> bool:
    """Whether the database holds anything at all."""
    return db.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is not None


def highest_used_id(db: Catalog, table: str) -> int:
    """Return the highest id that a row of a table ever had, 0 if it never had a row."""
    # Kept by SQLite for AUTOINCREMENT (https://sqlite.org/autoinc.html), so that no row has to be looked at.
    (highest,) = db.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", [table]).fetchone() or (0,)
    return int(highest)


def schema_of(db: Catalog) -> int:
    """Return the number of migrations that were applied; 0 for an empty database.

    Raises Damaged when there are tables, but no record of migrations, or when that record has gaps or other names.
    """
    if db.execute("SELECT 1 FROM sqlite_master WHERE name = '_sqlite_migrations'").fetchone() is None:
        if has_tables(db):
            raise Damaged("The catalog does not say which schema it has; run: wherein verify")
        return 0
    applied = db.execute("SELECT migration_set, substr(name, 1, 5) FROM _sqlite_migrations ORDER BY id").fetchall()
    # A damaged row would make the catalog an older one, which the next writer would migrate again. What a newer version
    # adds may have other names.
    if any(row != ("wherein", f"m{number:04}") for number, row in enumerate(applied[:NEWEST_SCHEMA], 1)):
        raise Damaged("The record of the catalog's schema is damaged; run: wherein verify")
    return len(applied)
