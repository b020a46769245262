"""Each error of SQLite or the disk becomes one sentence that says what to do."""

import errno
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from wherein.errors import Damaged, LibraryBusy, WhereinError
from wherein.storage.catalog.sqlite_errors import translate_error, translating_catalog_errors, translating_errors

FULL = (
    "The disk is full, or a limit on file sizes was reached; free some space and try again. Everything that was"
    " committed is safe."
)


def sqlite_error(code: int | None) -> sqlite3.Error:
    error = sqlite3.OperationalError("reason")
    if code is not None:
        error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        (sqlite3.SQLITE_FULL, WhereinError, FULL),
        (sqlite3.SQLITE_IOERR_WRITE, WhereinError, FULL),
        (sqlite3.SQLITE_IOERR_FSYNC, WhereinError, "The disk reported an error (reason)."),
        (sqlite3.SQLITE_BUSY, LibraryBusy, "Another process has locked the catalog (reason)"),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, LibraryBusy, "Another process has locked the catalog (reason)"),
        (sqlite3.SQLITE_LOCKED, LibraryBusy, "Another process has locked the catalog (reason)"),
        (sqlite3.SQLITE_READONLY, WhereinError, "The library cannot be written (reason)"),
        (sqlite3.SQLITE_READONLY_DBMOVED, WhereinError, "The library cannot be written (reason)"),
        (sqlite3.SQLITE_CANTOPEN, WhereinError, "The library cannot be written (reason)"),
        (sqlite3.SQLITE_CORRUPT, Damaged, "The catalog is damaged (reason); run: wherein verify"),
        (sqlite3.SQLITE_NOTADB, Damaged, "The catalog is damaged (reason); run: wherein verify"),
        (sqlite3.SQLITE_ERROR, Damaged, "The catalog is damaged (reason); run: wherein verify"),
        (None, Damaged, "The catalog is damaged (reason); run: wherein verify"),
    ],
)
def test_an_error_of_sqlite_is_translated_by_its_code(code: int | None, kind: type[WhereinError], words: str) -> None:
    error = translate_error(sqlite_error(code))
    assert type(error) is kind
    assert str(error).startswith(words)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, FULL),
        (errno.EDQUOT, FULL),
        (errno.EFBIG, FULL),
        (errno.EIO, f"The disk reported an error ({os.strerror(errno.EIO)}). Everything that was committed is safe."),
        (errno.ESTALE, f"The disk reported an error ({os.strerror(errno.ESTALE)})."),
        (errno.EROFS, "The library cannot be written: Read-only file system; mount its disk for writing"),
        (errno.EACCES, "The library cannot be written: Permission denied; run this as the user who owns it"),
        (errno.EPERM, "The library cannot be written: Operation not permitted; run this as the user who owns it"),
    ],
)
def test_an_error_of_the_disk_is_translated_by_its_number(number: int, words: str) -> None:
    with pytest.raises(WhereinError) as caught, translating_errors():
        raise OSError(number, os.strerror(number))
    assert str(caught.value).startswith(words)
    assert isinstance(caught.value.__cause__, OSError)


@pytest.mark.parametrize("error", [FileNotFoundError(errno.ENOENT, "no such file"), ValueError("other"), KeyError("x")])
def test_other_errors_pass(error: Exception) -> None:
    with pytest.raises(type(error)) as caught, translating_errors():
        raise error
    assert caught.value is error


def test_invalid_utf_8_is_damage_only_where_the_catalog_is_decoded() -> None:
    with pytest.raises(Damaged, match="The catalog is damaged"), translating_catalog_errors():
        b"\xff".decode()
    with pytest.raises(UnicodeDecodeError), translating_errors():
        b"\xff".decode()


def test_a_real_read_only_database_cannot_be_written(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "db").close()
    with (
        closing(sqlite3.connect(f"file:{tmp_path}/db?mode=ro", uri=True)) as db,
        pytest.raises(WhereinError, match="check the permissions of its folder"),
        translating_errors(),
    ):
        db.execute("CREATE TABLE t (x)")
