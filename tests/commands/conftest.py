"""Commands run in the test's own process, on a library with the toy encoder."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from screen import Screen, Start
from toy import ToyEncoder
from wherein import cli
from wherein.commands.options import GlobalOptions
from wherein.library import Library

Run = Callable[..., Result]


@pytest.fixture
def toy_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Library:
    """A library of three texts; the current folder is the one with `docs` in it."""
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "bread.txt").write_text("Knead the dough for ten minutes.")
    (docs / "cats.txt").write_text("Cats sleep all day.")
    (docs / "lease.txt").write_text("The owner may sign the lease.")
    library = Library(tmp_path / "library", encoder=ToyEncoder())  # type: ignore[arg-type]
    library.ingest([str(docs)])
    monkeypatch.chdir(tmp_path)
    return library


@pytest.fixture
def run(toy_library: Library, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command on the toy library."""

    def open_library(_: GlobalOptions, _encoder: object = None) -> Library:
        return Library(toy_library.folder, encoder=ToyEncoder())  # type: ignore[arg-type]

    def run(*arguments: str, stdin: str | bytes = "") -> Result:
        return CliRunner().invoke(cli.main, ["--library", str(toy_library.folder), *arguments], input=stdin)

    monkeypatch.setattr(GlobalOptions, "open_library", open_library)
    return run


@pytest.fixture
def start() -> Iterator[Start]:
    """Start programs on terminals; they are ended after the test."""
    started: list[Screen] = []

    def run(*command: str, **others: object) -> Screen:
        started.append(Screen(*command, **others))  # type: ignore[arg-type]
        return started[-1]

    yield run
    for screen in started:
        screen.close()
