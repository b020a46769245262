"""The two formats of a backup: a file that the manifest does not name is never written."""

import os
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from backups import back_up, crafted, flip
from wherein.errors import Damaged, UsageError
from wherein.storage.backup.archive import pack, read_package, size_of
from wherein.storage.backup.manifest import MANIFEST, Manifest, decode_manifest, encode_manifest
from wherein.storage.backup.restore import restore_backup
from wherein.storage.catalog.connection import CATALOG
from wherein.storage.disk.file_entry import file_entry


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", **headers: str) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname, made.pax_headers = kind, link, headers
    return made


@pytest.mark.parametrize(
    ("first", "content"),
    [
        (member("../evil"), b"x"),
        (member("/tmp/evil"), b"x"),
        (member("generations/../../evil"), b"x"),
        (member("evil"), b"x"),
        (member(CATALOG), b"x"),
        (member(MANIFEST), b"{}"),
        (member(CATALOG, tarfile.SYMTYPE, "/etc/passwd"), b""),
        (member(CATALOG, tarfile.LNKTYPE, MANIFEST), b""),
        (member("generations", tarfile.DIRTYPE), b""),
        (member("pipe", tarfile.FIFOTYPE), b""),
        (member(CATALOG), bytes(50_000_000)),
        (member("evil", comment="x" * 12_000_000), b""),
    ],
)
def test_an_archive_holds_what_its_manifest_names_and_nothing_else(
    kept: Path, tmp_path: Path, first: tarfile.TarInfo, content: bytes
) -> None:
    back_up(shutil.copytree(kept, tmp_path / "library"), tmp_path / "copy")
    crafted(tmp_path / "copy", tmp_path / "good.tar.zst")
    read_package(tmp_path / "good.tar.zst")
    crafted(tmp_path / "copy", tmp_path / "bad.tar.zst", (first, content))
    (tmp_path / "place").mkdir()
    with pytest.raises(Damaged):
        restore_backup(tmp_path / "bad.tar.zst", tmp_path / "place" / "new")
    assert list((tmp_path / "place").iterdir()) == []
    assert not (tmp_path / "evil").exists()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The smallest backup: two files and their manifest."""
    folder = tmp_path / "copy"
    (folder / "generations").mkdir(parents=True)
    (folder / CATALOG).write_bytes(b"catalog" * 1_000)
    (folder / "generations" / "000001.faiss").write_bytes(bytes(3_000))
    names = (CATALOG, "generations/000001.faiss")
    manifest = Manifest(1, "1", "2026-01-01", None, 0, 0, 0, {name: file_entry(folder / name) for name in names})
    (folder / MANIFEST).write_bytes(encode_manifest(manifest))
    return folder


def packed(folder: Path) -> Path:
    target = folder.with_name("copy.tar.zst")
    pack(folder, decode_manifest((folder / MANIFEST).read_bytes()), target)
    return target


def test_both_formats_hold_the_same_files(folder: Path, tmp_path: Path) -> None:
    target = packed(folder)
    assert target.stat().st_mode & 0o777 == 0o600
    assert size_of(target) == target.stat().st_size < size_of(folder)
    for number, package in enumerate((folder, target)):
        into = tmp_path / str(number)
        assert encode_manifest(read_package(package, into)) == (folder / MANIFEST).read_bytes()
        assert into.stat().st_mode & 0o777 == 0o700
        written = {path.relative_to(into).as_posix(): path for path in into.rglob("*") if path.is_file()}
        assert sorted(written) == [CATALOG, "generations/000001.faiss"]
        for name, path in written.items():
            assert path.read_bytes() == (folder / name).read_bytes()
            assert path.stat().st_mode & 0o777 == 0o600


def test_without_the_index_only_the_catalog_is_written(folder: Path, tmp_path: Path) -> None:
    (folder / "generations" / "000001.faiss").write_bytes(b"damaged")
    read_package(folder, tmp_path / "new", index=False)
    assert [path.name for path in (tmp_path / "new").iterdir()] == [CATALOG]


def test_an_existing_file_is_never_overwritten(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(FileExistsError):
        read_package(folder, folder)
    packed(folder)
    with pytest.raises(FileExistsError):
        packed(folder)


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (lambda folder: (folder / CATALOG).unlink(), "catalog.db is missing"),
        (lambda folder: os.truncate(folder / CATALOG, 10), "the size of catalog.db is not the one in the manifest"),
        (lambda folder: flip(folder / CATALOG, 10), "the SHA-256 of catalog.db is not the one in the manifest"),
        (lambda folder: (folder / MANIFEST).unlink(), "it has no backup.json; if it is a library, use it with"),
        (lambda folder: flip(folder / MANIFEST, 10), "its backup.json is damaged"),
    ],
)
def test_a_damaged_folder_is_named_with_its_damage(folder: Path, harm: Callable[[Path], object], words: str) -> None:
    harm(folder)
    with pytest.raises(Damaged, match=words):
        read_package(folder)


@pytest.mark.parametrize("kept", [4, 20, 100])
def test_a_truncated_archive_is_damaged(folder: Path, kept: int) -> None:
    target = packed(folder)
    target.write_bytes(target.read_bytes()[:kept])
    with pytest.raises(Damaged):
        read_package(target)


def test_what_is_neither_format_is_not_a_backup(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("notes")
    for name in ("empty", "notes.txt"):
        with pytest.raises(UsageError, match="is not a backup"):
            read_package(tmp_path / name)
    (tmp_path / "notes.tar.zst").write_text("notes")
    with pytest.raises(Damaged, match="does not begin like a zstd file"):
        read_package(tmp_path / "notes.tar.zst")


def test_an_archive_with_another_name_is_recognized_by_its_first_bytes(folder: Path, tmp_path: Path) -> None:
    read_package(packed(folder).rename(tmp_path / "renamed"))
