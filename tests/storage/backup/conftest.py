"""A library to back up, a backup of either format, and processes that may die."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import wherein
from backups import KINDS, Run, add, back_up

ROOT = Path(wherein.__file__).parent


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library with a generation and a delta; not to be changed."""
    folder = tmp_path_factory.mktemp("kept") / "library"
    add(folder, "a", "bb", seed=1)
    add(folder, "ccc", seed=2, index=False)
    return folder


@pytest.fixture
def library(kept: Path, tmp_path: Path) -> Path:
    return shutil.copytree(kept, tmp_path / "library")


@pytest.fixture(scope="session")
def packages(kept: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of either kind."""
    folder = tmp_path_factory.mktemp("packages")
    copy = shutil.copytree(kept, folder / "library")
    for kind in KINDS:
        back_up(copy, folder / kind)
    return folder


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
            result = [True, globals()[order["work"]](*order["arguments"])]
        except Exception as error:
            result = [False, f"{type(error).__name__}: {error}"]
        os.write(write, json.dumps(result).encode())
        os._exit(0)
    os.close(write)
    with open(read) as pipe:
        result = json.loads(pipe.read() or "null")
    print(json.dumps([os.waitstatus_to_exitcode(os.wait()[1]), result]), flush=True)
"""


@pytest.fixture(scope="session")
def run() -> Iterator[Run]:
    """Run `backup` or `restore` in a process of its own; return its exit code and, if it lived, what came of it."""
    with subprocess.Popen(
        [sys.executable, "-c", FORKS], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:

        def order(work: str, *arguments: Path, failpoint: str = "", largest: int = 0) -> tuple[int, Any]:
            assert process.stdin is not None
            assert process.stdout is not None
            request = {"work": work, "arguments": [*map(str, arguments)], "failpoint": failpoint, "largest": largest}
            print(json.dumps(request), file=process.stdin, flush=True)
            code, result = json.loads(process.stdout.readline())
            return code, result

        yield order
        process.communicate("")
