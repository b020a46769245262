"""What has changed is ingested and removed by the rules of a reindex, and the rest of a source is not looked at."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from wherein.errors import LibraryBusy
from wherein.library import Library
from wherein.library.watching.catching_up import CatchUp
from wherein.storage.disk.lock import writer_lock

Texts = dict[str, str]


class Follower:
    """Catches up with paths, and keeps the events."""

    def __init__(self, library: Library) -> None:
        self.events: list[Any] = []
        self.catch_up = CatchUp(library._runs(), self.events.append, lambda: False)

    def __call__(self, *paths: Path) -> dict[str, int]:
        summary = self.catch_up.look_at({str(path) for path in paths})
        return {name: count for name, count in summary.as_dict().items() if count and name in COUNTS}  # type: ignore[misc]

    @property
    def problems(self) -> list[str]:
        return [event.reason for event in self.events if hasattr(event, "reason")]


COUNTS = ("new", "changed", "unchanged", "moved", "removed", "skipped", "failed")


@pytest.fixture
def follow(library: Library) -> Follower:
    return Follower(library)


def test_a_file_that_was_saved_is_all_that_is_looked_at(library: Library, notes: Path, follow: Follower) -> None:
    path = notes / "1" / "5.md"
    path.write_text("Now about eels.")
    assert follow(path) == {"changed": 1}
    assert library.document(path)[1] == "Now about eels."
    assert follow(path) == {"unchanged": 1}


def test_files_and_folders_that_came_went_and_were_renamed(
    library: Library, notes: Path, follow: Follower, holds: Callable[[Library], Texts], fresh: Callable[..., Texts]
) -> None:
    (notes / "new" / "deep").mkdir(parents=True)
    (notes / "new" / "deep" / "a.md").write_text("A")
    (notes / "new" / ".hidden.md").write_text("B")
    assert follow(notes / "new", notes / "new" / ".hidden.md") == {"new": 1}
    (notes / "0").rename(notes / "zero")
    assert follow(notes / "0", notes / "zero") == {"moved": 5}
    (notes / "1" / "5.md").unlink()
    (notes / "2" / "6.md").rename(notes / "new" / "6.txt")
    assert follow(notes / "1" / "5.md", notes / "2" / "6.md", notes / "new" / "6.txt") == {"moved": 1, "removed": 1}
    assert holds(library) == fresh(notes)


def test_an_ignore_file_holds_for_its_folder(
    library: Library, notes: Path, follow: Follower, holds: Callable[[Library], Texts], fresh: Callable[..., Texts]
) -> None:
    (notes / "3" / ".gitignore").write_text("7.md\n")
    assert follow(notes / "3") == {"unchanged": 4, "removed": 1}
    assert holds(library) == fresh(notes)
    (notes / "3" / ".gitignore").unlink()
    assert follow(notes / "3") == {"unchanged": 4, "new": 1}


def test_a_link_and_what_it_leads_to(
    library: Library, notes: Path, tmp_path: Path, follow: Follower, holds: Callable[[Library], Texts]
) -> None:
    far = tmp_path / "far"
    far.mkdir()
    (far / "a.md").write_text("A")
    (notes / "link").symlink_to(far)
    assert follow(notes / "link") == {"new": 1}
    (far / "b.md").write_text("B")
    assert follow(far / "b.md") == {"new": 1}  # by its real path
    (far / "a.md").write_text("AA")
    assert follow(notes / "link" / "a.md") == {"changed": 1}  # by the link
    assert library.other_uris(far / "a.md") == [(notes / "link" / "a.md").as_uri()]
    (far / "b.md").unlink()
    assert follow(notes / "link" / "b.md") == {"removed": 1}
    (notes / "link").unlink()
    assert follow(notes / "link") == {"removed": 1}
    assert len(holds(library)) == 20


def test_a_file_belongs_to_every_source_that_covers_it(library: Library, notes: Path, follow: Follower) -> None:
    library.ingest([notes / "1", str(notes / "1" / "*.md")])
    (notes / "1" / "new.md").write_text("New")
    assert follow(notes / "1" / "new.md") == {"new": 1}
    assert library.remove_source(str(notes), remove=True).shared == 6
    (notes / "1" / "new.md").unlink()
    assert follow(notes / "1" / "new.md") == {"removed": 1}


@pytest.mark.parametrize("pattern", ["*/*.md", "**/*.md", "[0-3]/*"])
def test_a_pattern_selects_among_the_changes(library: Library, notes: Path, pattern: str, follow: Follower) -> None:
    library.ingest([notes.parent / "notes" / pattern])
    library.remove_source(str(notes))
    (notes / "2" / "new.md").write_text("New")
    (notes / "new.txt").write_text("No match")
    assert follow(notes / "2" / "new.md", notes / "new.txt") == {"new": 1}
    (notes / "2").rename(notes / "two")
    assert follow(notes / "2", notes / "two").get("moved") == (6 if pattern != "[0-3]/*" else None)


def test_a_file_that_is_a_source_comes_and_goes(library: Library, tmp_path: Path, follow: Follower) -> None:
    path = tmp_path / "todo.md"
    path.write_text("Buy herrings")
    library.ingest([path])
    path.unlink()
    assert follow(path) == {"removed": 1}
    assert str(path) in {source.uri for source in library.sources()}  # one notice forgets no source
    path.write_text("Buy eels")
    assert follow(path) == {"new": 1}


def test_a_fifth_of_a_source_is_the_most_that_goes_between_two_walks(
    library: Library, notes: Path, follow: Follower
) -> None:
    for number in range(40):
        (notes / f"more {number}.md").write_text(f"More {number}")
    follow(notes)
    gone = [notes / f"more {number}.md" for number in range(15)]
    for path in gone:
        path.unlink()
    assert [follow(path) for path in gone[:12]] == [{"removed": 1}] * 12  # a fifth of 60
    assert [follow(path) for path in gone[12:]] == [{"failed": 1}] * 3
    assert follow.problems[0].startswith("1 of its 48 documents are gone; they are kept")
    assert len(list(library.documents())) == 48
    follow.catch_up.walk()
    assert len(list(library.documents())) == 48
    follow.catch_up.walk()  # since the walk before it, three of 48 are gone
    assert len(list(library.documents())) == 45


def test_files_that_are_replaced_do_not_count_as_lost(library: Library, notes: Path, follow: Follower) -> None:
    for number in range(30):
        old, new = notes / f"draft {number}.md", notes / f"draft {number + 1}.md"
        new.write_text(f"Draft {number + 1}")
        follow(new)
        old.unlink(missing_ok=True)
        follow(old)
    assert follow.problems == []
    assert len(list(library.documents())) == 21


def test_a_source_that_is_gone_keeps_its_documents(library: Library, notes: Path, follow: Follower) -> None:
    notes.rename(notes.parent / "moved")
    assert follow(notes, notes / "1", notes / "1" / "5.md") == {}
    (notes.parent / "moved").rename(notes)
    assert follow(notes) == {"unchanged": 20}


def test_the_last_files_of_a_source_are_kept(library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "few"
    folder.mkdir()
    (folder / "a.md").write_text("A")
    library.ingest([folder])
    follow = Follower(library)
    (folder / "a.md").unlink()
    assert follow(folder / "a.md") == {"failed": 1}
    assert follow.problems[0].startswith("the source is gone or empty; its documents are kept")


def test_a_removed_document_stays_away_until_its_file_changes(library: Library, notes: Path, follow: Follower) -> None:
    library.remove_documents([notes / "1" / "5.md", notes / "1" / "9.md"])
    (notes / "1" / "5.md").touch()
    assert follow(notes / "1" / "5.md") == {}
    (notes / "1" / "9.md").write_text("It has changed")
    assert follow(notes / "1" / "9.md") == {"new": 1}


def test_text_that_a_file_has_no_more_goes(library: Library, notes: Path, follow: Follower) -> None:
    (notes / "1" / "5.md").write_text("")
    assert follow(notes / "1" / "5.md") == {"skipped": 1, "removed": 1}


def test_a_web_page_and_a_text_of_standard_input_are_not_touched(library: Library, follow: Follower) -> None:
    library.ingest_stream("mail", b"A text")
    assert follow.catch_up.walk().unchanged == 20
    assert len(list(library.documents())) == 21


def test_another_process_that_writes_is_not_waited_for(library: Library, notes: Path, follow: Follower) -> None:
    with writer_lock(library.folder), pytest.raises(LibraryBusy):
        follow(notes / "1" / "5.md")


def test_a_file_that_was_just_written_is_settled_afterwards(library: Library, notes: Path, follow: Follower) -> None:
    path = notes / "1" / "5.md"
    path.write_text("Now about eels.")
    follow(path)
    assert not follow.catch_up.is_settled
    follow.catch_up.settle()
    assert follow.catch_up.is_settled
