"""The process that reads files."""

import os
import subprocess
import sys
from multiprocessing import Pipe
from pathlib import Path

import wherein
from wherein.ingest.workers.parse import End, Items, Job, Opened
from wherein.ingest.workers.worker import READY

ROOT = Path(wherein.__file__).parent


def test_a_worker_imports_no_model_index_or_catalog(tmp_path: Path) -> None:
    code = (
        "import sys; from wherein.ingest.workers import worker;"
        " print([name for name in ('openvino', 'faiss', 'sqlite3', 'sqlite_utils', 'tokenizers', 'click')"
        " if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def serve(theirs: int, parent: int) -> subprocess.Popen[bytes]:
    """Start a worker as the pool does, with its end of a connection."""
    code = "import sys; from wherein.ingest.workers.worker import main; main(*map(int, sys.argv[1:]))"
    return subprocess.Popen([sys.executable, "-c", code, str(theirs), str(parent)], cwd=ROOT, pass_fds=[theirs])


def test_jobs_are_answered_in_order_until_the_connection_is_closed() -> None:
    ours, theirs = Pipe()
    process = serve(theirs.fileno(), os.getpid())
    theirs.close()
    assert ours.recv() == READY
    for number in range(3):
        ours.send(Job(f"{number}.txt", b"Text %d." % number))
    for number in range(3):
        opened, items, end = (ours.recv() for _ in range(3))
        assert isinstance(opened, Opened)
        assert isinstance(items, Items)
        assert [item.text for item in items.items] == [f"Text {number}."]  # type: ignore[union-attr]
        assert end == End()
    ours.close()
    assert process.wait(20) == 0


def test_a_worker_of_a_parent_that_has_ended_ends() -> None:
    ours, theirs = Pipe()
    process = serve(theirs.fileno(), 1)  # as if the parent had ended, and init had adopted the worker
    theirs.close()
    assert process.wait(20) == 0
    ours.close()
