"""A library that cannot be written answers questions whoever used it before, and every writer says why it cannot."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

import wherein
from toy import ToyEncoder
from unprivileged import UNPRIVILEGED, read_only
from wherein.errors import LibraryBusy
from wherein.library import Library
from wherein.library.opening import open_for_writing
from wherein.storage.catalog.connection import CATALOG, open_reader, snapshot
from wherein.storage.catalog.documents import count_documents, list_documents
from wherein.storage.catalog.golden import add_golden

SCRIPT = """
import json, sys
from pathlib import Path
from toy import ToyEncoder
from wherein.errors import WhereinError
from wherein.library import Library
library = Library(Path(sys.argv[1]), encoder=ToyEncoder())
docs = sys.argv[2]
ASKED = {
    "query": lambda: [hit.text for hit in library.query("lease").hits],
    "status": lambda: library.status().documents,
    "verify": lambda: [library.verify().damaged, library.verify(deep=True).damaged],
    "documents": lambda: [document.title for document in library.documents()],
    "document": lambda: library.document(docs + "/a.txt")[1],
    "sources": lambda: len(library.sources()),
    "golden": lambda: len(library.golden()),
    "plan": lambda: library.plan([docs]).unchanged,
}
WRITTEN = {
    "ingest": lambda: library.ingest([docs]),
    "ingest_stream": lambda: library.ingest_stream("memo", b"A memo."),
    "reindex": lambda: library.reindex(),
    "roll_back": lambda: library.roll_back(),
    "drop_previous_model": lambda: library.drop_previous_model(),
    "remove_documents": lambda: library.remove_documents(["1"]),
    "purge": lambda: library.remove_documents(["1"], purge=True),
    "remove_source": lambda: library.remove_source("1"),
    "add_golden": lambda: library.add_golden("q", "1"),
    "remove_golden": lambda: library.remove_golden("1"),
    "repair": lambda: library.repair(),
}
def outcome(work):
    try:
        return work()
    except WhereinError as error:
        return str(error)
print(json.dumps({name: outcome(work) for name, work in globals()[sys.argv[3]].items()}))
"""
ANSWERS = {
    "query": ["The lease is signed by the owner."], "status": 1, "verify": [False, False], "documents": ["a.txt"],
    "document": "The lease is signed by the owner.", "sources": 1, "golden": 0, "plan": 1,
}  # fmt: skip


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.txt").write_text("The lease is signed by the owner.")
    os.utime(tmp_path / "docs" / "a.txt", (10**9, 10**9))
    return tmp_path / "docs"


@pytest.fixture
def library(tmp_path: Path, docs: Path) -> Path:
    Library(tmp_path / "library", encoder=ToyEncoder()).ingest([str(docs)])
    return tmp_path / "library"


def outcomes(library: Path, docs: Path, kind: str, **environment: str) -> dict[str, object]:
    path = str(Path(wherein.__file__).parent / "tests")
    result = subprocess.run(
        [*UNPRIVILEGED, sys.executable, "-c", SCRIPT, str(library), str(docs), kind],
        env={**os.environ, "PYTHONPATH": path, **environment}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    found: dict[str, object] = json.loads(result.stdout)
    return found


def no_log(library: Path) -> int:
    assert {path.name for path in library.glob(f"{CATALOG}*")} == {CATALOG}
    return 0


def with_log(library: Path) -> int:
    """Leave the log of a writer that was killed, with a golden question that the catalog itself does not have yet."""
    with open_for_writing(library, wait=False) as db:
        add_golden(db, "Who signs?", next(iter(list_documents(db, ""))).uri)
        for name in (CATALOG, f"{CATALOG}-wal", f"{CATALOG}-shm"):
            shutil.copyfile(library / name, library / f"copy-{name}")
    for path in library.glob("copy-*"):
        path.replace(library / path.name.removeprefix("copy-"))
    assert (library / f"{CATALOG}-wal").stat().st_size
    return 1


def without_shared_memory(library: Path) -> int:
    with_log(library)
    (library / f"{CATALOG}-shm").unlink()
    return 1


def with_an_empty_log(library: Path) -> int:
    (library / f"{CATALOG}-wal").touch()
    return 0


def with_shared_memory_alone(library: Path) -> int:
    with_log(library)
    with open_for_writing(library, wait=False):
        shutil.copyfile(library / f"{CATALOG}-shm", library / "shm")
    (library / "shm").rename(library / f"{CATALOG}-shm")
    return 1


@pytest.fixture(
    params=[
        no_log,
        with_log,
        *(
            pytest.param(prepare, marks=pytest.mark.slow)
            for prepare in (without_shared_memory, with_an_empty_log, with_shared_memory_alone)
        ),
    ],
    ids=lambda prepare: prepare.__name__,
)
def left(request: pytest.FixtureRequest) -> Callable[[Path], int]:
    """Leave a library as its users may, and return how many golden questions it has then."""
    prepare: Callable[[Path], int] = request.param
    return prepare


def test_questions_are_answered_whoever_used_it_before(library: Path, docs: Path, left: Callable[[Path], int]) -> None:
    golden = left(library)
    with read_only(library):
        before = {path: path.stat().st_mtime_ns for path in library.rglob("*")}
        assert outcomes(library, docs, "ASKED") == {**ANSWERS, "golden": golden}
        assert {path: path.stat().st_mtime_ns for path in library.rglob("*")} == before


def test_questions_are_answered_while_its_owner_has_it_open(library: Path, docs: Path) -> None:
    with open_for_writing(library, wait=False) as db:
        db.execute("CREATE TABLE in_the_log_only (x)")
        with read_only(library):
            assert outcomes(library, docs, "ASKED") == ANSWERS


def test_every_writer_says_in_one_sentence_that_it_cannot_be_written(library: Path, docs: Path) -> None:
    with read_only(library):
        found = outcomes(library, docs, "WRITTEN")
    assert set(found.values()) == {
        f"The library cannot be written: Permission denied ({library}/writer.lock);"
        " run this as the user who owns it, or change its permissions"
    }


@pytest.mark.parametrize("name", [CATALOG, "writer.lock", "."])
def test_one_part_that_cannot_be_written_is_enough(library: Path, docs: Path, name: str) -> None:
    (library / "writer.lock").unlink(missing_ok=True)
    (library / "writer.lock").touch()
    (library / name).chmod(0o500 if name == "." else 0o400)
    found = outcomes(library, docs, "WRITTEN")
    (library / name).chmod(0o700)
    assert all(str(sentence).startswith("The library cannot be written") for sentence in found.values()), found


@pytest.mark.parametrize("kind", ["ASKED", "WRITTEN"])
@pytest.mark.parametrize("name", [CATALOG, "."])
def test_a_library_that_cannot_be_read_is_a_sentence(library: Path, docs: Path, name: str, kind: str) -> None:
    (library / name).chmod(0)
    found = outcomes(library, docs, kind)
    (library / name).chmod(0o700)
    assert all(str(sentence).startswith("The library") for sentence in found.values()), found


def test_a_private_copy_needs_a_folder_for_temporary_files_and_leaves_nothing_there(
    library: Path, docs: Path, tmp_path: Path
) -> None:
    without_shared_memory(library)
    (tmp_path / "tmp").mkdir()
    with read_only(library):
        assert outcomes(library, docs, "ASKED", TMPDIR=str(tmp_path / "tmp")) == {**ANSWERS, "golden": 1}
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_folder_is_created_where_that_is_allowed_only(tmp_path: Path, docs: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o500)
    found = outcomes(tmp_path / "closed" / "library", docs, "WRITTEN")
    assert found["ingest"] == f"The library {tmp_path}/closed/library cannot be created: Permission denied"


@pytest.fixture
def unlocked(library: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A library that this process reads as if its folder could not be written."""
    with read_only(library):
        if UNPRIVILEGED:  # root would create the files for locks
            from wherein.storage.catalog import connection
            from wherein.storage.catalog.unlocked import open_unlocked

            monkeypatch.setattr(connection, "_connect_reader", open_unlocked)
        yield library


def change(library: Path) -> None:
    """Write to the library and empty its log, as its owner does elsewhere."""
    library.chmod(0o700)
    for path in library.rglob("*"):
        path.chmod(0o700)
    with open_for_writing(library, wait=False) as db:
        db.execute("DELETE FROM documents")


def test_a_change_during_a_snapshot_is_noticed_at_its_end(unlocked: Path) -> None:
    with closing(open_reader(unlocked)) as db:
        with pytest.raises(LibraryBusy, match="was changed while it was being read"), snapshot(db) as state:
            assert count_documents(state) == 1
            change(unlocked)
        with pytest.raises(LibraryBusy), snapshot(db):
            pass


def test_an_open_library_sees_what_its_owner_changed(unlocked: Path) -> None:
    library = Library(unlocked, encoder=ToyEncoder())
    assert len(library.query("lease").hits) == 1
    change(unlocked)
    assert library.status().documents == 0
    assert library.query("lease").hits == []


def test_a_library_on_a_read_only_mount(library: Path, docs: Path, tmp_path: Path) -> None:
    place = tmp_path / "mounted"
    place.mkdir()
    bound = subprocess.run(["mount", "--bind", library, place], capture_output=True, text=True, check=False)
    if bound.returncode:
        pytest.skip(f"a folder cannot be mounted here: {bound.stderr.strip()}")
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", place], check=True, capture_output=True)
        assert outcomes(place, docs, "ASKED") == ANSWERS
        assert set(outcomes(place, docs, "WRITTEN").values()) == {
            f"The library cannot be written: Read-only file system ({place}/writer.lock);"
            " mount its disk for writing, or name a copy of the library with --library"
        }
    finally:
        subprocess.run(["umount", place], check=True)
