"""No room on the disk, a limit on file sizes, a disk that reports errors: a sentence, and nothing kept is lost."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from wherein.library import Library

Open = Callable[[], Library]
Command = Callable[..., subprocess.CompletedProcess[str]]
WRITE_GENERATION = """
import resource, sys
from pathlib import Path
from wherein.errors import WhereinError
from wherein.storage.catalog.connection import open_writer
from wherein.storage.catalog.sqlite_errors import translating_errors
from wherein.storage.index.generation_writer import write_generation
from wherein.storage.catalog.models import bound_model
folder = Path(sys.argv[1])
db = open_writer(folder)
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
try:
    with translating_errors():
        write_generation(db, folder, bound_model(db))
except WhereinError as error:
    print(error)
"""


@pytest.fixture
def library(tmp_path: Path, open_library: Open) -> Path:
    """A library that knows of a lease, and beside it a folder with much more to take in."""
    (tmp_path / "lease.txt").write_text("The lease may be signed by the owner of the house or by her attorney.")
    open_library().ingest([str(tmp_path / "lease.txt")])
    (tmp_path / "more").mkdir()
    for n in range(8):
        (tmp_path / "more" / f"{n}.txt").write_text(f"Herring {n}.\n\n" + "x" * 200_000)
    return tmp_path / "library"


@pytest.fixture
def ingest(environment: dict[str, str], tmp_path: Path) -> Command:
    """Return a function that starts the program, to ingest the folder, after some words of a shell.

    Its cache is that of all tests, so that a limit on file sizes does not meet the compiled graph.
    """

    def run(library: Path, *, before: str = "") -> subprocess.CompletedProcess[str]:
        script = f'{before} "$0" -m wherein --library "$1" ingest more'
        return subprocess.run(
            ["bash", "-c", script, sys.executable, str(library)],
            env=environment, cwd=tmp_path, text=True, capture_output=True, timeout=120, check=False,
        )  # fmt: skip

    return run


def assert_one_sentence(done: subprocess.CompletedProcess[str], words: str) -> None:
    assert done.returncode == 1, done
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def assert_nothing_is_lost(wherein: Command, library: Path) -> None:
    assert_the_lease_is_found(wherein, library)
    done = wherein("--library", str(library), "ingest", "more")
    assert done.returncode == 0
    assert len(wherein("--library", str(library), "documents", "list").stdout.splitlines()) == 9


def assert_the_lease_is_found(wherein: Command, library: Path) -> None:
    answer = wherein("--library", str(library), "query", "who may sign the lease?", "-n", "1")
    assert answer.returncode == 0
    assert "her attorney" in answer.stdout


@pytest.mark.slow
def test_a_limit_on_file_sizes(library: Path, ingest: Command, wherein: Command) -> None:
    assert_one_sentence(ingest(library, before="ulimit -f 400; exec"), "disk is full")
    assert_nothing_is_lost(wherein, library)


def test_a_generation_that_cannot_be_written_leaves_the_old_one(library: Path, open_library: Open) -> None:
    (library.parent / "second.txt").write_text("The second text is about lanterns.")
    open_library().ingest([str(library.parent / "second.txt")])
    done = subprocess.run(
        [sys.executable, "-c", WRITE_GENERATION, str(library)], capture_output=True, text=True, check=True
    )
    assert "disk is full" in done.stdout
    assert open_library().status().generation == 1
    assert "lanterns" in open_library().query("lanterns", 1).hits[0].text
    open_library().reindex()
    assert open_library().status().generation == 3
    assert [path.name for path in sorted((library / "generations").iterdir())] == ["000003.faiss", "000004.keywords"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    place.mkdir()
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place], capture_output=True, check=False)
    if mount.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {mount.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", place], check=True)


@pytest.mark.slow
def test_a_full_disk(library: Path, ingest: Command, wherein: Command, small_disk: Path) -> None:
    on_disk = Path(shutil.copytree(library, small_disk / "library"))
    assert_one_sentence(ingest(on_disk), "disk is full")
    assert_the_lease_is_found(wherein, on_disk)
    shutil.copytree(on_disk, library, dirs_exist_ok=True)
    assert_nothing_is_lost(wherein, library)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("strace") is None, reason="strace, which makes system calls fail, is not installed")
@pytest.mark.parametrize("call", ["fsync,fdatasync", "pwrite64"])
def test_a_disk_that_reports_errors(library: Path, ingest: Command, wherein: Command, call: str) -> None:
    wal = library / "catalog.db-wal"
    broken = f"exec strace -f -qq -o /dev/null -P {wal} -e inject={call}:error=EIO:when=2+"
    assert_one_sentence(ingest(library, before=broken), "disk")
    assert_nothing_is_lost(wherein, library)
