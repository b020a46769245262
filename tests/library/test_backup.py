"""Backups of real libraries, of every schema that was ever released."""

import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from released_libraries import FIXTURES, unpack
from wherein.errors import WhereinError
from wherein.library import Library
from wherein.storage.backup.manifest import MANIFEST, Manifest, encode_manifest
from wherein.storage.catalog.connection import CATALOG
from wherein.storage.catalog.schema import NEWEST_SCHEMA, schema_of
from wherein.storage.disk.file_entry import file_entry

QUESTION = "who may sign the lease?"


def found(library: Library, mode: str = "keyword") -> list[str]:
    """Return the files that answer; by words, for which an old library's model need not be the shipped one."""
    return [hit.uri.rpartition("/")[2] for hit in library.query(QUESTION, 1, mode=mode).hits]


def schema(folder: Path) -> int:
    with closing(sqlite3.connect(folder / CATALOG)) as db:
        return schema_of(db)


@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda path: path.name.partition(".")[0])
def test_a_library_of_any_schema_answers_and_its_backup_is_restored(
    fixture: Path, tmp_path: Path, compiled_cache: Path
) -> None:
    folder = unpack(fixture, tmp_path / "library")
    assert schema(folder) == int(re.findall(r"\d+", fixture.name)[0])
    old = shutil.copytree(folder, tmp_path / "old")
    library = Library(folder, cache=compiled_cache)
    assert found(library) == ["lease.txt"]
    assert schema(folder) == NEWEST_SCHEMA
    library.backup(tmp_path / "copy.tar.zst", verify=True)
    Library(tmp_path / "new").restore(tmp_path / "copy.tar.zst")
    # And a backup that was written when that schema was the newest one.
    index = next(old.glob("generations/*.faiss")).relative_to(old)
    files = {name: file_entry(old / name) for name in (CATALOG, str(index))}
    manifest = Manifest(schema(old), "0", "2026-01-01T00:00:00.000+00:00", None, 3, 3, 3, files)
    (old / MANIFEST).write_bytes(encode_manifest(manifest))
    Library(tmp_path / "newer").restore(old)
    for place in ("new", "newer"):
        restored = Library(tmp_path / place, cache=compiled_cache)
        assert found(restored) == ["lease.txt"]
        assert schema(tmp_path / place) == NEWEST_SCHEMA
        restored.reindex(model="default")
        assert found(restored, "semantic") == ["lease.txt"]


def test_a_library_object_answers_from_what_it_restored(tmp_path: Path, compiled_cache: Path) -> None:
    unpack(FIXTURES[-1], tmp_path / "library")
    library = Library(tmp_path / "library", cache=compiled_cache)
    library.backup(tmp_path / "copy")
    library.remove_documents(["file:///tmp/fx/docs/lease.txt"])
    assert "lease.txt" not in found(library)
    library.restore(tmp_path / "copy", force=True)
    assert found(library) == ["lease.txt"]


def test_no_library_is_still_no_library(tmp_path: Path) -> None:
    with pytest.raises(WhereinError, match="wherein ingest"):
        Library(tmp_path / "nowhere" / "library").status()
