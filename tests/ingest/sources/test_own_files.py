"""The files of Wherein are recognized by what they hold, whatever they are called."""

from pathlib import Path

import pytest

from toy import ToyEncoder
from wherein.ingest.sources.own_files import OwnFiles, is_backup_file
from wherein.library import Library


@pytest.fixture
def library(tmp_path: Path) -> Library:
    library = Library(tmp_path / "notes" / "index", encoder=ToyEncoder())  # type: ignore[arg-type]
    library.ingest_stream("note", b"A note.")
    return library


def test_a_library_and_its_parts_are_recognized(library: Library, tmp_path: Path) -> None:
    own = OwnFiles()
    for name in ("index", "index/generations", "index/catalog.db", "index/generations/x/y"):
        assert own.covers(str(tmp_path / "notes" / name))
    for name in ("", "a.md", "index/docs", "index/docs/catalog.db"):
        assert not own.covers(str(tmp_path / "notes" / name))
    assert OwnFiles(str(tmp_path / "new")).covers(str(tmp_path / "new"))
    assert OwnFiles(caches=[str(tmp_path / "cache")]).covers(str(tmp_path / "cache" / "a" / "b"))


def test_a_backup_is_recognized_by_its_manifest(library: Library, tmp_path: Path) -> None:
    library.backup(tmp_path / "b.tar.zst")
    library.backup(tmp_path / "folder")
    (tmp_path / "b.tar.zst").rename(tmp_path / "renamed.txt")
    assert is_backup_file(str(tmp_path / "renamed.txt"))
    assert OwnFiles().covers(str(tmp_path / "folder" / "catalog.db"))


@pytest.mark.parametrize("data", [b"", b"text", b"\x28\xb5\x2f\xfd", b"\x28\xb5\x2f\xfd" + bytes(600)])
def test_other_files_are_no_backups(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "file").write_bytes(data)
    assert not is_backup_file(str(tmp_path / "file"))
    assert not is_backup_file(str(tmp_path / "none"))


def test_nothing_of_a_library_becomes_a_document(library: Library, tmp_path: Path) -> None:
    (tmp_path / "notes" / "a.md").write_text("hoopoe")
    library.backup(tmp_path / "notes" / "b.tar.zst")
    library.backup(tmp_path / "notes" / "folder")
    Library(tmp_path / "notes" / "another", encoder=ToyEncoder()).ingest_stream("x", b"X.")  # type: ignore[arg-type]
    for source in ("notes", "notes/*", "notes/**/*", "notes/*/*"):
        library.ingest([str(tmp_path / source)])
    for _ in range(2):
        library.reindex()
    assert [document.uri.rpartition("/")[2] for document in library.documents()] == ["a.md", "stdin:note"]
    assert library.problems() == []
