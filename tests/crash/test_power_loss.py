"""What a loss of power may leave: writes that were not flushed, and renames whose folder was not, may be undone."""

import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import wherein
from invariants import checked_state
from mortal import every_command, finish, start
from toy import ToyEncoder
from wherein.library import Library
from wherein.storage.catalog.connection import open_reader, open_writer

ROOT = Path(wherein.__file__).parent
REINDEX = """
import sys
from pathlib import Path
from wherein.library import Library
from toy import ToyEncoder
Library(Path(sys.argv[1]), encoder=ToyEncoder()).reindex()
"""


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    (folder / "second").mkdir(parents=True)
    for n in range(12):
        (folder / f"{n}.txt").write_text("\n\n".join(f"Lot {n}.{m} has {n * m} barrels of herring." for m in range(9)))
    return folder


@pytest.fixture
def library(tmp_path: Path, docs: Path) -> Path:
    Library(tmp_path / "library", encoder=ToyEncoder()).ingest([str(docs)])
    (docs / "new.txt").write_text("The new file tells where the market opens.")
    return tmp_path / "library"


def shortened(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 3)


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def lost(path: Path) -> None:
    path.unlink()


def renamed_back(path: Path) -> None:
    path.rename(path.with_suffix(".tmp"))


@pytest.mark.parametrize(
    ("failpoint", "suffix", "loss"),
    [
        ("generation.written", "tmp", shortened),
        ("generation.written", "tmp", emptied),
        ("generation.written", "tmp", lost),
        ("generation.flushed", "tmp", lost),
        ("generation.renamed", "faiss", renamed_back),
        ("generation.folder-flushed", "faiss", None),
        ("generation.register.written", "faiss", None),
        ("generation.register.committed", "faiss", None),
        ("keywords.written", "tmp", shortened),
        ("keywords.flushed", "tmp", lost),
        ("keywords.renamed", "keywords", renamed_back),
        ("keywords.folder-flushed", "keywords", None),
    ],
)
def test_every_prefix_of_writing_a_generation(
    library: Path, docs: Path, failpoint: str, suffix: str, loss: Callable[[Path], None] | None
) -> None:
    process, receiver = start(every_command, library, docs, failpoint)
    acknowledged = finish(process, receiver)
    newest = max(path for path in (library / "generations").iterdir() if path.name.endswith(suffix))
    if loss:
        loss(newest)
    state = checked_state(library, ToyEncoder())
    assert len(state) == 13
    assert "ingest" in acknowledged
    process, receiver = start(every_command, library, docs)
    assert finish(process, receiver)[-1] == "forget"
    assert len(checked_state(library, ToyEncoder())) == 13
    assert len(list((library / "generations").iterdir())) == 2


def test_a_log_cut_anywhere_is_an_earlier_committed_state(library: Path, docs: Path, tmp_path: Path) -> None:
    process, receiver = start(every_command, library, docs, "checkpoint.begun")
    finish(process, receiver)
    log = (library / "catalog.db-wal").read_bytes()
    assert len(log) > 20_000
    chosen = random.Random(3)
    counts = set()
    for number in range(40):
        copy = Path(shutil.copytree(library, tmp_path / str(number)))
        place = chosen.randrange(len(log)) if number else len(log)
        tail = log[place:] if number % 2 else b""  # cut there, or one byte of it turned
        turned = bytes([tail[0] ^ 0xFF]) + tail[1:] if tail else b""
        (copy / "catalog.db-wal").write_bytes(log[:place] + turned)
        open_writer(copy).close()
        counts.add(len(checked_state(copy, ToyEncoder())))
    assert counts == {12, 13}


def test_the_settings_that_make_a_commit_durable(library: Path) -> None:
    writer = open_writer(library)
    settings = {
        name: writer.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous", "foreign_keys", "mmap_size")
    }
    writer.close()
    assert settings == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "mmap_size": 0}
    reader = open_reader(library)  # without one, the last to close takes the log away
    reader.execute("SELECT count(*) FROM documents").fetchone()
    Library(library, encoder=ToyEncoder()).reindex()
    assert (library / "catalog.db-wal").stat().st_size == 0  # emptied after each command
    reader.close()


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_the_order_in_which_a_generation_reaches_the_disk(library: Path, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    calls = "fsync,fdatasync,rename,pwrite64,write"
    subprocess.run(
        ["strace", "-f", "-y", "-qq", "-o", trace, "-e", f"trace={calls}", sys.executable, "-c", REINDEX, library],
        env={**os.environ, "PYTHONPATH": str(ROOT / "tests")}, check=True,
    )  # fmt: skip
    steps = []
    for line in trace.read_text(errors="replace").splitlines():
        for name, pattern in (
            ("write", r" write\(\d+<[^>]*\.tmp>"),
            ("flush", r" f(?:data)?sync\(\d+<[^>]*\.tmp>"),
            ("rename", r" rename\(\"[^\"]*\.tmp\""),
            ("flush folder", r" f(?:data)?sync\(\d+<[^>]*/generations>"),
            ("log", r" pwrite64\(\d+<[^>]*-wal>"),
            ("flush log", r" f(?:data)?sync\(\d+<[^>]*-wal>"),
        ):
            if re.search(pattern, line) and steps[-1:] != [name]:
                steps.append(name)
    first = steps.index("write")
    assert steps[first : first + 6] == ["write", "flush", "rename", "flush folder", "log", "flush log"]
