"""The catalog's structure: SQLite's own check of pages and indexes, and the declarations of the schema."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import closing
from functools import cache
from typing import TYPE_CHECKING

from wherein.storage.catalog.protocol import Catalog

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["new_catalog", "only_indexes", "schema_problems"]

# Messages of SQLite that concern an index and not its table (pragma.c, "integrity_check").
_INDEX = re.compile(
    r"row \d+ missing from index .*|row \d+ values differ from index .*|rowid not at end-of-record for row .*"
    r"|wrong # of entries in index .*|non-unique entry in index .*"
)
_DECLARED = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'"
# Declared by whichever version of sqlite-utils made it.
_OF_SQLITE_UTILS = "_sqlite_migrations"


def schema_problems(db: Catalog) -> list[str]:
    """Return SQLite's first hundred problems, and the declarations that differ from the schema's.

    Raises SQLite's error when it cannot check at all.
    """
    reported = db.execute("PRAGMA integrity_check").fetchall()
    lines = [line for (problem,) in reported for line in str(problem).splitlines()]  # one row may hold several problems
    problems = [line for line in lines if line not in ("ok", "*** in database main ***")]
    declared = dict(db.execute(_DECLARED).fetchall())
    expected = ((name, sql) for name, sql in _declarations().items() if _OF_SQLITE_UTILS not in name)
    changed = [name for name, sql in expected if declared.get(name) != sql]
    return problems + [f"the declaration of {name} is not that of this version" for name in changed]


def only_indexes(problems: Sequence[str]) -> bool:
    """Whether rebuilding SQLite's indexes repairs all `problems` from `schema_problems`."""
    return all(_INDEX.fullmatch(problem) for problem in problems)


@cache
def _declarations() -> dict[str, str]:
    """Return the declaration of each table, index and trigger of the newest schema, by its name."""
    with closing(new_catalog()) as empty:
        return dict(empty.execute(_DECLARED).fetchall())


def new_catalog() -> Database:
    """Return an empty catalog of the newest schema, in memory."""
    from sqlite_utils import Database

    from wherein.storage.catalog.migrations import MIGRATIONS

    db = Database(memory=True)
    MIGRATIONS.apply(db)
    return db
