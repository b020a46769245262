"""The command line as a whole, as a person or a script runs it."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from wherein import cli
from wherein.commands.options import GlobalOptions
from wherein.errors import Damaged, LibraryBusy, Stale, UsageError, WhereinError
from wherein.library import Library

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    for n in range(6):
        (folder / f"{n}.txt").write_text(f"In town {n} the market opens at {n + 5} o'clock in the morning.\n" * 3)
    return folder


def test_from_documents_to_an_answer(program: Command, docs: Path) -> None:
    done = program("ingest", str(docs))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("6 new, 0 changed, 0 unchanged; 6 chunks, 6 embedded")
    answer = json.loads(program("query", "when does the market of town 3 open?", "-n", "2", "--json").stdout)
    assert set(answer) == {"schema", "question", "truncated", "mode", "notes", "corrections", "hits"}
    assert {"rank", "score", "uri", "title", "start", "end", "text"} <= set(answer["hits"][0])
    assert answer["hits"][0]["uri"].endswith("3.txt")
    shown = program("query", "when does the market of town 3 open?", "-n", "1").stdout
    assert "docs/3.txt:1" in shown
    assert "8 o'clock" in shown


def test_each_error_is_an_exit_code_and_one_sentence(wherein: Command, docs: Path) -> None:
    for arguments, code, words in (
        (("query", "anything"), 1, "wherein ingest"),
        (("ingest", "nowhere"), 2, "no file or folder nowhere"),
        (("ingest", str(docs)), 0, ""),
        (("documents", "show", "nothing"), 2, "no document nothing"),
        (("--precision", "w8a8", "ingest", str(docs)), None, ""),
        (("query", ""), 2, "empty"),
        (("query", "-n", "0", "x"), 2, "-n"),
    ):
        done = wherein(*arguments)
        if code is not None:
            assert (done.returncode, words in done.stderr) == (code, True), (arguments, done)
        assert "Traceback" not in done.stderr
    (docs / "bad.txt").write_bytes(b"%PDF-1.4")
    done = wherein("ingest", str(docs), "--json")
    assert done.returncode == 3
    events = [json.loads(line) for line in done.stdout.splitlines()]
    # On a busy machine there is more than one event of progress.
    assert sorted({event["event"] for event in events}) == ["failed", "planned", "progress", "summary"]
    assert (events[-1]["unchanged"], events[-1]["failed"]) == (6, 1)


def test_documents_and_sources_are_listed_shown_and_removed(wherein: Command, docs: Path) -> None:
    wherein("ingest", str(docs))
    status = json.loads(wherein("status", "--json").stdout)
    assert (status["documents"], status["chunks"], status["vectors"], status["generation"]) == (6, 6, 6, 1)
    assert len(wherein("documents", "list").stdout.splitlines()) == 6
    assert "market" in wherein("documents", "show", str(docs / "2.txt")).stdout
    assert wherein("documents", "remove", str(docs / "2.txt")).returncode == 0
    assert len(wherein("documents", "list").stdout.splitlines()) == 5
    assert str(docs) in wherein("sources", "list").stdout
    assert wherein("sources", "remove", str(docs)).returncode == 0
    assert wherein("sources", "list").stdout == ""
    assert wherein("ingest", "-", "--name", "memo", stdin="The memo is about lanterns.").returncode == 0
    assert "stdin:memo" in wherein("query", "lanterns", "-n", "1").stdout


def test_every_command_and_option_has_help() -> None:
    def check(command: click.Command, path: str) -> None:
        result = CliRunner().invoke(cli.main, [*path.split(), "--help"])
        assert result.exit_code == 0
        context = click.Context(command)
        for name in command.list_commands(context) if isinstance(command, click.Group) else ():
            assert isinstance(command, click.Group)
            sub = command.get_command(context, name)
            assert sub, name
            assert sub.help, name
            for option in sub.params:
                assert isinstance(option, click.Argument) or option.help, (name, option.name)
            check(sub, f"{path} {name}")

    check(cli.main, "")


def test_the_commands_are_listed_and_an_unknown_one_is_refused() -> None:
    listed = re.findall(r"^  (\w+)  ", CliRunner().invoke(cli.main, ["--help"]).stdout, re.MULTILINE)
    assert sorted(listed) == sorted(cli._MODULES) == listed
    done = CliRunner().invoke(cli.main, ["librarian"])
    assert done.exit_code == 2
    assert "No such command 'librarian'" in done.stderr


def test_the_version_is_that_of_the_package() -> None:
    assert CliRunner().invoke(cli.main, ["--version"]).stdout == f"wherein, version {version('wherein')}\n"


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (UsageError("It makes no sense"), 2, "wherein: It makes no sense\n"),
        (LibraryBusy("process 7 is writing", 7), 4, "wherein: process 7 is writing\n"),
        (Damaged("A row is damaged"), 5, "wherein: A row is damaged\n"),
        (Stale("Nothing is fresh"), 6, "wherein: Nothing is fresh\n"),
        (WhereinError("Something else"), 1, "wherein: Something else\n"),
        (KeyboardInterrupt(), 130, "wherein: interrupted\n"),
    ],
)
def test_an_error_is_its_sentence_and_its_exit_code(
    monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, message: str
) -> None:
    def fail(_: GlobalOptions) -> Library:
        raise error

    monkeypatch.setattr(GlobalOptions, "open_library", fail)
    done = CliRunner().invoke(cli.main, ["status"])
    assert (done.exit_code, done.stdout, done.stderr) == (code, "", message)


KEPT = "; what was done is kept; run the same command again to resume"


@pytest.mark.parametrize(
    ("command", "kept"),
    [
        ("ingest .", KEPT),
        ("reindex", KEPT),
        ("reindex --finish", KEPT),
        ("repair", KEPT),
        ("documents list", ""),
        ("documents show lease.md", ""),
        ("golden list", ""),
        ("query lease", ""),
        ("sources list", ""),
        ("status", ""),
        ("verify", ""),
    ],
)
def test_an_interrupted_command_says_that_work_is_kept_only_where_it_is(
    monkeypatch: pytest.MonkeyPatch, command: str, kept: str
) -> None:
    def interrupt(*_: object) -> Library:
        raise KeyboardInterrupt

    monkeypatch.setattr(GlobalOptions, "open_library", interrupt)
    done = CliRunner().invoke(cli.main, command.split())
    assert (done.exit_code, done.stdout, done.stderr) == (130, "", f"wherein: interrupted{kept}\n")


def test_sigterm_ends_a_command_as_ctrl_c_does(monkeypatch: pytest.MonkeyPatch) -> None:
    def terminate(_: GlobalOptions) -> Library:
        signal.raise_signal(signal.SIGTERM)
        raise AssertionError("the signal had no effect")

    before = signal.signal(signal.SIGTERM, lambda *_: None)  # or a failure of this test would end the test run
    monkeypatch.setattr(GlobalOptions, "open_library", terminate)
    try:
        done = CliRunner().invoke(cli.main, ["status"])
    finally:
        signal.signal(signal.SIGTERM, before)
    assert done.exit_code == 130
    assert done.stderr == "wherein: interrupted\n"


def test_a_reader_of_the_output_may_leave(environment: dict[str, str], docs: Path, wherein: Command) -> None:
    wherein("ingest", str(docs))
    command = f"{sys.executable} -m wherein documents list --json | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
