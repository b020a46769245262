"""A thread follows the sources: what is saved is found, whatever else happens."""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from awaiting import until
from other_writer import hold
from toy import toy_library
from wherein.errors import LibraryBusy, WhereinError
from wherein.installation import install_command
from wherein.library import Library
from wherein.library.watching import notices
from wherein.library.watching import roots as followed
from wherein.library.watching.state import read_watch_state
from wherein.library.watching.watcher import Watcher

Texts = dict[str, str]


@pytest.fixture
def events() -> list[Any]:
    return []


@pytest.fixture
def watcher(library: Library, events: list[Any]) -> Iterator[Watcher]:
    with library.watch(report=events.append) as watcher:
        until(lambda: any(type(event).__name__ == "Watching" for event in events))
        yield watcher
    assert watcher.error is None
    assert read_watch_state(library.folder) is None


def notes_of(events: list[Any]) -> list[str]:
    return [event.text for event in events if type(event).__name__ == "Note"]


@pytest.mark.usefixtures("watcher")
def test_what_is_saved_renamed_and_deleted_is_followed(
    library: Library, notes: Path, holds: Callable[[Library], Texts], fresh: Callable[..., Texts]
) -> None:
    (notes / "a" / "b" / "c").mkdir(parents=True)
    (notes / "a" / "b" / "c" / "deep.md").write_text("Deep")
    (notes / "1" / "5.md").write_text("Eels")
    (notes / "2").rename(notes / "a" / "two")
    (notes / "3" / "7.md").unlink()
    expected = fresh(notes)
    until(lambda: holds(library) == expected)
    hits = library.query("eels", mode="keyword").hits
    assert [hit.uri for hit in hits] == [(notes / "1" / "5.md").as_uri()]


@pytest.mark.slow
def test_many_changes_at_once_become_a_walk(
    library: Library, notes: Path, watcher: Watcher, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "queue").write_text("800\n")
    monkeypatch.setattr(notices, "_QUEUE", tmp_path / "queue")
    (notes / "many").mkdir()
    for number in range(1_500):
        (notes / "many" / f"{number}.md").write_text(f"Lot {number}")
    until(lambda: library.status().documents == 1_520 and not watcher.state.pending)


@pytest.mark.usefixtures("watcher")
def test_a_source_that_is_gone_is_waited_for(library: Library, notes: Path, events: list[Any]) -> None:
    notes.rename(notes.parent / "moved")
    until(lambda: library.status().watch["absent"] == (str(notes),))  # type: ignore[index]
    (notes.parent / "moved" / "1" / "5.md").write_text("Eels")
    (notes.parent / "moved").rename(notes)
    until(lambda: library.document(notes / "1" / "5.md")[1] == "Eels")
    sentences = [
        "the source is missing; its documents are kept, and it is followed again once it is back",
        "the source is back; it is followed again",
    ]
    until(lambda: notes_of(events) == sentences)
    assert library.status().documents == 20
    (notes / "1" / "5.md").write_text("Herrings")
    until(lambda: library.document(notes / "1" / "5.md")[1] == "Herrings")


@pytest.mark.usefixtures("watcher")
def test_a_source_that_is_made_anew_is_followed_though_its_folder_has_the_same_number(
    library: Library, notes: Path, monkeypatch: pytest.MonkeyPatch, events: list[Any]
) -> None:
    # As on ext4, which gives the number of a removed folder to the next one that is made.
    monkeypatch.setattr(followed, "_identity", lambda folder: (1, 1) if Path(folder).exists() else None)
    library.ingest([notes])  # is noticed, and looks at all sources with these numbers
    (notes / "1" / "5.md").write_text("Eels")
    until(lambda: library.document(notes / "1" / "5.md")[1] == "Eels")
    notes.rename(notes.parent / "moved")
    notes.mkdir()
    (notes / "1").mkdir()
    (notes / "1" / "5.md").write_text("Cod")
    until(lambda: library.document(notes / "1" / "5.md")[1] == "Cod")
    (notes / "1" / "5.md").write_text("Shrimps")
    until(lambda: library.document(notes / "1" / "5.md")[1] == "Shrimps")


def test_a_file_that_is_gone_loses_its_documents_without_being_absent(
    library: Library, events: list[Any], tmp_path: Path
) -> None:
    path = tmp_path / "todo.md"
    path.write_text("Herrings")
    library.ingest([path])
    with library.watch(report=events.append) as watcher:
        until(lambda: any(type(event).__name__ == "Watching" for event in events))
        path.unlink()
        until(lambda: library.status().documents == 20 and not watcher.state.pending)
        path.write_text("Eels")
        until(lambda: library.status().documents == 21)
        assert watcher.state.absent == ()
    assert notes_of(events) == []


@pytest.mark.usefixtures("watcher")
def test_a_source_that_is_added_is_followed_and_one_that_is_removed_is_not(
    library: Library, notes: Path, tmp_path: Path, holds: Callable[[Library], Texts]
) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "a.md").write_text("A")
    library.ingest([tmp_path / "more"])
    (tmp_path / "more" / "b.md").write_text("B")
    until(lambda: "B" in holds(library).values())
    library.remove_source(str(notes))
    (tmp_path / "more" / "c.md").write_text("C")
    until(lambda: "C" in holds(library).values())
    (notes / "new.md").write_text("New")
    (tmp_path / "more" / "d.md").write_text("D")
    until(lambda: "D" in holds(library).values())
    assert "New" not in holds(library).values()


def _waits(library: Library) -> bool:
    state = library.status().watch
    return state is not None and (state["doing"], state["pending"]) == ("waiting", 1)


@pytest.mark.usefixtures("watcher")
def test_another_process_that_writes_is_waited_for(library: Library, notes: Path, events: list[Any]) -> None:
    with hold(library.folder) as holder:
        assert holder.stdin
        (notes / "1" / "5.md").write_text("Eels")
        until(lambda: _waits(library))
        assert library.document(notes / "1" / "5.md")[1] != "Eels"
        holder.stdin.close()
    until(lambda: library.document(notes / "1" / "5.md")[1] == "Eels")
    assert notes_of(events) == [
        "another process is writing to the library; changes are collected until it has finished"
    ]


@pytest.mark.usefixtures("watcher")
def test_only_one_process_watches_a_library(library: Library) -> None:
    with pytest.raises(LibraryBusy, match=r"^process \d+ is watching this library already$"):
        library.watch()


def test_all_sources_are_walked_again(library: Library, notes: Path, events: list[Any]) -> None:
    with library.watch(every=1, report=events.append):
        until(lambda: sum(type(event).__name__ == "CaughtUp" for event in events) >= 3)


def test_a_library_inside_of_its_source_does_not_follow_itself(notes: Path, events: list[Any]) -> None:
    library = toy_library(notes / "library", notes)
    with library.watch(report=events.append) as watcher:
        for number in range(3):
            (notes / f"new {number}.md").write_text(f"New {number}")
            until(lambda number=number: library.status().documents == 21 + number and not watcher.state.pending)  # type: ignore[misc]
        runs = sum(type(event).__name__ == "CaughtUp" for event in events)
        (notes / "library" / "watch.json").touch()
        (notes / "last.md").write_text("Last")
        until(lambda: library.status().documents == 24 and not watcher.state.pending)
        assert sum(type(event).__name__ == "CaughtUp" for event in events) <= runs + 2


def test_without_a_library_there_is_nothing_to_watch(tmp_path: Path) -> None:
    with pytest.raises(WhereinError, match=r"^There is no library at "):
        Library(tmp_path / "none").watch()
    assert not (tmp_path / "none").exists()


def test_without_the_extra_a_sentence_says_what_to_install(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    with pytest.raises(WhereinError, match=re.escape(f"To watch sources, install: {install_command('watch')}")):
        library.watch()


def test_what_ends_the_thread_is_raised_by_wait(library: Library) -> None:
    def fail(_: object) -> None:
        raise BrokenPipeError

    with library.watch(report=fail) as watcher, pytest.raises(BrokenPipeError):
        watcher.wait()


def test_it_can_be_stopped_by_what_gets_its_events(library: Library) -> None:
    has_begun = Event()

    def stop(_: object) -> None:
        has_begun.wait()
        watcher.stop()

    watcher = library.watch(report=stop)
    has_begun.set()
    watcher.wait()
    assert watcher.error is None


def test_folders_that_the_system_does_not_watch_are_named(
    library: Library, events: list[Any], notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import watchfiles._rust_notify as rust

    def refuse(*_: object) -> None:
        raise OSError("OS file watch limit reached.")

    monkeypatch.setattr(rust, "RustNotify", refuse)
    with library.watch(every=1, report=events.append):
        (notes / "new.md").write_text("New")
        until(lambda: library.status().documents == 21)
    assert notes_of(events) == [
        "the system does not report changes here (OS file watch limit reached.), so it is only walked every 0 min"
    ]
