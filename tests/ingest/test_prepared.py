"""Documents are chunked, and what is derived from their passages goes with them to where they are saved."""

import pickle

import pytest

from toy import ToyEncoder
from wherein.ingest.document import Document, Mark
from wherein.ingest.prepared import chunk_document, prepare_document
from wherein.storage.catalog.checksums import content_hash
from wherein.storage.catalog.derived import derive
from wherein.storage.catalog.documents import ChunkRow, passages_of
from wherein.storage.catalog.titled_texts import TitledText


@pytest.fixture
def encoder() -> ToyEncoder:
    return ToyEncoder()


def test_chunks_of_a_document(encoder: ToyEncoder) -> None:
    document = Document("", "One two. Three.", "text/plain", marks=(Mark(0, 1, ("Numbers",)),))
    chunked = chunk_document(document, encoder.tokenizer, "")  # type: ignore[arg-type]
    name = content_hash("One two. Three.")
    assert chunked.rows == [ChunkRow(0, 15, name, 1, ("Numbers",))]
    assert chunked.inputs == {name: (TitledText("One two. Three."), (0, 5))}
    assert (chunked.coverage.tokens, chunked.coverage.unknown) == (5, 0)


def test_equal_chunks_are_one_model_input(encoder: ToyEncoder) -> None:
    document = Document("", ("word " * 60 + "\n\n") * 3, "text/plain")
    chunked = chunk_document(document, encoder.tokenizer, "")  # type: ignore[arg-type]
    assert len(chunked.inputs) < len(chunked.rows)
    assert set(chunked.inputs) == {row.input_hash for row in chunked.rows}


def test_a_prepared_document_is_not_chunked_again(encoder: ToyEncoder) -> None:
    document = Document("A title", "One two. Three.", "text/plain", key="k", notes=("a note",))
    prepared = prepare_document(document, encoder.tokenizer, "A title")  # type: ignore[arg-type]
    assert chunk_document(prepared, encoder.tokenizer, "A title") is prepared.chunked  # type: ignore[arg-type]
    assert (prepared.title, prepared.key, prepared.notes) == ("A title", "k", ("a note",))


@pytest.mark.parametrize("title", ["", "Another title", "A title "])
def test_it_is_chunked_again_for_another_embedded_title(encoder: ToyEncoder, title: str) -> None:
    document = Document("A title", "One two. Three.", "text/plain")
    prepared = prepare_document(document, encoder.tokenizer, "A title")  # type: ignore[arg-type]
    chunked = chunk_document(prepared, encoder.tokenizer, title)  # type: ignore[arg-type]
    assert set(chunked.inputs) == {TitledText("One two. Three.", title).name}


def test_what_is_derived_is_that_of_the_passages(encoder: ToyEncoder) -> None:
    document = Document("A title", ("word " * 60 + "\n\n") * 3, "text/plain")
    prepared = pickle.loads(pickle.dumps(prepare_document(document, encoder.tokenizer, "")))  # type: ignore[arg-type]
    rows = chunk_document(document, encoder.tokenizer, "").rows  # type: ignore[arg-type]
    assert prepared.chunked.rows == rows
    assert list(prepared.derived) == derive(passages_of("A title", document.text, rows))
