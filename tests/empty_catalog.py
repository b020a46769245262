"""An empty catalog, made once and copied into each new library: the migrations are most of what a small one costs."""

import os
import sqlite3
from functools import cache

from sqlite_utils import Database

from wherein.storage.catalog.schema import has_tables, migrate

__all__ = ["copy_or_migrate"]


@cache
def _tables() -> sqlite3.Connection:
    made = sqlite3.connect(":memory:", check_same_thread=False)
    migrate(Database(made, execute_plugins=False))
    return made


def copy_or_migrate(db: Database) -> None:
    """Do what `migrate` does; a new catalog becomes a copy of one that was migrated, unless a process is to die."""
    if has_tables(db) or "WHEREIN_FAILPOINT" in os.environ:
        migrate(db)
    else:
        _tables().backup(db.conn)
