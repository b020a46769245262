"""The command line as a whole, as a person or a script runs it, in processes of its own."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from wherein import cli

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    for n in range(6):
        (folder / f"{n}.txt").write_text(f"In town {n} the market opens at {n + 5} o'clock in the morning.\n" * 3)
    return folder


def test_from_documents_to_an_answer(wherein: Command, docs: Path) -> None:
    done = wherein("ingest", str(docs))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("6 new, 0 changed, 0 unchanged; 6 chunks, 6 embedded")
    answer = json.loads(wherein("query", "when does the market of town 3 open?", "-n", "2", "--json").stdout)
    assert set(answer) == {"schema", "question", "truncated", "mode", "notes", "hits"}
    assert {"rank", "score", "uri", "title", "start", "end", "text"} <= set(answer["hits"][0])
    assert answer["hits"][0]["uri"].endswith("3.txt")
    shown = wherein("query", "when does the market of town 3 open?", "-n", "1").stdout
    assert "docs/3.txt:1" in shown
    assert "8 o'clock" in shown


def test_exit_codes_and_one_sentence_each(wherein: Command, docs: Path) -> None:
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
    (docs / "bad.txt").write_bytes(b"\xe9")
    done = wherein("ingest", str(docs), "--json")
    assert done.returncode == 3
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [event["event"] for event in events] == ["planned", "failed", "progress", "summary"]
    assert (events[-1]["unchanged"], events[-1]["failed"]) == (6, 1)


def test_looking_after_a_library(wherein: Command, docs: Path) -> None:
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
