"""`wherein verify` and `wherein repair`; backup and restore on the toy library."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from wherein.library import Library

Run = Callable[..., Result]


@pytest.fixture
def index(toy_library: Library) -> Path:
    return toy_library.folder / "generations" / "000001.faiss"


def test_a_sound_library(run: Run) -> None:
    done = run("verify", "--deep")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.endswith(" checked: nothing is damaged\n")
    assert "3 documents" in done.stdout
    found = json.loads(run("verify", "--json").stdout)
    assert (found["schema"], found["damaged"], found["findings"]) == (1, False, [])
    assert found["checked"]["documents"] == 3
    done = run("repair")
    assert (done.exit_code, done.output) == (0, "0 repaired, 0 lost, 0 left\n")


def test_damage_is_found_with_exit_code_5_and_repaired(run: Run, index: Path) -> None:
    index.unlink()
    done = run("verify")
    assert done.exit_code == 5
    first, *_, last = done.stdout.splitlines()
    assert first.startswith("damaged: index: ")
    assert last.endswith(" checked: 1 damaged")
    done = run("verify", "--json")
    found = json.loads(done.stdout)
    assert (done.exit_code, found["damaged"], len(found["findings"])) == (5, True, 1)
    assert set(found["findings"][0]) == {"part", "place", "what", "remedy", "harmless"}
    done = run("repair")
    assert done.exit_code == 0
    assert done.stdout.startswith("repaired: ")
    assert done.stdout.endswith("\n1 repaired, 0 lost, 0 left\n")
    assert run("verify").exit_code == 0


def test_a_repair_as_json_names_the_quarantine(run: Run, index: Path) -> None:
    index.write_bytes(b"not an index")
    done = run("repair", "--json")
    repaired = json.loads(done.stdout)
    assert done.exit_code == 0
    assert (repaired["schema"], repaired["lost"], repaired["left"]) == (1, [], [])
    assert len(repaired["mended"]) == 1
    assert b"not an index" in [path.read_bytes() for path in Path(repaired["aside"]).rglob("*") if path.is_file()]


def test_a_backup_and_its_restore_are_described_in_a_line(run: Run, tmp_path: Path) -> None:
    shown = run("backup", "copy").output
    assert re.fullmatch(r"3 documents in copy: [\d,.]+ KB, read back, [\d.]+ s\n", shown)
    restored = run("restore", "copy", "--force").output
    pattern = (
        r"3 documents as of \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC are in library: [\d,.]+ KB, [\d.]+ s;"
        r" the earlier library is kept as (library\.before-restore-\d{8}T\d{6}Z)\n"
    )
    match = re.fullmatch(pattern, restored)
    assert match
    assert (tmp_path / match[1] / "catalog.db").exists()


def test_what_cannot_be_done_is_one_sentence_with_its_exit_code(run: Run, tmp_path: Path) -> None:
    run("backup", "copy")
    for arguments, code, words in (
        (("backup", "copy"), 2, "not empty"),
        (("restore", "copy"), 2, "--force"),
        (("restore", "nothing"), 2, "There is no backup"),
    ):
        done = run(*arguments)
        assert (done.exit_code, done.stdout) == (code, "")
        assert done.stderr.startswith("wherein: ")
        assert words in done.stderr
        assert done.stderr.count("\n") == 1
