"""`wherein export`, `import` and `migrate`, and the options of `--engine`."""

import json
from pathlib import Path

import pytest

from conftest import Command
from exports import every_kind

pytest.importorskip("pyarrow", reason="exports are Parquet files; install wherein[cluster]")


@pytest.fixture(autouse=True)
def library(tmp_path: Path) -> None:
    every_kind(tmp_path / "library", tmp_path / "docs")


def test_a_library_is_exported_and_imported(wherein: Command, tmp_path: Path) -> None:
    run = wherein("export", "out")
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("9 documents with 39 passages in out: ")
    run = wherein("--library", "copy", "import", "out", "--json")
    done = json.loads(run.stdout)
    assert (run.returncode, done["documents"], done["overlap"], done["resumed"]) == (0, 9, 1.0, False)
    again = json.loads(wherein("--library", "copy", "export", "again", "--json").stdout)
    assert again["identity"] == done["identity"] == json.loads((wherein("export", "o", "--json")).stdout)["identity"]


def test_a_library_is_migrated(wherein: Command, tmp_path: Path) -> None:
    run = wherein("migrate", "--to", "copy")
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.startswith("9 documents with 39 passages are in copy: 100.0% of the nearest passages found, ")
    shown = wherein("--library", "copy", "documents", "show", str(tmp_path / "docs" / "records.jsonl#r1"))
    assert "The quay counts 1 boats." in shown.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("export", "docs"), "The folder {}/docs is not empty; choose another one"),
        (("export", "nowhere/out"), "There is no folder {}/nowhere; create it, or mount the disk, first"),
        (("import", "docs"), "docs is not an export, which is a folder with an export.json"),
        (("migrate", "--to", "docs"), "The folder {}/docs is not empty; choose another one"),
        (("migrate", "--to", "milvus:nowhere"), "is not the address of a library in Milvus"),
        (("ingest", "docs", "--actors", "2"), "--address and --actors go with --engine ray"),
        (("ingest", "docs", "--address", "auto"), "--address and --actors go with --engine ray"),
        (("ingest", "-", "--engine", "ray"), "--engine ray has no effect on standard input, nor in a dry run"),
        (("ingest", "docs", "--engine", "ray", "--dry-run"), "--engine ray has no effect on standard input, nor"),
    ],
)
def test_wrong_arguments_cost_a_sentence(
    wherein: Command, tmp_path: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    run = wherein(*arguments)
    assert (run.returncode, run.stdout) == (2, "")
    assert sentence.format(tmp_path) in run.stderr
    assert run.stderr.count("\n") == 1
