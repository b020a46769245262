"""One file that a worker reads: recorded, its documents queued, and what it no longer holds removed."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

from catalog_rows import add_source
from toy import ToyEncoder
from wherein.errors import Unreadable
from wherein.ingest.changes.freshness import state_from
from wherein.ingest.commit import CommitQueue
from wherein.ingest.document import Document, Problem
from wherein.ingest.documents import DocumentPipeline
from wherein.ingest.files import FileIngester, VisitedFile
from wherein.ingest.progress.events import RunProblem
from wherein.ingest.progress.run_log import RunLog
from wherein.ingest.readers.shared.skipped import Skipped
from wherein.ingest.workers.parse import FAILED, LARGE, REFUSED, SKIPPED, Opened, Trouble
from wherein.storage.catalog.checksums import content_hash
from wherein.storage.catalog.documents import find_document, list_documents
from wherein.storage.catalog.files import find_file
from wherein.storage.catalog.models import StoredModel
from wherein.uri import file_uri

Item = Document | Problem | Unreadable


class Task:
    """A file that was read already: what its worker would send."""

    def __init__(self, opened: Opened, *items: Item) -> None:
        self._opened = opened
        self._items = items

    def opened(self) -> Opened:
        return self._opened

    def documents(self) -> Iterator[Document | Problem]:
        for item in self._items:
            if isinstance(item, Unreadable):
                raise item
            yield item


def record(text: str, key: str = "") -> Document:
    return Document("", text, "text/plain", key)


class Ingester:
    def __init__(self, db: Database, model: StoredModel, encoder: ToyEncoder, folder: Path) -> None:
        self.events: list[Any] = []
        self.log = RunLog(self.events.append)
        self.db = db
        self.queue = CommitQueue(db, model, encoder, "test", lambda _: None)  # type: ignore[arg-type]
        self._pipeline = DocumentPipeline(db, model, encoder, self.queue, self.log)  # type: ignore[arg-type]
        self.begin()
        self.folder = folder
        self.source = add_source(db, str(folder))

    def begin(self) -> None:
        """Begin the next run."""
        self.files = FileIngester(self.db, self._pipeline, self.queue, self.log)

    def visit(self, name: str, task: Task | None) -> None:
        path = self.folder / name
        if not path.exists():
            path.write_text(name)
        uri = file_uri(str(path))
        state = state_from(path.stat())
        visited = VisitedFile(self.source, uri, str(path), state, find_file(self.db, uri), task)  # type: ignore[arg-type]
        self.queue.embed(self.files.ingest(visited), lambda: False)

    def read(self, name: str, *items: Item, data: str = "") -> None:
        self.visit(name, Task(Opened(content_hash(data or name), "plain-9"), *items))

    def state(self, name: str) -> tuple[str, str] | None:
        found = find_file(self.db, file_uri(str(self.folder / name)))
        return (found.state, found.reason) if found else None

    def names(self) -> list[str]:
        return [document.uri.rpartition("/")[2] for document in list_documents(self.db)]

    def problems(self) -> list[tuple[str, str]]:
        return [(event.kind, event.reason) for event in self.events if isinstance(event, RunProblem)]


@pytest.fixture
def ingester(db: Database, stored: StoredModel, encoder: ToyEncoder, tmp_path: Path) -> Ingester:
    (tmp_path / "docs").mkdir()
    return Ingester(db, stored, encoder, tmp_path / "docs")


def test_a_file_is_recorded_with_its_documents(ingester: Ingester) -> None:
    ingester.read("a", record("One.", "1"), record("Two.", "2"))
    assert ingester.state("a") == ("read", "")
    assert ingester.names() == ["a#1", "a#2"]
    assert ingester.log.tally["new"] == 2


def test_documents_that_a_file_no_longer_holds_are_removed(ingester: Ingester) -> None:
    ingester.read("a", record("One.", "1"), record("Two.", "2"))
    ingester.read("a", record("Two.", "2"), record("Three.", "3"), data="other")
    assert ingester.names() == ["a#2", "a#3"]
    assert (ingester.log.tally["removed"], ingester.log.tally["unchanged"]) == (1, 1)


def test_nothing_is_removed_when_a_file_cannot_be_read_to_its_end(ingester: Ingester) -> None:
    ingester.read("a", record("One.", "1"), record("Two.", "2"))
    ingester.read("a", record("Three.", "3"), Unreadable("damaged"), data="other")
    assert ingester.names() == ["a#1", "a#2", "a#3"]
    assert ingester.state("a") == ("failed", "damaged")
    assert ingester.problems() == [("failed", "damaged")]


def test_a_file_without_text_is_recorded_as_skipped(ingester: Ingester) -> None:
    ingester.read("a", Skipped("no text"))
    assert ingester.state("a") == ("skipped", "no text")
    assert ingester.log.tally == {"skipped": 1}


@pytest.mark.parametrize(
    ("kind", "reported", "state"),
    [
        (REFUSED, "failed", None),
        (LARGE, "failed", None),
        (SKIPPED, "skipped", ("skipped", "why")),
        (FAILED, "failed", ("failed", "why")),
    ],
)
def test_trouble_is_recorded_unless_it_may_pass(
    ingester: Ingester, kind: str, reported: str, state: tuple[str, str] | None
) -> None:
    ingester.visit("a", Task(Opened(bytes(32), "plain-9", trouble=Trouble(kind, "why"))))
    assert ingester.problems() == [(reported, "why")]
    assert ingester.state("a") == state


def test_a_file_with_the_same_content_is_touched_and_not_read(ingester: Ingester) -> None:
    ingester.read("a", record("One."))
    (ingester.folder / "a").write_text("longer than it was")
    ingester.visit("a", Task(Opened(content_hash("a"), same=True)))
    found = find_file(ingester.db, file_uri(str(ingester.folder / "a")))
    assert found is not None
    assert found.state_on_disk.size == 18
    assert ingester.log.tally["unchanged"] == 1


def test_a_file_that_was_not_opened_is_unchanged_or_as_bad_as_before(ingester: Ingester) -> None:
    ingester.read("a", record("One.", "1"), record("Two.", "2"))
    ingester.read("b", Unreadable("damaged"))
    ingester.visit("a", None)
    ingester.visit("b", None)
    assert ingester.log.tally["unchanged"] == 2
    assert ingester.problems() == [("failed", "damaged")] * 2


def test_a_renamed_file_keeps_its_documents(ingester: Ingester) -> None:
    ingester.read("a", record("One.", "1"))
    before = find_document(ingester.db, file_uri(str(ingester.folder / "a")) + "#1")
    (ingester.folder / "a").rename(ingester.folder / "b")
    ingester.read("b", record("One.", "1"), data="a")
    after = find_document(ingester.db, file_uri(str(ingester.folder / "b")) + "#1")
    assert before is not None
    assert after is not None
    assert after.id == before.id
    assert ingester.names() == ["b#1"]
    assert ingester.files.adopted == {file_uri(str(ingester.folder / "a"))}
    assert ingester.log.tally["moved"] == 1


def test_a_copy_has_documents_of_its_own(ingester: Ingester) -> None:
    ingester.read("a", record("One."))
    ingester.read("b", record("One."), data="a")
    assert ingester.names() == ["a", "b"]
    assert (ingester.log.tally["new"], ingester.log.tally["embedded"]) == (2, 1)


def test_a_file_is_adopted_once(ingester: Ingester) -> None:
    ingester.read("a", record("One."))
    (ingester.folder / "a").unlink()
    ingester.read("b", record("One."), data="a")
    (ingester.folder / "b").unlink()
    ingester.files.adopted.add(file_uri(str(ingester.folder / "b")))
    ingester.read("c", record("One."), data="a")
    assert ingester.names() == ["b", "c"]


def test_of_equal_files_each_that_is_gone_is_adopted_by_another_one(ingester: Ingester) -> None:
    for name in ("kept", "a", "still", "b"):
        (ingester.folder / name).write_text("One.")
        ingester.read(name, record("One."), data="a")
    ingester.begin()
    for name in ("a", "b"):
        (ingester.folder / name).unlink()
    for name in ("c", "d", "e"):
        ingester.read(name, record("One."), data="a")
    assert ingester.names() == ["c", "d", "e", "kept", "still"]
    assert ingester.files.adopted == {file_uri(str(ingester.folder / name)) for name in ("a", "b")}
    assert (ingester.log.tally["moved"], ingester.log.tally["new"]) == (2, 5)


@pytest.fixture
def put(ingester: Ingester) -> Callable[[Task], None]:
    return lambda task: ingester.queue.embed(ingester.files.ingest_stream("stdin:a", task), lambda: False)  # type: ignore[arg-type]


def test_standard_input_replaces_what_had_its_name(ingester: Ingester, put: Callable[[Task], None]) -> None:
    opened = Opened(bytes(32), "csv-1")
    put(Task(opened, record("One.", "1"), record("Two.", "2")))
    put(Task(opened, record("Two.", "2"), record("Three.", "3")))
    assert ingester.names() == ["stdin:a#2", "stdin:a#3"]
    put(Task(opened, record("Four.", "4"), Unreadable("damaged")))
    assert ingester.names() == ["stdin:a#2", "stdin:a#3", "stdin:a#4"]
    for kind, reported in ((SKIPPED, "skipped"), (LARGE, "failed"), (REFUSED, "failed")):
        put(Task(Opened(trouble=Trouble(kind, "why"))))
        assert ingester.problems()[-1] == (reported, "why")
