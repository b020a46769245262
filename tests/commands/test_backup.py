"""The commands backup and restore: their output, their exit codes, and what is left when they are killed."""

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from fork_server import run_command
from released_libraries import FIXTURES, unpack
from wherein.storage.backup.manifest import MANIFEST
from wherein.storage.catalog.connection import CATALOG, open_reader
from wherein.storage.disk.failpoints import EXIT_CODE
from wherein.storage.disk.lock import writer_lock

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def wherein(tmp_path: Path) -> Command:
    unpack(FIXTURES[-1], tmp_path / "library")
    environment = {**os.environ, "WHEREIN_LIBRARY": str(tmp_path / "library")}

    def run(*arguments: str, failpoint: str = "") -> subprocess.CompletedProcess[str]:
        return run_command(*arguments, environment={**environment, "WHEREIN_FAILPOINT": failpoint}, folder=tmp_path)

    return run


def test_output_for_people_and_as_json(wherein: Command, tmp_path: Path) -> None:
    done = wherein("backup", "copy.tar.zst", "--verify")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"3 documents in copy\.tar\.zst: \d+\.\d KB, restored as a trial, [\d.]+ s\n", done.stdout)
    report = json.loads(wherein("backup", "copy", "--json").stdout)
    assert (report["schema"], report["place"], report["documents"]) == (1, str(tmp_path / "copy"), 3)
    assert (report["index"], report["noted"], report["verified"], report["warnings"]) == (True, True, False, [])
    assert report["bytes"] == sum(path.stat().st_size for path in (tmp_path / "copy").rglob("*") if path.is_file())
    done = wherein("restore", "copy", "--force")
    assert (done.returncode, done.stderr) == (0, "")
    aside = tmp_path / done.stdout.rstrip().rpartition(" ")[2]
    assert re.fullmatch(r"library\.before-restore-\d{8}T\d{6}Z", aside.name)
    assert (aside / CATALOG).exists()
    report = json.loads(wherein("--library", "new", "restore", "copy.tar.zst", "--json").stdout)
    assert (report["schema"], report["library"], report["documents"]) == (1, str(tmp_path / "new"), 3)
    assert (report["aside"], report["rebuilt"]) == (None, False)


def test_exit_codes_and_one_sentence_each(wherein: Command, tmp_path: Path) -> None:
    wherein("backup", "copy")
    shutil.copytree(tmp_path / "copy", tmp_path / "cut")
    os.truncate(tmp_path / "cut" / CATALOG, 9000)
    (tmp_path / "file").touch()

    def check(code: int, words: str, *arguments: str) -> None:
        done = wherein(*arguments)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (code, "", 1), done
        assert words in done.stderr

    check(2, "not empty", "backup", "copy")
    check(1, "There is no library", "--library", "nowhere", "backup", "copy2")
    check(2, "--force", "restore", "copy")
    check(2, "There is no backup", "restore", "nothing")
    check(5, "the size of catalog.db is not", "restore", "cut", "--force")
    with writer_lock(tmp_path / "library"):
        check(4, str(os.getpid()), "restore", "copy", "--force")
    with closing(sqlite3.connect(tmp_path / "library" / CATALOG, isolation_level=None)) as db:
        db.execute("UPDATE chunks SET start = start + 1 WHERE id = 1")
    check(5, "No backup was written", "backup", "copy3")


def test_killed_commands_finish_when_they_are_run_again(wherein: Command, tmp_path: Path) -> None:
    assert wherein("backup", "copy", failpoint="backup.renamed").returncode == EXIT_CODE
    assert "an interrupted run had written it" in wherein("backup", "copy").stdout
    assert wherein("restore", "copy", "--force", failpoint="restore.aside:kill").returncode == -signal.SIGKILL
    asked = wherein("status")
    assert (asked.returncode, "a restore was interrupted" in asked.stderr) == (1, True)
    assert str(next(tmp_path.glob("library.before-restore-*"))) in asked.stderr
    assert wherein("restore", "copy").returncode == 0
    assert json.loads(wherein("status", "--json").stdout)["documents"] == 3


def test_the_catalog_in_a_backup_can_be_opened_directly(wherein: Command, tmp_path: Path) -> None:
    wherein("backup", "copy")
    with closing(open_reader(tmp_path / "copy")) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    assert sorted(path.name for path in (tmp_path / "copy").iterdir()) == [MANIFEST, CATALOG, "generations"]
