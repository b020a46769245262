"""A file whose reading was interrupted, by a deadline or by a kill, is read to its end by the next run."""

import json
import os
import signal
import tarfile
import zipfile
from collections.abc import Callable
from contextlib import closing
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from mortal import finish, start
from toy import ToyEncoder
from wherein.ingest import commit
from wherein.ingest.progress.events import Summary
from wherein.library import Library
from wherein.storage.catalog.connection import open_reader

RECORDS = [f"Record {number} of the quay counts {number * 7} barrels." for number in range(90)]


def jsonl(path: Path) -> None:
    path.write_text("".join(json.dumps({"id": str(n), "text": text}) + "\n" for n, text in enumerate(RECORDS)))


def csv(path: Path) -> None:
    path.write_text("id,text\n" + "".join(f"{n},{text}\n" for n, text in enumerate(RECORDS)))


def archive(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as file:
        for number, text in enumerate(RECORDS):
            file.writestr(f"{number}.txt", text)


def tarball(path: Path) -> None:
    member = path.with_name("member.jsonl")
    jsonl(member)
    with tarfile.open(path, "w:gz") as file:
        file.add(member, "r.jsonl")
    member.unlink()


def one_text(path: Path) -> None:
    path.write_text("\n\n".join(RECORDS))


FILES = {"r.jsonl": jsonl, "r.csv": csv, "r.zip": archive, "r.tar.gz": tarball, "r.txt": one_text}


@pytest.fixture(params=FILES)
def docs(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder with one file, as it was long ago."""
    folder = tmp_path / "docs"
    folder.mkdir()
    FILES[request.param](folder / request.param)
    for path in folder.iterdir():
        os.utime(path, ns=(10**18, 10**18))
    return folder


def ingest_in_small_steps(folder: Path, docs: Path, acknowledge: Connection) -> None:
    commit._COMMIT_VECTORS = 10
    Library(folder, encoder=ToyEncoder()).ingest([str(docs)])  # type: ignore[arg-type]
    acknowledge.send("ingest")


def undisturbed(docs: Path, folder: Path) -> list[tuple[str, int]]:
    library = Library(folder, encoder=ToyEncoder())  # type: ignore[arg-type]
    library.ingest([str(docs)])
    return [(found.uri, found.characters) for found in library.documents()]


def count_vectors(folder: Path) -> int:
    with closing(open_reader(folder)) as db:
        return int(db.execute("SELECT count(*) FROM vectors").fetchone()[0])


def check_next_run(library: Library, docs: Path, run: Callable[[Library], Summary]) -> None:
    expected = undisturbed(docs, library.folder.with_name("undisturbed"))
    before = count_vectors(library.folder)
    summary = run(library)
    assert [(found.uri, found.characters) for found in library.documents()] == expected
    # Nothing is embedded twice.
    assert (summary.failed, summary.embedded) == (0, count_vectors(library.folder) - before)
    assert (library.problems(), library.verify().findings) == ([], ())
    again = library.reindex()
    assert (again.unchanged, again.new, again.changed) == (len(expected), 0, 0)


@pytest.mark.parametrize("moment", [3, 50])
def test_a_run_that_was_stopped(docs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: int) -> None:
    asked = count()
    with monkeypatch.context() as patch:
        patch.setattr(commit, "_COMMIT_VECTORS", 10)
        patch.setattr("wherein.library.ingesting.is_over", lambda _: next(asked) >= moment)
        library = Library(tmp_path / "library", encoder=ToyEncoder())  # type: ignore[arg-type]
        library.ingest([str(docs)])
    check_next_run(library, docs, lambda library: library.reindex())


@pytest.mark.parametrize("times", [1, 4])
def test_a_run_that_was_killed(docs: Path, tmp_path: Path, times: int) -> None:
    folder = tmp_path / "library"
    process, receiver = start(ingest_in_small_steps, folder, docs, f"ingest.batch.committed@{times}:kill")
    assert finish(process, receiver) == []
    assert process.exitcode == -signal.SIGKILL
    library = Library(folder, encoder=ToyEncoder())  # type: ignore[arg-type]
    check_next_run(library, docs, lambda library: library.ingest([str(docs)]))
