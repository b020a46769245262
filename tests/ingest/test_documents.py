"""From documents to chunks: only what is new is queued, and each model input is embedded once."""

from functools import partial
from typing import Any

import pytest
from sqlite_utils import Database

from catalog_rows import NOWHERE, add_source
from toy import ToyEncoder
from wherein.ingest.commit import CommitQueue
from wherein.ingest.document import Document, Mark, Problem
from wherein.ingest.documents import PURGED, DocumentPipeline, chunk_document
from wherein.ingest.progress.events import DocumentDone, RunProblem
from wherein.ingest.progress.run_log import RunLog
from wherein.storage.catalog.checksums import content_hash
from wherein.storage.catalog.documents import ChunkRow, document_spans, find_document, list_documents
from wherein.storage.catalog.files import find_file, save_file
from wherein.storage.catalog.models import StoredModel

URI = "file:///docs/a.txt"


def text(content: str, key: str = "", title: str = "", **metadata: Any) -> Document:
    return Document(title, content, "text/plain", key, metadata)


class Pipeline:
    """A pipeline with its queue, and the events that it reports."""

    def __init__(self, db: Database, model: StoredModel, encoder: ToyEncoder) -> None:
        self.events: list[Any] = []
        self.log = RunLog(self.events.append)
        self.queue = CommitQueue(db, model, encoder, "test", lambda _: None)  # type: ignore[arg-type]
        self.pipeline = DocumentPipeline(db, model, encoder, self.queue, self.log)  # type: ignore[arg-type]
        source = add_source(db, "/docs")
        self.save = partial(save_file, db, URI, source.id, NOWHERE, b"", version="plain-3/chunker-2")

    def ingest(self, *items: Document | Problem, moved: bool = False, finish: bool = True) -> list[tuple[str, int]]:
        """Ingest a file with these documents; return kind and number of embedded chunks of each new one."""
        self.events.clear()
        self.queue.embed(self.pipeline.ingest_all(URI, items, self.save, moved), lambda: False)
        if finish:
            self.queue.add(partial(self.save, state="read"))
            self.queue.embed(iter(()), lambda: False)
        return [(event.kind, event.embedded) for event in self.events if isinstance(event, DocumentDone)]

    def problems(self) -> list[RunProblem]:
        return [event for event in self.events if isinstance(event, RunProblem)]


@pytest.fixture
def pipeline(db: Database, stored: StoredModel, encoder: ToyEncoder) -> Pipeline:
    return Pipeline(db, stored, encoder)


def test_chunks_of_a_document(encoder: ToyEncoder) -> None:
    document = Document("", "One two. Three.", "text/plain", marks=(Mark(0, 1, ("Numbers",)),))
    chunked = chunk_document(document, encoder.tokenizer)  # type: ignore[arg-type]
    name = content_hash("One two. Three.")
    assert chunked.rows == [ChunkRow(0, 15, name, 1, ("Numbers",))]
    assert chunked.inputs == {name: ("One two. Three.", (0, 5))}
    assert (chunked.coverage.tokens, chunked.coverage.unknown) == (5, 0)


def test_equal_chunks_are_one_model_input(encoder: ToyEncoder) -> None:
    document = Document("", ("word " * 60 + "\n\n") * 3, "text/plain")
    chunked = chunk_document(document, encoder.tokenizer)  # type: ignore[arg-type]
    assert len(chunked.inputs) < len(chunked.rows)
    assert set(chunked.inputs) == {row.input_hash for row in chunked.rows}


def test_a_new_document_is_saved_and_a_changed_one_replaced(pipeline: Pipeline, db: Database) -> None:
    assert pipeline.ingest(text("One.")) == [("new", 1)]
    first = find_document(db, URI)
    assert pipeline.ingest(text("Two.")) == [("changed", 1)]
    second = find_document(db, URI)
    assert first is not None
    assert second is not None
    assert second.id == first.id
    assert [row.input_hash for row in document_spans(db, second.id)] == [content_hash("Two.")]
    assert pipeline.log.tally == {"new": 1, "changed": 1, "chunks": 2, "embedded": 2, "reused": 0}


def test_a_known_text_is_not_embedded_again(pipeline: Pipeline) -> None:
    assert pipeline.ingest(text("One.", "a"), text("One.", "b")) == [("new", 1), ("new", 0)]
    assert pipeline.ingest(text("One.", "c")) == [("new", 0)]
    assert pipeline.pipeline.tokens == 4


@pytest.mark.parametrize(
    ("changed", "kinds"),
    [
        (text("One.", "a", "Title", n=1), []),
        (text("One!", "a", "Title", n=1), [("changed", 1)]),
        (text("One.", "a", "Other", n=1), [("changed", 0)]),
        (text("One.", "a", "Title", n=2), [("changed", 0)]),
    ],
)
def test_a_record_is_unchanged_if_all_of_it_is(
    pipeline: Pipeline, changed: Document, kinds: list[tuple[str, int]]
) -> None:
    pipeline.ingest(text("One.", "a", "Title", n=1))
    assert pipeline.ingest(changed) == kinds
    assert pipeline.log.tally["unchanged"] == (not kinds)


def test_a_record_of_a_file_that_was_not_read_to_its_end_is_saved_again(pipeline: Pipeline, db: Database) -> None:
    pipeline.ingest(text("One.", "a"), finish=False)
    record = find_file(db, URI)
    assert record is not None
    assert (record.state, record.reason) == ("failed", "the run that read it did not finish")
    assert pipeline.ingest(text("One.", "a")) == [("changed", 0)]


def test_the_records_of_a_renamed_file_are_moved(pipeline: Pipeline) -> None:
    pipeline.ingest(text("One.", "a"))
    assert pipeline.ingest(text("One.", "a"), moved=True) == [("moved", 0)]


def test_what_is_not_ingested_is_reported(pipeline: Pipeline, db: Database) -> None:
    pipeline.pipeline.purged = frozenset([f"{URI}#gone"])
    items = text("Purged.", "gone"), Problem("b", "bad"), Problem("c", "a picture", skipped=True), text(" \n", "d")
    assert pipeline.ingest(*items) == []
    assert pipeline.problems() == [
        RunProblem("skipped", f"{URI}#gone", PURGED),
        RunProblem("failed", f"{URI}#b", "bad"),
        RunProblem("skipped", f"{URI}#c", "a picture"),
        RunProblem("skipped", f"{URI}#d", "no text"),
    ]
    assert list_documents(db) == []


def test_all_keys_count_as_seen_also_those_of_problems(pipeline: Pipeline) -> None:
    run = pipeline.pipeline.ingest_all(URI, [text("One.", "a"), Problem("b", "bad")], pipeline.save)
    while True:
        try:
            next(run)
        except StopIteration as end:
            seen = end.value
            break
    assert seen.missing([(f"{URI}#a", 1), (f"{URI}#b", 2), (f"{URI}#c", 3)]) == [3]


def test_a_document_without_a_file(db: Database, pipeline: Pipeline) -> None:
    pipeline.queue.embed(pipeline.pipeline.ingest("stdin:note", text("A note.")), lambda: False)
    assert find_document(db, "stdin:note") is not None
    assert find_file(db, "stdin:note") is None
