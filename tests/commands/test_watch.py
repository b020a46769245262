"""`wherein watch`: the real program, stopped, killed and flooded."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from awaiting import until
from wherein.commands.watch import WatchReporter
from wherein.ingest.progress.events import CaughtUp, Note, RunProblem, Watching, summarize
from wherein.library import Library

Open = Callable[[], Library]
Begin = Callable[..., "subprocess.Popen[str]"]
# Of these, a twentieth are followed by a kill; docs/contributing.md has a longer run.
EDITS = int(os.environ.get("WHEREIN_EDITS", "60"))
QUESTIONS = ("Which lot has 42 apples?", "pears in the barn", "lot 7", "who sold the harvest?")


@pytest.fixture
def begin(environment: dict[str, str]) -> Iterator[Begin]:
    """Return a function that starts the command, and returns when the sources are followed."""
    started: list[subprocess.Popen[str]] = []
    # A shell's background jobs ignore it, and so does what they start.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)

    def run(*, follow: bool = True) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "wherein", "--precision", "w8a32", "watch", "--json"]
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1
        )
        started.append(process)
        assert process.stdout
        while follow:
            line = process.stdout.readline()
            assert line, process.stderr.read() if process.stderr else ""
            follow = json.loads(line)["event"] != "watching"
        return process

    yield run
    signal.signal(signal.SIGINT, before)
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    folder = tmp_path / "notes"
    for number in range(250):
        write(folder / f"{number % 10}" / f"{number}.md", number)
    return folder


def write(path: Path, number: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"Lot {number} has {number * 6} apples.\n\nIt was sold by farmer {number % 13} in the barn.")


def content(library: Library) -> list[tuple[str, str, str]]:
    return [(found.uri, found.title, library.document(found.uri)[1]) for found in library.documents()]


def answers(library: Library) -> list[list[tuple[str, str]]]:
    return [[(hit.uri, hit.text) for hit in library.query(question, 10).hits] for question in QUESTIONS]


def is_idle(library: Library) -> bool:
    state: Any = library.status().watch
    return bool(state) and state["doing"] == "idle" and not state["pending"]


def has(library: Library, path: Path) -> bool:
    return path.as_uri() in {found.uri for found in library.documents()}


class Editor:
    """Changes files at random: it writes, renames files and folders, and removes."""

    def __init__(self, folder: Path) -> None:
        self._random = np.random.default_rng(18)
        self._folder = folder
        self._number = 1_000

    def edit(self) -> None:
        files = sorted(path for path in self._folder.rglob("*.md"))
        chosen = files[self._random.integers(len(files))]
        self._number += 1
        kind = self._random.choice(["write", "create", "replace", "rename", "rename folder", "remove"])
        if kind == "write":
            write(chosen, self._number)
        elif kind == "create":
            write(self._new(), self._number)
        elif kind == "replace":  # as editors do
            write(chosen.with_suffix(".tmp"), self._number)
            chosen.with_suffix(".tmp").replace(chosen)
        elif kind == "rename":
            target = self._new()
            target.parent.mkdir(parents=True, exist_ok=True)
            chosen.rename(target)
        elif kind == "rename folder":
            chosen.parent.rename(self._folder / f"folder {self._number}")
        else:
            chosen.unlink()

    def _new(self) -> Path:
        return self._folder / f"{self._random.integers(8)}" / f"new {self._number}.md"


@pytest.mark.slow
@pytest.mark.workers
def test_edits_and_kills_end_as_a_fresh_ingest(
    open_library: Open, notes: Path, begin: Begin, tmp_path: Path, compiled_cache: Path
) -> None:
    library = open_library()
    library.ingest([notes])
    editor = Editor(notes)
    process = begin()
    for number in range(EDITS):
        editor.edit()
        time.sleep(0.1)
        if number % 20 == 10:
            process.send_signal(signal.SIGKILL)
            process.wait()
            for _ in range(3):  # of which there is no notice
                editor.edit()
            process = begin(follow=number % 40 == 10)  # else the next edits come while it starts
    write(notes / "last.md", 9_999)
    until(lambda: has(library, notes / "last.md") and is_idle(library))
    with Library(tmp_path / "fresh", precision="w8a32", cache=compiled_cache) as fresh:
        fresh.ingest([notes])
        assert content(library) == content(fresh)
        assert answers(library) == answers(fresh)
    assert library.verify(deep=True).findings == ()


@pytest.mark.slow
@pytest.mark.workers
def test_notices_that_the_system_drops_are_made_up_for(open_library: Open, notes: Path, begin: Begin) -> None:
    (notes / ".gitignore").write_text("full/\n")  # nothing but notices comes from there
    (notes / "full").mkdir()
    library = open_library()
    library.ingest([notes])
    process = begin()
    process.send_signal(signal.SIGSTOP)
    for number in range(8_000):  # the system keeps 16,384 notices for a process
        (notes / "full" / f"{number}.md").touch()
    write(notes / "5" / "5.md", 4_242)
    process.send_signal(signal.SIGCONT)
    until(lambda: "Lot 4242" in library.document(notes / "5" / "5.md")[1] and is_idle(library))
    assert library.status().documents == 250


@pytest.mark.workers
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_when_it_is_asked_to(open_library: Open, notes: Path, begin: Begin, how: signal.Signals) -> None:
    library = open_library()
    library.ingest([notes])
    process = begin()
    assert library.status().watch is not None
    process.send_signal(how)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors == "wherein: stopped; what was done is kept, and the next watch or reindex catches up with the rest\n"
    assert library.status().watch is None
    assert not os.path.exists(library.folder / "watch.json")  # noqa: PTH110


def test_a_library_that_is_not_there(begin: Begin) -> None:
    process = begin(follow=False)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert errors.startswith("wherein: There is no library at ")


def test_a_person_sees_what_changed_and_each_problem_once(capsys: pytest.CaptureFixture[str]) -> None:
    from collections import Counter

    report = WatchReporter()
    for event in (
        RunProblem("failed", "file:///notes/a.pdf", "it is damaged"),
        CaughtUp(summarize(Counter(unchanged=3, failed=1), 0.5)),
        Watching(1),
        RunProblem("failed", "file:///notes/a.pdf", "it is damaged"),
        RunProblem("failed", "file:///notes/a.pdf", "it is empty"),
        Note("/notes", "the source is gone"),
        Note("/notes", "the source is gone"),
        CaughtUp(summarize(Counter(changed=1, chunks=2, embedded=1), 0.25)),
    ):
        report(event)
    shown = capsys.readouterr()
    assert shown.out == "watching 1 source\n1 changed; 2 chunks, 1 embedded, 0.2 s\n"
    assert shown.err == (
        "failed: /notes/a.pdf: it is damaged\nfailed: /notes/a.pdf: it is empty\nnote: /notes: the source is gone\n"
    )
