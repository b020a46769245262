"""The options of `wherein ingest`: which go together, standard input, and the exit codes."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Run = Callable[..., Result]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["docs", "--dry-run", "--until", "06:00"], "--until has no effect in a dry run"),
        (
            ["docs", "-", "--dry-run"],
            "Standard input can be read only once: --dry-run takes files, folders and web pages",
        ),
        (["-", "--exclude", "*.log"], "--exclude and --until have no effect on standard input"),
        (["-", "--until", "06:00"], "--exclude and --until have no effect on standard input"),
        (["nowhere"], "There is no file or folder nowhere"),
    ],
)
def test_what_makes_no_sense_is_one_sentence_and_exit_code_2(run: Run, arguments: list[str], sentence: str) -> None:
    done = run("ingest", *arguments, stdin="text")
    assert (done.exit_code, done.stdout, done.stderr) == (2, "", f"wherein: {sentence}\n")
    assert len(run("documents", "list").stdout.splitlines()) == 3


def test_standard_input_is_a_document_and_the_same_name_replaces_it(run: Run) -> None:
    assert run("ingest", "-", stdin="The first text.").stdout.startswith("1 new, ")
    assert run("ingest", "-", stdin="The second text.").stdout.startswith("0 new, 1 changed, ")
    assert run("ingest", "-", "--name", "memo", stdin="The first text.").stdout.startswith("1 new, ")
    assert "The second text." in run("documents", "show", "stdin:text").stdout


def test_a_text_that_is_larger_than_the_limit_is_a_failure(run: Run) -> None:
    done = run("ingest", "-", "--max-size", "1", stdin=b"word " * 200_001)
    assert done.exit_code == 3
    assert "failed: stdin:text: larger than --max-size (1 MB): it is 1 MB" in done.stderr


def test_a_file_that_cannot_be_read_makes_the_exit_code_3_and_the_others_are_ingested(run: Run, tmp_path: Path) -> None:
    (tmp_path / "docs" / "broken.txt").write_bytes(b"%PDF-1.4")
    (tmp_path / "docs" / "new.txt").write_text("A new text.")
    done = run("ingest", "docs")
    assert done.exit_code == 3
    assert done.stdout.startswith("1 new, 0 changed, 3 unchanged, 1 failed; ")
    assert done.stderr.startswith("failed: docs/broken.txt: damaged or truncated PDF")


def test_a_dry_run_writes_nothing_and_exits_with_0(run: Run, tmp_path: Path) -> None:
    (tmp_path / "docs" / "broken.txt").write_bytes(b"%PDF-1.4")
    (tmp_path / "docs" / "new.txt").write_text("A new text.")
    done = run("ingest", "docs", "--dry-run")
    assert done.exit_code == 0
    assert done.stdout.startswith("would add 1, update 0, leave 3 unchanged, fail on 1\n1 chunk, 1 to embed (")
    assert done.stderr.startswith("failed: docs/broken.txt: ")
    plan = json.loads(run("ingest", "docs", "--dry-run", "--json").stdout.splitlines()[-1])
    assert (plan["event"], plan["new"], plan["failed"], plan["unchanged"]) == ("plan", 1, 1, 3)
    assert len(run("documents", "list").stdout.splitlines()) == 3


RUSSIAN = "Договор аренды вступает в силу завтра, хозяин принесёт ключи от квартиры."
DOUBT = "read as windows-1252, a guess (50 % sure); if it is in another encoding, ingest it again with --encoding NAME"


def test_an_encoding_that_is_given_is_remembered_with_the_source(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "docs" / "new.txt"
    file.write_bytes(RUSSIAN.encode("koi8-r"))
    assert run("ingest", "docs", "--encoding", "cp1251").stdout.startswith("1 new, 3 changed, 0 unchanged")
    assert RUSSIAN.encode("koi8-r").decode("cp1251") in run("documents", "show", "docs/new.txt").stdout
    file.write_bytes((RUSSIAN + "!").encode("koi8-r"))
    assert run("reindex").exit_code == 0
    shown = run("documents", "show", "docs/new.txt").stdout
    assert (RUSSIAN + "!").encode("koi8-r").decode("cp1251") in shown
    assert "read as cp1251, as --encoding says" in shown
    assert " changed" in run("ingest", "docs").stdout
    assert RUSSIAN + "!" in run("documents", "show", "docs/new.txt").stdout


def test_an_encoding_that_nobody_knows_is_one_sentence(run: Run) -> None:
    done = run("ingest", "docs", "--encoding", "klingon")
    sentence = "encoding is not a known encoding: 'klingon'; write, for example, windows-1251"
    assert (done.exit_code, done.stderr) == (2, f"wherein: {sentence}\n")


def test_a_guess_that_is_not_clear_is_reported(run: Run, tmp_path: Path) -> None:
    (tmp_path / "docs" / "new.txt").write_bytes("The tenant’s “deposit” costs 300 €.".encode("cp1252"))
    (tmp_path / "docs" / "clear.txt").write_bytes(RUSSIAN.encode("koi8-r"))
    assert run("ingest", "docs", "--dry-run").stderr == f"note: docs/new.txt: {DOUBT}\n"
    assert run("ingest", "docs").stderr == f"note: docs/new.txt: {DOUBT}\n"
    assert run("ingest", "docs").stderr == ""


def test_standard_input_in_another_encoding(run: Run) -> None:
    assert run("ingest", "-", "--encoding", "cp866", stdin="Счёт".encode("cp866")).exit_code == 0
    assert "Счёт" in run("documents", "show", "stdin:text").stdout
