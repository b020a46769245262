"""`sqlite3.connect` with the settings of every connection to a catalog."""

import sqlite3
from pathlib import Path

__all__ = ["connect"]

_BUSY_SECONDS = 10.0  # how long SQLite waits for another process's lock, and a checkpoint for readers


def connect(path: Path, query: str, factory: type[sqlite3.Connection] = sqlite3.Connection) -> sqlite3.Connection:
    """Open a database; `query` is that of its URI, such as `mode=ro`. Raises sqlite3.Error."""
    connection = sqlite3.connect(
        # A URI, for it alone carries the mode; `as_uri` escapes `?`, `#` and `%` in names of folders.
        f"{path.absolute().as_uri()}?{query}",
        uri=True,
        timeout=_BUSY_SECONDS,
        check_same_thread=False,
        factory=factory,
    )
    try:
        # Off by default in SQLite, but chunks and their terms are removed by ON DELETE CASCADE.
        connection.execute("PRAGMA foreign_keys=ON")
        # Check each page before it is used, as SQLite advises for untrusted files
        # (https://sqlite.org/security.html).
        connection.execute("PRAGMA cell_size_check=ON")
        # Opening reads nothing yet: a file that is no database, or is damaged at its start, has to fail here.
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection
