"""The two formats of a backup: a file that the manifest does not name is never written."""

import shutil
import tarfile
from pathlib import Path

import pytest

from backups import back_up, crafted
from wherein.errors import Damaged
from wherein.storage.backup.archive import read_package
from wherein.storage.backup.manifest import MANIFEST
from wherein.storage.backup.restore import restore_backup
from wherein.storage.catalog.connection import CATALOG


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
