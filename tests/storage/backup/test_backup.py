"""A backup is one committed state, whole or absent; a restore gives the old library or the new one, and no mixture."""

import hashlib
import io
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wherein.errors import Damaged, LibraryBusy, UsageError, WhereinError
from wherein.storage.backup.archive import read_package
from wherein.storage.backup.backup import Backup, _interruptible, write_backup
from wherein.storage.backup.manifest import MANIFEST, FileEntry, Manifest, decode_manifest, encode_manifest, file_entry
from wherein.storage.backup.restore import replaced_library, restore_backup
from wherein.storage.backup.staging import staging
from wherein.storage.catalog.backup_log import older_backups
from wherein.storage.catalog.checksums import content_hash
from wherein.storage.catalog.connection import CATALOG, checkpoint, open_reader, open_writer, snapshot, writing
from wherein.storage.catalog.documents import ChunkRow, DocumentRow, delete_document, model_input, save_document
from wherein.storage.catalog.models import bind_model, bound_model, now
from wherein.storage.catalog.schema import NEWEST_SCHEMA
from wherein.storage.catalog.vectors import save_vectors
from wherein.storage.disk.failpoints import EXIT_CODE, POINTS, STEPS
from wherein.storage.disk.lock import writer_lock
from wherein.storage.index.generation_writer import write_generation
from wherein.storage.index.generations import active_generation
from wherein.storage.index.vector_index import load_index
from wherein.storage.repair.content import check_content

ROOT = Path(__file__).parents[2]
DIMENSION = 8
KINDS = ["copy", "copy.tar.zst"]


def unit_vectors(count: int, seed: int) -> np.ndarray:
    vectors = np.random.default_rng(seed).standard_normal((count, DIMENSION)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def add(folder: Path, *names: str, seed: int, index: bool = True) -> None:
    """Make a library, or add to it: a document of five passages for each name."""
    folder.mkdir(mode=0o700, exist_ok=True)
    with closing(open_writer(folder)) as db:
        model = bound_model(db)
        with writing(db, "test"):
            if model is None:
                model = bind_model(
                    db, fingerprint="f" * 16, name="m", version="1", precision="w8a8", dimension=DIMENSION
                )
            for name in names:
                parts = [f"Passage {i} of {name}. " for i in range(5)]
                text = "".join(parts)
                ends = np.cumsum([len(part) for part in parts]).tolist()
                spans = [(end - len(part), end) for part, end in zip(parts, ends, strict=True)]
                rows = [ChunkRow(a, b, content_hash(model_input(text, a, b)), None, (name,)) for a, b in spans]
                save_document(db, DocumentRow(name, None, name, "text/plain", text, {"n": 1}, (), rows))
                save_vectors(db, model.id, [row.input_hash for row in rows], unit_vectors(5, seed + len(name)))
        if index:
            write_generation(db, folder, model)
        checkpoint(db)


def answers(folder: Path) -> dict[str, Any]:
    """What a library holds, and what it answers; raises when any of it is damaged."""
    with closing(open_reader(folder)) as db, snapshot(db):
        content = check_content(db)
        model = bound_model(db)
        assert model is not None
        index = load_index(db, folder, model, None)
        found = [index.nearest(question, 3) for question in unit_vectors(4, seed=99)]
        uris = [row[0] for row in db.execute("SELECT uri FROM documents ORDER BY uri").fetchall()]
        return {"digest": content.digest, "uris": uris, "ids": [ids.tolist() for ids, _ in found]}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library with a generation and a delta; not to be changed."""
    folder = tmp_path_factory.mktemp("kept") / "library"
    add(folder, "a", "bb", seed=1)
    add(folder, "ccc", seed=2, index=False)
    return folder


@pytest.fixture
def library(kept: Path, tmp_path: Path) -> Path:
    return shutil.copytree(kept, tmp_path / "library")


def back_up(library: Path, target: Path, **options: Any) -> Backup:
    with closing(open_reader(library)) as db:
        return write_backup(db, library, target, "9.9", **options)


def noted(library: Path, before: str = "9999") -> list[str]:
    with closing(open_reader(library)) as db:
        return [record.place for record in older_backups(db, before)]


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name.endswith(".part"))


def flip(path: Path, position: int, bit: int = 0) -> None:
    with path.open("r+b") as file:
        file.seek(position)
        (byte,) = file.read(1)
        file.seek(position)
        file.write(bytes([byte ^ (1 << bit)]))


# Writing and reading back.


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


def test_the_manifest_says_what_is_in_it(library: Path, tmp_path: Path) -> None:
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


def test_the_backups_before_a_time_are_told(library: Path, tmp_path: Path) -> None:
    first = back_up(library, tmp_path / "one")
    between = now()
    while now() == between:
        pass
    second = back_up(library, tmp_path / "two")
    assert noted(library, between) == [first.place]
    assert noted(library) == [first.place, second.place]
    assert noted(library, first.created_at) == []


def test_what_was_deleted_is_not_carried_along(library: Path, tmp_path: Path) -> None:
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
def test_a_damaged_index_is_left_out_and_made_anew(library: Path, tmp_path: Path, kind: str, harm: str) -> None:
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


def test_places_with_odd_names(library: Path, tmp_path: Path) -> None:
    odd = tmp_path / os.fsdecode(b"a?b#c%20\xff\n")
    done = back_up(library, odd)
    assert noted(library) == [done.place] == [f"{tmp_path}/a?b#c%20\\xff\n"]
    restore_backup(odd, tmp_path / "n?e#w%20\n")
    assert answers(tmp_path / "n?e#w%20\n") == answers(library)


# While others write.

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
            rows = db.execute("SELECT title, text FROM documents WHERE uri IN ('left', 'right')").fetchall()
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
    monkeypatch.setattr("wherein.storage.catalog.connection._BUSY_SECONDS", 0.01)
    with closing(open_writer(library)) as db:
        db.execute("BEGIN IMMEDIATE")
        done = back_up(library, tmp_path / "copy")
        db.rollback()
    assert not done.noted
    assert "could not note" in done.warnings[0]
    assert noted(library) == []
    assert read_package(tmp_path / "copy").documents == 3


# What is refused.


def test_a_target_that_is_taken_or_makes_no_sense(library: Path, tmp_path: Path) -> None:
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


def test_a_restore_refuses_what_is_in_the_way_and_moves_it_aside_by_force(library: Path, tmp_path: Path) -> None:
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


@pytest.mark.parametrize(
    "name", ["../x", "/x", "a/../catalog.db", "generations/../x", "writer.lock", "generations/", ""]
)
def test_a_manifest_names_nothing_outside_a_library(name: str) -> None:
    entry = FileEntry(1, "0" * 64)
    manifest = Manifest(2, "1", now(), None, 0, 0, 0, {CATALOG: entry})
    assert decode_manifest(encode_manifest(manifest)) == manifest
    with pytest.raises(Damaged):
        decode_manifest(encode_manifest(Manifest(2, "1", now(), None, 0, 0, 0, {CATALOG: entry, name: entry})))


def crafted(folder: Path, target: Path, *members: tuple[tarfile.TarInfo, bytes]) -> None:
    """A backup of `folder` with these members before the others."""
    with zstandard.open(target, "wb") as packed, tarfile.open(fileobj=packed, mode="w|", bufsize=1 << 22) as tar:
        tar.add(folder / MANIFEST, MANIFEST)
        for member, content in members:
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        tar.add(folder / CATALOG, CATALOG)
        tar.add(folder / "generations" / "000001.faiss", "generations/000001.faiss")


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


# Damage.


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE documents SET text = text || 'x' WHERE id = 2",
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


@pytest.fixture(scope="module")
def packages(kept: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of either kind."""
    folder = tmp_path_factory.mktemp("packages")
    copy = shutil.copytree(kept, folder / "library")
    for kind in KINDS:
        back_up(copy, folder / kind)
    return folder


ANY_PLACE = st.floats(0, 1, exclude_max=True)
OFTEN = settings(
    max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@OFTEN
@given(where=ANY_PLACE, bit=st.integers(0, 7))
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


@OFTEN
@given(which=st.sampled_from([f"copy/{MANIFEST}", f"copy/{CATALOG}", "copy/generations/000001.faiss", KINDS[1]]),
       where=ANY_PLACE, bit=st.integers(0, 7), cut=st.booleans())  # fmt: skip
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


def test_what_is_written_wrongly_is_not_called_a_backup(
    library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def flush_badly(folder: Path) -> None:
        flip(folder / CATALOG, 4000)

    monkeypatch.setattr("wherein.storage.backup.backup.fsync_tree", flush_badly)
    with pytest.raises(Damaged, match="not what was backed up"):
        back_up(library, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()
    assert leftovers(tmp_path) == []


# Interruption.


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
    told: list[str] = []
    work(told.append)
    return told


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


# Crashes: processes that die at each durable step, forked from one that has imported everything.

FORKS = """
import json, os, resource, sys, traceback
from contextlib import closing
from pathlib import Path
import faiss, numpy, sqlite_utils, zstandard
from wherein.storage.catalog import migrations
from wherein.storage.backup.backup import write_backup
from wherein.storage.catalog.connection import open_reader
from wherein.storage.backup.restore import restore_backup

def backup(library, target):
    with closing(open_reader(Path(library))) as db:
        return write_backup(db, Path(library), Path(target), "9.9").finished

def restore(backup, library):
    return restore_backup(Path(backup), Path(library), force=True).aside

for line in sys.stdin:
    order = json.loads(line)
    read, write = os.pipe()
    if not os.fork():
        os.environ["WHEREIN_FAILPOINT"] = order["failpoint"]
        if order["largest"]:
            resource.setrlimit(resource.RLIMIT_FSIZE, (order["largest"], order["largest"]))
        try:
            said = [True, globals()[order["work"]](*order["arguments"])]
        except Exception as error:
            said = [False, f"{type(error).__name__}: {error}"]
        os.write(write, json.dumps(said).encode())
        os._exit(0)
    os.close(write)
    with open(read) as pipe:
        said = json.loads(pipe.read() or "null")
    print(json.dumps([os.waitstatus_to_exitcode(os.wait()[1]), said]), flush=True)
"""
Run = Callable[..., tuple[int, Any]]


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    """Run `backup` or `restore` in a process of its own; return its exit code and, if it lived, what came of it."""
    with subprocess.Popen(
        [sys.executable, "-c", FORKS], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:

        def order(work: str, *arguments: Path, failpoint: str = "", largest: int = 0) -> tuple[int, Any]:
            assert process.stdin is not None
            assert process.stdout is not None
            told = {"work": work, "arguments": [*map(str, arguments)], "failpoint": failpoint, "largest": largest}
            print(json.dumps(told), file=process.stdin, flush=True)
            code, said = json.loads(process.stdout.readline())
            return code, said

        yield order
        process.communicate("")


def steps(step: str) -> list[str]:
    assert step in STEPS
    return [f"{step}.begun", f"{step}.written", f"{step}.committed"]


BACKUP_POINTS = [*(name for name in POINTS if name.startswith("backup.")), *steps("backup.note")]
RESTORE_POINTS = [
    *(name for name in POINTS if name.startswith(("restore.", "generation.", "checkpoint."))),
    *steps("restore.generations"),
    *steps("generation.register"),
]
WAYS = {"": EXIT_CODE, ":kill": -signal.SIGKILL}


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


@pytest.mark.parametrize("kind", KINDS)
def test_no_room_for_a_backup(library: Path, tmp_path: Path, run: Run, kind: str) -> None:
    before = answers(library)
    for largest in (40_000, (library / CATALOG).stat().st_size - 1):
        code, (done, said) = run("backup", library, tmp_path / kind, largest=largest)
        if done:  # compressed, it does fit
            continue
        assert (code, said.startswith("WhereinError: The disk is full")) == (0, True), said
        assert not (tmp_path / kind).exists()
        assert leftovers(tmp_path) == []
    assert answers(library) == before


def test_no_room_for_a_restore(library: Path, tmp_path: Path, run: Run) -> None:
    back_up(library, tmp_path / "copy.tar.zst")
    before = answers(library)
    add(library, "old", seed=7)
    old = answers(library)
    size = file_entry(library / CATALOG).size
    for largest in (1_000, size // 2):
        code, (done, said) = run("restore", tmp_path / "copy.tar.zst", library, largest=largest)
        assert (code, done, said.startswith("WhereinError: The disk is full")) == (0, False, True), said
        assert answers(library) == old
    assert leftovers(tmp_path) == []
    assert run("restore", tmp_path / "copy.tar.zst", library)[1][0]
    assert answers(library) == before


def test_the_generation_in_force_is_that_of_the_backup(library: Path, tmp_path: Path) -> None:
    back_up(library, tmp_path / "copy")
    add(library, "dddd", seed=4)
    restore_backup(tmp_path / "copy", library, force=True)
    with closing(open_reader(library)) as db:
        generation = active_generation(db)
    assert generation is not None
    assert (generation.id, generation.count) == (1, 10)
