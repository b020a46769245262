"""The program runs where the modules and functions that only Unix has are missing: it imports none of them."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import hide_unix
import wherein

ROOT = Path(wherein.__file__).resolve().parent
_IMPORT_ALL = """
import importlib, pkgutil
import wherein
left_out = tuple(f"wherein.{name}" for name in ("tests", "bench", "docs", "recipe", "build", "__main__"))
names = [module.name for module in pkgutil.walk_packages(wherein.__path__, "wherein.")]
names = [name for name in names if not name.startswith(left_out)]
for name in names:
    importlib.import_module(name)
print(len(names))
"""
_USE = """
import sys
from pathlib import Path
from toy import ToyEncoder
from wherein.errors import LibraryBusy
from wherein.library import Library
from wherein.storage.disk.lock import writer_lock
folder = Path(sys.argv[1])
with Library(folder / "library", encoder=ToyEncoder(), jobs=1) as library:
    print(library.ingest([str(folder / "docs")]).new)
    print(library.query("who signs the lease?").hits[0].uri.rpartition("/")[2])
    (folder / "docs" / "bread.txt").write_text("Bread rests for an hour.")
    summary = library.reindex()
    print(summary.new, summary.removed)
    library.backup(folder / "backup")
    print(library.verify().damaged)
    with writer_lock(folder / "library"):
        try:
            library.ingest([str(folder / "docs")])
        except LibraryBusy as error:
            print(error.pid == __import__("os").getpid())
"""


GUARDED = {
    "systemd.py": {"getuid"},  # units are for Linux
    "ingest/workers/pool.py": {"killpg"},
    "ingest/workers/memory.py": {"wait4", "resource"},
    "storage/backup/archive.py": {"posix_fadvise"},
    "storage/index/build.py": {"sched_getaffinity"},
    "diagnosis/machine.py": {"sched_getaffinity", "sysconf"},
    "commands/prompt.py": {"readline"},
}
"""Where something that only Unix has is used, after a look whether it is there."""


def test_what_only_unix_has_is_used_in_few_places() -> None:
    wanted = {*hide_unix.MODULES, *hide_unix.FUNCTIONS, *hide_unix.SIGNALS, "getuid", "geteuid", "uname"}
    found: dict[str, set[str]] = {}
    for path in ROOT.rglob("*.py"):
        name = path.relative_to(ROOT).as_posix()
        if name.split("/")[0] in ("tests", "bench", "docs", "recipe", "build") or name.startswith("."):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = {node.attr} if isinstance(node, ast.Attribute) and _is_system(node.value) else set()
            names |= {alias.name for alias in node.names} if isinstance(node, ast.Import) else set()
            names |= {str(node.module)} if isinstance(node, ast.ImportFrom) else set()
            if names & wanted:
                found.setdefault(name, set()).update(names & wanted)
    assert found == GUARDED


def _is_system(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in ("os", "signal")


@pytest.fixture
def hidden(tmp_path: Path) -> dict[str, str]:
    """The environment of processes in which what only Unix has is hidden, also of those that they start."""
    (tmp_path / "hide").mkdir()
    (tmp_path / "hide" / "sitecustomize.py").write_text(Path(hide_unix.__file__).read_text("utf-8"), "utf-8")
    paths = (tmp_path / "hide", ROOT / "tests")
    return {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths)), "XDG_CACHE_HOME": str(tmp_path / "cache")}


def run(hidden: dict[str, str], *words: str) -> str:
    done = subprocess.run([sys.executable, *words], env=hidden, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    return done.stdout


def test_they_are_hidden(hidden: dict[str, str]) -> None:
    for module in ("fcntl", "resource", "termios"):
        assert module in hide_unix.MODULES
        code = f"try:\n import {module}\nexcept ImportError: print('hidden')"
        assert run(hidden, "-c", code) == "hidden\n"
    assert run(hidden, "-c", "import os, signal; print(hasattr(os, 'pread'), hasattr(signal, 'SIGHUP'))") == (
        "False False\n"
    )


def test_every_module_is_imported_without_them(hidden: dict[str, str]) -> None:
    assert int(run(hidden, "-c", _IMPORT_ALL)) > 300


@pytest.mark.workers
def test_a_library_is_used_without_them(hidden: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "lease.txt").write_text("The owner signs the lease.")
    (tmp_path / "docs" / "herring.txt").write_text("Herring is sold by the barrel.")
    assert run(hidden, "-c", _USE, str(tmp_path)).splitlines() == ["2", "lease.txt", "1 0", "False", "True"]


def test_the_command_line_runs_without_them(hidden: dict[str, str], tmp_path: Path) -> None:
    command = ("-m", "wherein", "--library", str(tmp_path / "library"))
    (tmp_path / "lease.txt").write_text("The owner signs the lease.")
    assert run(hidden, *command, "ingest", str(tmp_path / "lease.txt")).startswith("1 new")
    assert json.loads(run(hidden, *command, "query", "lease", "--json"))["hits"][0]["title"] == "lease.txt"
    assert run(hidden, *command, "doctor").endswith("no problems\n")
    assert run(hidden, *command, "completion", "bash").startswith("_wherein_completion()")
