"""Every command that prints JSON says which version of the schema it prints."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from click.testing import Result

from wherein import cli, commands
from wherein.commands.output import SCHEMA

Run = Callable[..., Result]
ARGUMENTS = {
    "backup": ["backup", "copy"],
    "doctor": ["doctor"],
    "documents list": ["documents", "list"],
    "documents show": ["documents", "show", "1"],
    "evaluate beir": None,
    "evaluate golden": ["evaluate", "golden", "golden.jsonl"],
    "evaluate squad": None,
    "export": None,
    "golden add": None,
    "golden list": ["golden", "list"],
    "import": None,
    "ingest": ["ingest", "docs"],
    "migrate": None,
    "model add": None,
    "model bench": None,
    "model fetch": None,
    "model list": ["model", "list"],
    "model show": ["model", "show", "default"],
    "query": ["query", "lease"],
    "reindex": ["reindex"],
    "repair": ["repair"],
    "restore": None,
    "sources list": ["sources", "list"],
    "sources remove": ["sources", "remove", "docs"],
    "status": ["status"],
    "verify": ["verify"],
    "watch": None,
}
"""The words by which each command that has `--json` is run, None where that takes long or needs an extra."""


def with_json(command: click.Command, path: str = "") -> Iterator[str]:
    if any("--json" in parameter.opts for parameter in command.params):
        yield path
    if isinstance(command, click.Group):
        for name in command.list_commands(click.Context(command)):
            below = command.get_command(click.Context(command), name)
            assert below
            yield from with_json(below, f"{path} {name}".strip())


def test_these_are_all() -> None:
    assert set(with_json(cli.main)) - set(ARGUMENTS) == set()
    assert set(ARGUMENTS) - set(with_json(cli.main)) <= {"golden add"}


@pytest.mark.parametrize("path", [path for path, arguments in ARGUMENTS.items() if arguments])
def test_every_line_has_the_version_of_its_schema(run: Run, tmp_path: Path, path: str) -> None:
    (tmp_path / "golden.jsonl").write_text('{"question": "lease", "documents": ["lease.txt"]}\n')
    assert run("golden", "add", "who signs?", "docs/lease.txt").exit_code == 0
    done = run(*(ARGUMENTS[path] or ()), "--json")
    lines = done.stdout.splitlines()
    assert lines, done.stderr
    assert {json.loads(line)["schema"] for line in lines} == {SCHEMA}


def test_batches_and_lists_of_answers_have_it_too(run: Run) -> None:
    batch = run("query", "--batch", "-", stdin="lease\ncats\n").stdout.splitlines()
    listed = run("query", "lease", "--format", "jsonl").stdout.splitlines()
    assert len(batch) == 2
    assert {json.loads(line)["schema"] for line in (*batch, *listed)} == {SCHEMA}


def test_json_is_written_in_one_place() -> None:
    folder = Path(commands.__file__).parent
    writing = {path.name for path in folder.glob("*.py") if "json.dumps" in path.read_text("utf-8")}
    assert writing == {"output.py"}
