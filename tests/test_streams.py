"""Closed, full and narrow standard streams: one sentence or a readable replacement, and the right exit code."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from toy import ToyEncoder
from wherein.library import Library

TEXT = "しりとり … „gnu“"
COMMANDS = [
    ["query", "--mode", "keyword", "gnu"], ["query", "--mode", "keyword", "gnu", "--json"], ["status", "--json"],
    ["documents", "list"], ["documents", "show", "1", "--json"], ["golden", "list"], ["--help"],
]  # fmt: skip


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("streams")
    (folder / "しり.txt").write_text(TEXT)
    library = Library(folder / "library", encoder=ToyEncoder())
    library.ingest([str(folder / "しり.txt")])
    library.add_golden(TEXT, str(folder / "しり.txt"))
    return folder / "library"


def run(library: Path, command: list[str], redirected: str = "", **environment: str) -> tuple[int, bytes, str]:
    """Return exit code, standard output and standard error of a command whose streams a shell redirects."""
    result = subprocess.run(
        ["bash", "-c", f'"$0" -m wherein --library "$@" {redirected}', sys.executable, str(library), *command],
        env={**os.environ, **environment}, capture_output=True, stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    return result.returncode, result.stdout, result.stderr.decode("utf-8", "replace")


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_output_that_cannot_be_written_is_a_sentence(library: Path, command: list[str]) -> None:
    written = "wherein: Standard output cannot be written: "
    assert run(library, command, "> /dev/full") == (1, b"", f"{written}No space left on device\n")
    assert run(library, command, ">&-") == (1, b"", f"{written}it is closed\n")
    assert run(library, command, "> /dev/full 2>&1") == (1, b"", "")


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_nobody_has_to_read_the_output(library: Path, command: list[str]) -> None:
    code, _, errors = run(library, command, "| exec 0<&-; exit ${PIPESTATUS[0]}")
    assert (code, errors) == (0, "")


@pytest.mark.parametrize("command", [["status"], ["sources", "list"], ["query", "--mode", "keyword", "gnu"]], ids=str)
def test_a_stream_that_is_not_needed_may_be_closed(library: Path, command: list[str]) -> None:
    usual = run(library, command)
    assert usual[0] == 0
    for redirected in ("<&-", "2>&-", "<&- 2>&-", "2> /dev/full"):
        assert run(library, command, redirected) == usual


@pytest.mark.parametrize("redirected", ["2>&-", "2> /dev/full", "<&- 2>&-", "<&- >&- 2>&-"])
def test_without_a_stream_for_messages_the_exit_code_stays(library: Path, redirected: str) -> None:
    assert run(library, ["documents", "show", "nonsense"], redirected) == (2, b"", "")
    assert run(library / "none", ["status"], redirected) == (1, b"", "")
    assert run(library, ["nonsense"], redirected) == (2, b"", "")


@pytest.mark.parametrize("redirected", ["<&-", "0> /dev/null"])
@pytest.mark.parametrize("command", [["query"], ["ingest", "-"], ["query", "--batch", "-"]], ids=" ".join)
def test_input_that_cannot_be_read_is_a_sentence(library: Path, command: list[str], redirected: str) -> None:
    code, output, errors = run(library, command, redirected)
    assert (code, output, errors) == (2, b"", "wherein: Standard input cannot be read: it is closed\n")


def test_questions_may_hold_bytes_that_are_no_text(library: Path) -> None:
    code, output, errors = run(library, ["query", "--mode", "keyword", "--json"], "<<< $'gnu \\xff'")
    assert (code, errors) == (0, "")
    assert json.loads(output)["question"] == "gnu \ufffd"


NARROW = ["latin-1", *(pytest.param(name, marks=pytest.mark.slow) for name in ("cp1252", "ascii"))]


@pytest.fixture(scope="module")
def whole(library: Path) -> Callable[..., bytes]:
    """Return what a command prints where everything can be shown."""
    return cache(lambda *command: run(library, list(command))[1])


@pytest.mark.parametrize("encoding", NARROW)
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_what_a_terminal_cannot_show_is_replaced(
    library: Path, whole: Callable[..., bytes], command: list[str], encoding: str
) -> None:
    code, output, errors = run(library, command, PYTHONIOENCODING=encoding)
    assert (code, errors) == (0, "")
    if "--json" in command:
        assert json.loads(output.decode(encoding)) == json.loads(whole(*command))
    else:
        assert output == whole(*command).decode().encode(encoding, "replace")


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_the_locale_may_be_ascii(library: Path, command: list[str]) -> None:
    code, output, errors = run(library, command, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert (code, errors) == (0, "")
    assert output.isascii()
    if "--json" in command:
        assert json.loads(output)


@pytest.mark.parametrize("question", ["しりとり", "größe", "„gnu“"])
def test_a_question_is_utf_8_in_an_ascii_locale_too(library: Path, question: str) -> None:
    command = ["query", "--mode", "keyword", "--json", question]
    code, output, _ = run(library, command, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert code == 0
    assert json.loads(output)["question"] == question


def test_a_closed_stream_is_not_given_to_a_file_of_the_library(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("A lease.")
    library = Library(tmp_path / "library", encoder=ToyEncoder())
    library.ingest([str(tmp_path / "a.txt")])
    for redirected in (">&-", "2>&-", "<&- >&- 2>&-"):
        run(tmp_path / "library", ["golden", "add", "who?", "1"], redirected)
        assert library.verify().damaged is False
    assert [row.question for row in library.golden()] == ["who?"]
