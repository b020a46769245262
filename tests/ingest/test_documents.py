"""From documents to chunks: only what is new is queued, and each model input is embedded once."""

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
from sqlite_utils import Database

from catalog_rows import NOWHERE, add_source
from toy import ToyEncoder
from wherein.ingest.commit import CommitQueue
from wherein.ingest.document import Document, Problem
from wherein.ingest.documents import DocumentPipeline, Origin
from wherein.ingest.progress.events import DocumentDone, RunProblem
from wherein.ingest.progress.run_log import RunLog
from wherein.storage.catalog.checksums import content_hash
from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.documents import (
    delete_document,
    document_spans,
    document_text,
    documents_of_file,
    find_document,
    list_documents,
    save_chunks,
)
from wherein.storage.catalog.exclusions import PURGED, REMOVED, exclude, excludes_any, list_exclusions
from wherein.storage.catalog.files import REREAD, find_file, save_file
from wherein.storage.catalog.models import StoredModel, bind_model
from wherein.storage.catalog.vectors import save_vectors

URI = "file:///docs/a.txt"


def text(content: str, key: str = "", title: str = "", **metadata: Any) -> Document:
    return Document(title, content, "text/plain", key, metadata)


class Pipeline:
    """A pipeline with its queue, and the events that it reports."""

    def __init__(self, db: Database, model: StoredModel, encoder: ToyEncoder) -> None:
        self.events: list[Any] = []
        self.db = db
        self.restart(model, encoder)
        source = add_source(db, "/docs")
        self.content = b""
        self.save = lambda **state: save_file(
            db, URI, source.id, NOWHERE, self.content, **{"version": "plain-5/chunker-2", **state}
        )

    def restart(self, model: StoredModel, encoder: ToyEncoder) -> None:
        """Begin another run."""
        self.log = RunLog(self.events.append)
        self.queue = CommitQueue(self.db, model, encoder, "test", lambda _: None)  # type: ignore[arg-type]
        self.pipeline = DocumentPipeline(self.db, model, encoder, self.queue, self.log)  # type: ignore[arg-type]

    def ingest(
        self, *items: Document | Problem, moved: bool = False, named: bool = False, finish: bool = True
    ) -> list[tuple[str, int]]:
        """Ingest a file with these documents; return kind and number of embedded chunks of each new one."""
        self.events.clear()
        origin = Origin(URI, self.save, self.content, find_file(self.db, URI), moved, named)
        self.queue.embed(self.pipeline.ingest_all(origin, items), lambda: False)
        if finish:
            self.queue.add(partial(self.save, state="read"))
            self.queue.embed(iter(()), lambda: False)
        return [(event.kind, event.embedded) for event in self.events if isinstance(event, DocumentDone)]

    def exclude(self, kind: str, name: str) -> None:
        """Remove or purge the document at a URI."""
        document = find_document(self.db, name)
        assert document is not None
        with writing(self.db, "test"):
            exclude(self.db, document.id, name, kind)
            delete_document(self.db, document.id)

    def problems(self) -> list[RunProblem]:
        return [event for event in self.events if isinstance(event, RunProblem)]


@pytest.fixture
def pipeline(db: Database, stored: StoredModel, encoder: ToyEncoder) -> Pipeline:
    return Pipeline(db, stored, encoder)


def stored_vectors(db: Database) -> dict[bytes, np.ndarray]:
    rows = db.execute("SELECT input_hash, vector FROM vectors").fetchall()
    return {name: np.frombuffer(raw, "<f2").astype(np.float32) for name, raw in rows}


def expected_vector(encoder: ToyEncoder, passage: str, title: str) -> np.ndarray:
    """Return the vector of a titled passage, written without the product's code."""
    one, other = encoder.encode_contexts([passage, title])
    total = one + 0.3 * other
    return np.asarray(total / np.linalg.norm(total))


@pytest.mark.parametrize(("passage", "title"), [("One.", "Title"), ("東京の倉庫。", "鰊"), ("lot 7", "A mill's lease")])
def test_the_vector_of_a_passage_has_a_part_of_its_title(
    pipeline: Pipeline, db: Database, encoder: ToyEncoder, passage: str, title: str
) -> None:
    assert pipeline.ingest(text(passage, "a", title)) == [("new", 1)]
    name = content_hash(f"{title}\0{passage}")
    vectors = stored_vectors(db)
    assert list(vectors) == [name]
    np.testing.assert_allclose(vectors[name], expected_vector(encoder, passage, title), atol=3e-4)  # float16
    document = find_document(db, f"{URI}#a")
    assert document is not None
    assert [row.input_hash for row in document_spans(db, document.id)] == [name]


@pytest.mark.parametrize(
    ("key", "title"), [("", "a.txt"), ("", ""), ("m/b.txt", "b.txt"), ("", " "), ("x", "One."), ("x", " One.\n")]
)
def test_no_title_no_file_name_and_no_repetition_is_embedded(
    pipeline: Pipeline, db: Database, encoder: ToyEncoder, key: str, title: str
) -> None:
    pipeline.ingest(text("One.", key, title))
    vectors = stored_vectors(db)
    assert list(vectors) == [content_hash("One.")]
    np.testing.assert_allclose(vectors[content_hash("One.")], encoder.encode_contexts(["One."])[0], atol=3e-4)


@pytest.mark.parametrize("metric", ["dot", "l2"])
def test_where_the_metric_is_not_cosine_the_text_is_embedded_alone(db: Database, metric: str) -> None:
    encoder = ToyEncoder(metric=metric)
    with writing(db, "test"):
        model = bind_model(
            db, fingerprint=encoder.fingerprint, name="toy", version="1", precision="w8a32",
            dimension=encoder.model.width,
        )  # fmt: skip
    assert Pipeline(db, model, encoder).ingest(text("One.", "a", "Title")) == [("new", 1)]
    assert db.execute("SELECT input_hash FROM vectors").fetchall() == [(content_hash("One."),)]


def test_equal_texts_share_a_vector_where_their_titles_are_equal(pipeline: Pipeline, db: Database) -> None:
    items = [text("One.", "a", "Title"), text("One.", "b", "Title"), text("One.", "c", "Other"), text("One.", "d")]
    assert pipeline.ingest(*items) == [("new", 1), ("new", 0), ("new", 1), ("new", 1)]
    assert set(stored_vectors(db)) == {
        content_hash("Title\0One."), content_hash("Other\0One."), content_hash("One."),
    }  # fmt: skip


PARAGRAPHS = [" ".join(f"{word} {number}" for number in range(25)) for word in ("herring", "barrel", "quay", "salt")]


def test_an_edit_embeds_the_passage_that_it_changes_and_no_other(pipeline: Pipeline) -> None:
    (new,) = pipeline.ingest(text("\n\n".join(PARAGRAPHS), title="The harbour"))
    assert new[1] > 3
    changed = [*PARAGRAPHS[:-1], PARAGRAPHS[-1].replace("salt 24", "pepper 24")]
    assert pipeline.ingest(text("\n\n".join(changed), title="The harbour")) == [("changed", 1)]


def test_a_title_is_embedded_once_in_a_run(pipeline: Pipeline, encoder: ToyEncoder) -> None:
    embedded: list[list[int]] = []
    stream = encoder.stream
    encoder.stream = lambda items: stream((embedded.append(ids), (key, ids))[1] for key, ids in items)  # type: ignore[method-assign]
    pipeline.ingest(text("One.", "a", "The mill"), text("Two.", "b", "The mill"))
    pipeline.ingest(text("One.", "a", "The mill"), text("Two.", "b", "The mill"), text("Three.", "c", "The mill"))
    assert embedded.count(encoder.tokenizer.contexts(["The mill"])[0]) == 1
    assert len(embedded) == 4


def untitle(db: Database, encoder: ToyEncoder, model: StoredModel) -> None:
    """Store passages and vectors as earlier versions did: those of the texts alone."""
    with writing(db, "test"):
        db.execute("DELETE FROM vectors")
        for document in list_documents(db):
            content = document_text(db, document.id)
            rows = document_spans(db, document.id)
            passages = [content[row.start : row.end].strip() for row in rows]
            names = list(map(content_hash, passages))
            alone = [replace(row, input_hash=name) for row, name in zip(rows, names, strict=True)]
            save_chunks(db, document.id, alone, content)
            save_vectors(db, model.id, names, encoder.encode_contexts(passages))


def test_a_document_of_an_earlier_version_gets_its_title_when_it_is_read_again(
    pipeline: Pipeline, db: Database, encoder: ToyEncoder, stored: StoredModel
) -> None:
    items = text("One.", "a", "Title"), text("Two.", "b"), text("Title", "c", "Title")
    pipeline.ingest(*items)
    titled = stored_vectors(db)
    untitle(db, encoder, stored)
    assert set(stored_vectors(db)) == {content_hash("One."), content_hash("Two."), content_hash("Title")}
    assert pipeline.ingest(*items) == [("changed", 1)]
    assert pipeline.ingest(*items) == []
    assert set(titled) < set(stored_vectors(db))


def test_a_titled_record_without_a_passage_is_unchanged_when_it_is_read_again(pipeline: Pipeline) -> None:
    pipeline.ingest(text("?!", "a", "Title"))
    with writing(pipeline.db, "test"):
        pipeline.db.execute("DELETE FROM chunks")  # the toy tokenizer finds a word in every text
    assert pipeline.ingest(text("?!", "a", "Title")) == []


def test_a_run_that_is_stopped_leaves_no_vector_without_its_title(
    pipeline: Pipeline, db: Database, encoder: ToyEncoder, stored: StoredModel
) -> None:
    items = [text(f"Lot {number}.", str(number), f"Title {number // 2}") for number in range(6)]
    calls = iter([False, False, True])
    pipeline.queue.embed(pipeline.pipeline.ingest_all(Origin(URI, pipeline.save), items), lambda: next(calls))
    names = {content_hash(f"{item.title}\0{item.text}"): item for item in items}
    kept = stored_vectors(db)
    assert list(kept) == list(names)[:3]
    pipeline.restart(stored, encoder)
    assert sum(embedded for _, embedded in pipeline.ingest(*items)) == 3
    for name, vector in stored_vectors(db).items():
        expected = expected_vector(encoder, names[name].text, names[name].title)
        np.testing.assert_allclose(vector, expected, atol=3e-4)


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
        (text("One.", "a", "Other", n=1), [("changed", 1)]),
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
    assert (record.state, record.reason, record.version) == ("failed", "the run that read it did not finish", REREAD)
    assert pipeline.ingest(text("One.", "a")) == [("changed", 0)]
    assert pipeline.ingest(text("One.", "a")) == []


def test_records_are_unchanged_even_if_others_of_their_file_are_committed_before(pipeline: Pipeline) -> None:
    pipeline.ingest(text("One.", "a"), text("Two.", "b"))
    pipeline.queue.commit_if_due = pipeline.queue._commit  # type: ignore[method-assign]
    assert pipeline.ingest(text("New.", "a"), text("Two.", "b")) == [("changed", 1)]


def test_the_records_of_a_renamed_file_are_moved(pipeline: Pipeline) -> None:
    pipeline.ingest(text("One.", "a"))
    assert pipeline.ingest(text("One.", "a"), moved=True) == [("moved", 0)]


def test_what_is_not_ingested_is_reported(pipeline: Pipeline, db: Database) -> None:
    pipeline.ingest(text("Purged.", "gone"))
    pipeline.exclude("purged", f"{URI}#gone")
    items = text("Purged.", "gone"), Problem("b", "bad"), Problem("c", "a picture", skipped=True), text(" \n", "d")
    assert pipeline.ingest(*items) == []
    assert pipeline.problems() == [
        RunProblem("skipped", f"{URI}#gone", PURGED),
        RunProblem("failed", f"{URI}#b", "bad"),
        RunProblem("skipped", f"{URI}#c", "a picture"),
        RunProblem("skipped", f"{URI}#d", "no text"),
    ]
    assert list_documents(db) == []


def test_a_removed_document_stays_away_until_its_text_or_its_file_changes(pipeline: Pipeline, db: Database) -> None:
    pipeline.ingest(text("One.", "a"), text("Two.", "b"))
    pipeline.exclude("removed", f"{URI}#a")
    pipeline.content = b"other"
    assert pipeline.ingest(text("One.", "a"), text("Two.", "b")) == []
    assert (pipeline.problems(), [d.uri for d in list_documents(db)]) == ([], [f"{URI}#b"])
    assert pipeline.ingest(text("What a newer reader reads.", "a"), text("Two.", "b")) == []
    pipeline.content = b"third"
    assert pipeline.ingest(text("Three.", "a"), text("Two.", "b")) == [("new", 1)]
    assert list_exclusions(db) == []
    assert pipeline.ingest(text("One.", "a"), text("Two.", "b")) == [("changed", 0)]


def test_a_file_new_to_the_library_whose_document_was_removed_is_reported(pipeline: Pipeline, db: Database) -> None:
    pipeline.ingest(text("One."))
    pipeline.exclude("removed", URI)
    with writing(db, "test"):
        db.execute("DELETE FROM files")
    assert pipeline.ingest(text("One.")) == []
    assert pipeline.problems() == [RunProblem("skipped", URI, REMOVED)]
    assert pipeline.ingest(text("One.")) == []
    assert pipeline.problems() == []


@pytest.mark.parametrize("kind", ["removed", "purged"])
def test_what_the_user_names_is_brought_back(pipeline: Pipeline, db: Database, kind: str) -> None:
    pipeline.ingest(text("One.", "a"), text("Two.", "b"))
    pipeline.exclude(kind, f"{URI}#a")
    assert pipeline.ingest(text("One.", "a"), text("Two.", "b"), named=True) == [("new", 0)]
    assert pipeline.log.tally["brought_back"] == 1
    assert db.execute("SELECT count(*) FROM exclusions").fetchone() == (0,)


def test_a_purged_text_stays_away_when_another_at_its_uri_is_named(pipeline: Pipeline, db: Database) -> None:
    pipeline.ingest(text("One.", "a"))
    pipeline.exclude("purged", f"{URI}#a")
    pipeline.content = b"other"
    assert pipeline.ingest(text("Two.", "a"), text("One.", "b")) == []
    assert pipeline.ingest(text("Two.", "a"), named=True) == [("new", 1)]
    assert pipeline.ingest(text("Two.", "a"), text("One.", "b")) == []
    assert pipeline.problems() == [RunProblem("skipped", f"{URI}#b", PURGED)]


def test_all_keys_count_as_seen_also_those_of_problems(pipeline: Pipeline) -> None:
    run = pipeline.pipeline.ingest_all(Origin(URI, pipeline.save), [text("One.", "a"), Problem("b", "bad")])
    while True:
        try:
            next(run)
        except StopIteration as end:
            outcome = end.value
            break
    assert (outcome.kept, outcome.purged) == (2, 0)
    assert outcome.seen.missing([(f"{URI}#a", 1), (f"{URI}#b", 2), (f"{URI}#c", 3)]) == [3]


def test_a_document_without_a_file(db: Database, pipeline: Pipeline) -> None:
    pipeline.queue.embed(pipeline.pipeline.ingest("stdin:note", text("A note.")), lambda: False)
    assert find_document(db, "stdin:note") is not None
    assert find_file(db, "stdin:note") is None


def test_the_file_of_its_documents_is_unfinished_until_all_are_read(pipeline: Pipeline) -> None:
    pipeline.ingest(text("One.", "1"), text("Two.", "2"), finish=False)
    record = find_file(pipeline.db, URI)
    assert record is not None
    assert (record.state, record.version, record.documents) == ("failed", REREAD, 2)
    pipeline.ingest(text("One.", "1"), text("Two.", "2"), text("Three.", "3"))
    finished = find_file(pipeline.db, URI)
    assert finished is not None
    assert (finished.id, finished.state, finished.documents) == (record.id, "read", 3)


def test_a_commit_that_failed_is_made_again_with_the_file_of_its_documents(pipeline: Pipeline) -> None:
    class NoRoom(Exception):
        pass

    failures = [NoRoom()]

    def fail_once() -> None:
        if failures:
            raise failures.pop()

    origin = Origin(URI, pipeline.save)
    items = [text(f"Record {number}.", str(number)) for number in range(3)]
    inputs = [*pipeline.pipeline.ingest_all(origin, items)]
    pipeline.queue.add(fail_once)
    with pytest.raises(NoRoom):
        pipeline.queue.embed(iter(inputs), lambda: False)
    assert find_file(pipeline.db, URI) is None
    pipeline.queue.embed(iter(()), lambda: False)
    record = find_file(pipeline.db, URI)
    assert record is not None
    assert list(documents_of_file(pipeline.db, record.id)) == [f"{URI}#{number}" for number in range(3)]


def test_a_removed_document_is_forgotten_when_another_text_comes(pipeline: Pipeline) -> None:
    pipeline.ingest(text("One.", "1"))
    pipeline.exclude("removed", f"{URI}#1")
    assert excludes_any(pipeline.db)
    pipeline.content = b"other"
    assert pipeline.ingest(text("Uno.", "1")) == [("new", 1)]
    assert not excludes_any(pipeline.db)
