"""A restore gives the old library or the new one, and no mixture, whatever happens meanwhile."""

import hashlib
import json
import os
import shutil
from contextlib import closing, suppress
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from backups import ANY_POSITION, KINDS, OFTEN, WAYS, Run, add, answers, back_up, crafted, flip, leftovers, steps
from wherein.errors import Damaged, LibraryBusy, UsageError, WhereinError
from wherein.storage.backup.manifest import MANIFEST
from wherein.storage.backup.restore import replaced_library, restore_backup
from wherein.storage.catalog.connection import CATALOG, open_reader
from wherein.storage.disk.failpoints import POINTS
from wherein.storage.disk.file_entry import file_entry
from wherein.storage.disk.lock import writer_lock
from wherein.storage.index.generations import active_generation


def test_an_existing_library_is_moved_aside_only_with_force(library: Path, tmp_path: Path) -> None:
    back_up(library, tmp_path / "copy")
    before = answers(library)
    add(library, "dddd", seed=3)
    changed = answers(library)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").touch()
    for place, words in (("library", "already"), ("folder", "not empty"), ("folder/file", "is a file")):
        with pytest.raises(UsageError, match=words):
            restore_backup(tmp_path / "copy", tmp_path / place)
    with pytest.raises(UsageError, match="no backup"):
        restore_backup(tmp_path / "nothing", tmp_path / "new")
    for wrong in ("folder", "folder/file"):
        with pytest.raises(UsageError, match="is not a backup"):
            restore_backup(tmp_path / wrong, tmp_path / "new")
    with pytest.raises(Damaged, match="--library"):
        restore_backup(library, tmp_path / "new")
    with writer_lock(library), pytest.raises(LibraryBusy):
        restore_backup(tmp_path / "copy", library, force=True)
    assert answers(library) == changed
    asides = [restore_backup(tmp_path / "copy", library, force=True).aside for _ in range(2)]
    assert answers(library) == before
    assert [answers(Path(str(aside)))["uris"] for aside in asides] == [changed["uris"], before["uris"]]
    assert replaced_library(library) == Path(str(asides[1]))
    assert leftovers(tmp_path) == []


def test_a_backup_of_a_newer_wherein_is_refused(library: Path, tmp_path: Path) -> None:
    back_up(library, tmp_path / "copy")
    path = tmp_path / "copy" / MANIFEST
    fields = json.loads(path.read_bytes())
    for field in ("schema", "format"):
        newer = {**fields, field: 99, "version": "12.0"}
        del newer["sha256"]
        digest = hashlib.sha256(json.dumps(newer, sort_keys=True).encode()).hexdigest()
        path.write_text(json.dumps({**newer, "sha256": digest}))
        with pytest.raises(WhereinError, match=r"newer Wherein \(12.0\)"):
            restore_backup(tmp_path / "copy", tmp_path / "new")
    assert not (tmp_path / "new").exists()


@OFTEN
@given(which=st.sampled_from([f"copy/{MANIFEST}", f"copy/{CATALOG}", "copy/generations/000001.faiss", KINDS[1]]),
       where=ANY_POSITION, bit=st.integers(0, 7), cut=st.booleans())  # fmt: skip
def test_a_flipped_bit_or_a_cut_in_a_backup_is_noticed_or_harmless(
    kept: Path, packages: Path, tmp_path: Path, which: str, where: float, bit: int, cut: bool
) -> None:
    shutil.rmtree(tmp_path)
    shutil.copytree(packages, tmp_path)
    path = tmp_path / which
    position = int(where * path.stat().st_size)
    if cut:
        os.truncate(path, position)
    else:
        flip(path, position, bit)
    with suppress(Damaged):
        restore_backup(tmp_path / which.partition("/")[0], tmp_path / "new")
        assert answers(tmp_path / "new") == answers(kept)
    assert leftovers(tmp_path) == []


def test_a_backup_whose_index_alone_is_damaged_can_be_restored_without_it(packages: Path, tmp_path: Path) -> None:
    for kind in KINDS:
        folder = shutil.copytree(packages, tmp_path / "of" / kind)
        harmed = folder / kind
        if harmed.is_dir():
            flip(harmed / "generations" / "000001.faiss", 300)
        else:
            crafted(folder / "copy", harmed)
            with zstandard.open(harmed, "rb") as packed:
                raw = bytearray(packed.read())
            at = raw.index(b"IxMp") + 300
            raw[at] ^= 1
            harmed.write_bytes(zstandard.compress(bytes(raw[: at + 500])))
        with pytest.raises(Damaged, match="--without-index"):
            restore_backup(harmed, folder / "new")
        assert restore_backup(harmed, folder / "new", index=False).rebuilt
        assert answers(folder / "new") == answers(folder / "library")
    flip(tmp_path / "of" / "copy" / "copy" / CATALOG, 5000)
    for index in (True, False):
        with pytest.raises(Damaged, match=r"in the manifest$"):
            restore_backup(tmp_path / "of" / "copy" / "copy", tmp_path / "of" / "x", index=index)


RESTORE_POINTS = [
    *(name for name in POINTS if name.startswith(("restore.", "generation.", "checkpoint."))),
    *steps("restore.generations"),
    *steps("generation.register"),
]


@pytest.mark.parametrize(
    ("point", "occupied"),
    [
        *((point, True) for point in RESTORE_POINTS),
        *((point, False) for point in RESTORE_POINTS if "restore." in point),
    ],
)
def test_killed_while_restoring(kept: Path, tmp_path: Path, run: Run, point: str, occupied: bool) -> None:
    library = shutil.copytree(kept, tmp_path / "library")
    needs_index = point.startswith("generation.")
    if needs_index:
        shutil.rmtree(library / "generations")
    back_up(library, tmp_path / "copy")
    new = answers(kept)
    shutil.rmtree(library)
    for way, code in WAYS.items():
        if occupied:
            add(library, "old", seed=7)
            old = answers(library)
        assert run("restore", tmp_path / "copy", library, failpoint=point + way) == (code, None)
        found = answers(library) if library.exists() else None
        if point in ("restore.aside", "restore.renamed"):
            assert found == (new if point == "restore.renamed" else None)
            assert (replaced_library(library) is not None) == occupied
            assert not occupied or answers(replaced_library(library) or Path()) == old
        else:
            assert found == (old if occupied else None)
        assert run("restore", tmp_path / "copy", library)[:1] == (0,)
        assert answers(library) == new
        assert leftovers(tmp_path) == []
        for path in [library, *tmp_path.glob("library.before-restore-*")]:
            shutil.rmtree(path)


def test_no_room_for_a_restore(library: Path, tmp_path: Path, run: Run) -> None:
    back_up(library, tmp_path / "copy.tar.zst")
    before = answers(library)
    add(library, "old", seed=7)
    old = answers(library)
    size = file_entry(library / CATALOG).size
    for largest in (1_000, size // 2):
        code, (done, result) = run("restore", tmp_path / "copy.tar.zst", library, largest=largest)
        assert (code, done, result.startswith("WhereinError: The disk is full")) == (0, False, True), result
        assert answers(library) == old
    assert leftovers(tmp_path) == []
    assert run("restore", tmp_path / "copy.tar.zst", library)[1][0]
    assert answers(library) == before


def test_the_active_generation_is_that_of_the_backup(library: Path, tmp_path: Path) -> None:
    back_up(library, tmp_path / "copy")
    add(library, "dddd", seed=4)
    restore_backup(tmp_path / "copy", library, force=True)
    with closing(open_reader(library)) as db:
        generation = active_generation(db)
    assert generation is not None
    assert (generation.id, generation.count) == (1, 10)
