"""A backup is one committed state, whole or absent, whatever happens while it is written."""

import hashlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import wherein
from backups import ANY_POSITION, KINDS, OFTEN, WAYS, Run, answers, back_up, flip, leftovers, noted, steps
from stored_texts import TEXT
from wherein.errors import Damaged, LibraryBusy, UsageError
from wherein.storage.backup.archive import read_package
from wherein.storage.backup.backup import _interruptible
from wherein.storage.backup.manifest import MANIFEST
from wherein.storage.backup.restore import restore_backup
from wherein.storage.backup.staging import staging
from wherein.storage.catalog.connection import CATALOG, checkpoint, open_reader, open_writer, writing
from wherein.storage.catalog.documents import DocumentRow, delete_document, save_document
from wherein.storage.catalog.models import bound_model, now
from wherein.storage.catalog.schema import NEWEST_SCHEMA
from wherein.storage.disk.failpoints import POINTS
from wherein.storage.disk.lock import writer_lock

ROOT = Path(wherein.__file__).parent


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_restored_is_what_was_backed_up(library: Path, tmp_path: Path, kind: str) -> None:
    before = answers(library)
    done = back_up(library, tmp_path / kind, verify=True)
    assert (done.documents, done.chunks, done.vectors) == (3, 15, 15)
    assert (done.index, done.verified, done.noted, done.finished, done.warnings) == (True, True, True, False, ())
    restored = restore_backup(tmp_path / kind, tmp_path / "new" / "place")
    assert answers(tmp_path / "new" / "place") == before
    assert (restored.documents, restored.rebuilt, restored.aside) == (3, False, None)
    assert noted(library) == [str(tmp_path / kind)]
    assert leftovers(tmp_path) == leftovers(tmp_path / "new") == []
    assert (tmp_path / kind).stat().st_mode & 0o077 == 0
    assert (tmp_path / "new" / "place").stat().st_mode & 0o777 == 0o700


def test_the_manifest_lists_each_file_with_its_hash(library: Path, tmp_path: Path) -> None:
    earliest = now()
    back_up(library, tmp_path / "copy")
    manifest = json.loads((tmp_path / "copy" / MANIFEST).read_text())
    assert (manifest["schema"], manifest["version"], manifest["model"]) == (NEWEST_SCHEMA, "9.9", "f" * 16)
    assert (manifest["documents"], manifest["chunks"], manifest["vectors"]) == (3, 15, 15)
    assert earliest <= manifest["created_at"] <= now()
    for name in (CATALOG, "generations/000001.faiss"):
        raw = (tmp_path / "copy" / name).read_bytes()
        assert manifest["files"][name] == {"size": len(raw), "sha256": hashlib.sha256(raw).hexdigest()}
    assert set(manifest["files"]) == {CATALOG, "generations/000001.faiss"}


def test_deleted_text_is_not_in_the_backup(library: Path, tmp_path: Path) -> None:
    secret = "the combination is 4711 "
    with closing(open_writer(library)) as db:
        db.execute("PRAGMA secure_delete=OFF")  # as SQLite comes, other than Debian's
        with writing(db, "test"):
            number = save_document(db, DocumentRow("s", None, "s", "text/plain", secret * 400, {}, (), []))
        with writing(db, "test"):
            delete_document(db, number)
        checkpoint(db)
    assert secret.encode() in (library / CATALOG).read_bytes()
    back_up(library, tmp_path / "copy")
    assert secret.encode() not in (tmp_path / "copy" / CATALOG).read_bytes()
    restore_backup(tmp_path / "copy", tmp_path / "new")
    with closing(open_writer(tmp_path / "new")) as db, writing(db, "test"):  # and still no id is used again
        assert save_document(db, DocumentRow("t", None, "t", "text/plain", "t", {}, (), [])) == number + 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("harm", ["missing", "garbled"])
def test_a_restore_rebuilds_an_index_that_was_damaged(library: Path, tmp_path: Path, kind: str, harm: str) -> None:
    before = answers(library)
    (index,) = (library / "generations").iterdir()
    if harm == "missing":
        index.unlink()
    else:
        flip(index, 200)
    done = back_up(library, tmp_path / kind, verify=True)
    assert not done.index
    assert "index" in done.warnings[0]
    assert restore_backup(tmp_path / kind, tmp_path / "new").rebuilt
    after = answers(tmp_path / "new")
    assert after == before
    with closing(open_reader(tmp_path / "new")) as db:
        assert [row[0] for row in db.execute("SELECT file FROM generations").fetchall()] == [
            "000002.faiss",
            "000003.keywords",
        ]


def test_an_empty_library_comes_back_empty(tmp_path: Path) -> None:
    (tmp_path / "library").mkdir()
    open_writer(tmp_path / "library").close()
    done = back_up(tmp_path / "library", tmp_path / "copy", verify=True)
    assert (done.documents, done.index, done.warnings) == (0, False, ())
    assert not restore_backup(tmp_path / "copy", tmp_path / "new").rebuilt
    with closing(open_reader(tmp_path / "new")) as db:
        assert bound_model(db) is None


def test_paths_with_odd_names(library: Path, tmp_path: Path) -> None:
    odd = tmp_path / os.fsdecode(b"a?b#c%20\xff\n")
    done = back_up(library, odd)
    assert noted(library) == [done.place] == [f"{tmp_path}/a?b#c%20\\xff\n"]
    restore_backup(odd, tmp_path / "n?e#w%20\n")
    assert answers(tmp_path / "n?e#w%20\n") == answers(library)


WRITER = """
import sys
from pathlib import Path
from contextlib import closing
from wherein.storage.catalog.connection import checkpoint, open_writer, writing
from wherein.storage.catalog.documents import DocumentRow, save_document
from wherein.storage.index.generation_writer import write_generation
from wherein.storage.index.generations import drop_old_generations
from wherein.storage.disk.lock import writer_lock
from wherein.storage.catalog.models import bound_model
import select
folder, number = Path(sys.argv[1]), 0
with writer_lock(folder):
    while not select.select([sys.stdin], [], [], 0)[0]:
        with closing(open_writer(folder)) as db:
            for _ in range(20):
                number += 1
                with writing(db, "test"):
                    for name in ("left", "right"):
                        row = DocumentRow(name, None, str(number), "text/plain", f"{number} " * number, {}, (), [])
                        save_document(db, row)
            write_generation(db, folder, bound_model(db))
            drop_old_generations(db, folder)
            checkpoint(db)
        print(number, flush=True)
"""


def test_backups_beside_a_writer_are_committed_states(library: Path, tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(library)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        process.stdout.readline()
        places = [tmp_path / f"copy{n}{suffix}" for n in range(2) for suffix in ("", ".tar.zst")]
        done = [back_up(library, place) for place in places]
        assert process.poll() is None
        process.communicate("")
    assert process.returncode == 0
    assert all(backup.noted for backup in done)
    seen = []
    for place in places:
        restore_backup(place, tmp_path / "new", force=True)
        answers(tmp_path / "new")
        with closing(open_reader(tmp_path / "new")) as db:
            rows = db.execute(f"SELECT title, {TEXT} FROM documents d WHERE uri IN ('left', 'right')").fetchall()
        assert rows[0] == rows[1]
        seen.append(int(rows[0][0]))
    assert seen == sorted(seen)
    assert seen[0] < seen[-1]


def test_noting_a_backup_needs_no_lock_and_checkpoints_nothing(library: Path, tmp_path: Path) -> None:
    main = (library / CATALOG).read_bytes()
    with writer_lock(library):
        assert back_up(library, tmp_path / "copy").noted
    assert (library / CATALOG).read_bytes() == main
    assert noted(library) == [str(tmp_path / "copy")]


def test_a_backup_that_cannot_be_noted_is_still_one(
    library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wherein.storage.catalog.connect._BUSY_SECONDS", 0.01)
    with closing(open_writer(library)) as db:
        db.execute("BEGIN IMMEDIATE")
        done = back_up(library, tmp_path / "copy")
        db.rollback()
    assert not done.noted
    assert "could not note" in done.warnings[0]
    assert noted(library) == []
    assert read_package(tmp_path / "copy").documents == 3


def test_an_occupied_or_unsuitable_target_is_refused(library: Path, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    (tmp_path / "file.tar.zst").touch()
    (tmp_path / "folder.tar.zst").mkdir()
    for target, words in (
        ("full", "not empty"),
        ("file.tar.zst", "exists"),
        ("folder.tar.zst", "exists"),
        ("full/file", "exists"),
        ("nowhere/copy", "no folder"),
        ("copy.tar.gz", "ends in .tar.zst"),
        ("library", "library itself"),
        ("library/generations/copy", "library itself"),
    ):
        with pytest.raises(UsageError, match=words):
            back_up(library, tmp_path / target)
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "empty")
    assert back_up(library, tmp_path / "link").place == str(tmp_path / "empty")
    assert leftovers(tmp_path) == []
    with staging(tmp_path / "copy"), pytest.raises(LibraryBusy, match="copy"):
        back_up(library, tmp_path / "copy")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE texts SET text = text || 'x' WHERE document_id = 2",
        "UPDATE documents SET title = 'another' WHERE id = 2",
        "UPDATE chunks SET start = start + 1 WHERE id = 7",
        "UPDATE vectors SET vector = zeroblob(32) WHERE id = 7",
        "DELETE FROM documents WHERE id = 2",
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_library_is_not_backed_up(library: Path, tmp_path: Path, change: str, kind: str) -> None:
    with closing(sqlite3.connect(library / CATALOG, isolation_level=None)) as db:
        db.execute(change)
    with pytest.raises(Damaged, match="No backup was written"):
        back_up(library, tmp_path / kind)
    assert not (tmp_path / kind).exists()
    assert leftovers(tmp_path) == []
    assert noted(library) == []


@OFTEN
@given(where=ANY_POSITION, bit=st.integers(0, 7))
def test_a_flipped_bit_of_the_library_is_noticed_or_not_in_the_backup(
    kept: Path, tmp_path: Path, where: float, bit: int
) -> None:
    before = answers(kept)
    shutil.rmtree(tmp_path)
    tmp_path.mkdir()
    library = shutil.copytree(kept, tmp_path / "library")
    flip(library / CATALOG, int(where * (library / CATALOG).stat().st_size), bit)
    with suppress(Damaged):
        back_up(library, tmp_path / "copy")
    assert leftovers(tmp_path) == []
    if (tmp_path / "copy").exists():
        restore_backup(tmp_path / "copy", tmp_path / "new")
        assert answers(tmp_path / "new")["digest"] == before["digest"]


def test_a_backup_that_was_written_wrongly_does_not_get_its_name(
    library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def flush_badly(folder: Path) -> None:
        flip(folder / CATALOG, 4000)

    monkeypatch.setattr("wherein.storage.backup.backup.fsync_tree", flush_badly)
    with pytest.raises(Damaged, match="not what was backed up"):
        back_up(library, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()
    assert leftovers(tmp_path) == []


def test_a_long_statement_can_be_interrupted() -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    earlier = signal.signal(signal.SIGALRM, interrupt)
    try:
        with closing(sqlite3.connect(":memory:")) as db, pytest.raises(KeyboardInterrupt), _interruptible(db):
            signal.setitimer(signal.ITIMER_REAL, 0.05)
            db.execute(endless).fetchone()
    finally:
        signal.signal(signal.SIGALRM, earlier)


def stages(work: Callable[[Callable[[str], None]], object]) -> list[str]:
    reported: list[str] = []
    work(reported.append)
    return reported


@pytest.mark.parametrize("kind", KINDS)
def test_interrupted_at_any_stage_nothing_is_left(library: Path, tmp_path: Path, kind: str) -> None:
    before = answers(library)

    def interrupting(wanted: str) -> Callable[[str], None]:
        def report(stage: str) -> None:
            if stage == wanted:
                raise KeyboardInterrupt

        return report

    (tmp_path / "x").mkdir()
    for stage in stages(lambda report: back_up(library, tmp_path / "x" / kind, verify=True, report=report)):
        with pytest.raises(KeyboardInterrupt):
            back_up(library, tmp_path / kind, verify=True, report=interrupting(stage))
    backup = tmp_path / "x" / kind
    for stage in stages(lambda report: restore_backup(backup, tmp_path / "new", index=False, report=report)):
        with pytest.raises(KeyboardInterrupt):
            restore_backup(backup, library, force=True, index=False, report=interrupting(stage))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["library", "new", "x"]
    assert answers(library) == before


BACKUP_POINTS = [*(name for name in POINTS if name.startswith("backup.")), *steps("backup.note")]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("point", BACKUP_POINTS)
def test_killed_while_backing_up(library: Path, tmp_path: Path, run: Run, kind: str, point: str) -> None:
    before = answers(library)
    for way, code in WAYS.items():
        target = tmp_path / f"{len(way)}{kind}"
        assert run("backup", library, target, failpoint=point + way) == (code, None)
        assert answers(library) == before
        if target.exists():
            assert read_package(target).documents == 3
        there = target.exists()
        assert run("backup", library, target) == (0, [True, there])
        assert read_package(target).documents == 3
        assert noted(library).count(str(target)) == 1
        assert leftovers(tmp_path) == []


@pytest.mark.parametrize("kind", KINDS)
def test_no_room_for_a_backup(library: Path, tmp_path: Path, run: Run, kind: str) -> None:
    before = answers(library)
    for largest in (40_000, (library / CATALOG).stat().st_size - 1):
        code, (done, result) = run("backup", library, tmp_path / kind, largest=largest)
        if done:  # compressed, it does fit
            continue
        assert (code, result.startswith("WhereinError: The disk is full")) == (0, True), result
        assert not (tmp_path / kind).exists()
        assert leftovers(tmp_path) == []
    assert answers(library) == before
