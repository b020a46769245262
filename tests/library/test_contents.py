"""What a library shows of what it holds: pages of documents, passages with their neighbors, vectors of texts."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from toy import ToyEncoder
from wherein.errors import UsageError, WhereinError
from wherein.library import Library, parse_filter


@pytest.fixture
def library(tmp_path: Path) -> Library:
    for n in range(5):
        (tmp_path / f"{n}.txt").write_text(
            "\n\n".join(f"Line {line} of text {n}. " + "word " * 50 for line in range(6))
        )
    library = Library(tmp_path / "library", encoder=ToyEncoder())  # type: ignore[arg-type]
    library.ingest([tmp_path / f"{n}.txt" for n in range(5)])
    return library


@pytest.mark.parametrize(
    ("after", "limit", "found"),
    [("", None, "01234"), ("", 2, "01"), ("1.txt", 2, "23"), ("3.txt", 9, "4"), ("4.txt", None, ""), ("zzz", 1, "")],
)
def test_documents_follow_one_another(
    library: Library, tmp_path: Path, after: str, limit: int | None, found: str
) -> None:
    uri = f"file://{tmp_path}/{after}" if after.endswith(".txt") else after
    assert [one.uri[-5] for one in library.documents(after=uri, limit=limit)] == list(found)


def test_facets_and_days_are_those_of_the_files(library: Library, tmp_path: Path) -> None:
    os.utime(tmp_path / "3.txt", (1_000_000_000.5, 1_000_000_000.5))
    library.reindex()
    facets, day = library.facets(), datetime.fromtimestamp(1_000_000_000).date()
    assert (facets.documents, facets.types, facets.folders[f"file://{tmp_path}"]) == (5, {"text/plain": 5}, 5)
    assert facets.days[day] == 1
    assert library.facets(parse_filter(places=["3.txt"])).days == {day: 1}
    number = library.document(tmp_path / "3.txt")[0].id
    assert library.modified([number, 99]) == {number: datetime(2001, 9, 9, 1, 46, 40, tzinfo=UTC)}
    assert library.modified([]) == {}


@pytest.mark.parametrize("context", [0, 1, 2, 100])
def test_a_passage_has_at_most_so_many_neighbors(library: Library, context: int) -> None:
    document, text, chunks = library.document(3)
    hits = library.query("line", 1_000, mode="semantic").hits
    own = sorted((hit.start, hit.chunk) for hit in hits if hit.document == document.id)
    assert len(own) == len(chunks) > 3
    for index, (_, chunk) in enumerate(own):
        found = library.passage(chunk, context)
        shown = [*found.before, found.passage, *found.after]
        assert found.passage.chunk == chunk
        assert [hit.chunk for hit in shown] == [
            other for _, other in own[max(0, index - context) : index + context + 1]
        ]
        assert [hit.text for hit in shown] == [text[hit.start : hit.end] for hit in shown]
        assert [(hit.rank, hit.score) for hit in shown] == [(0, 0.0)] * len(shown)


def test_a_passage_of_a_document_that_was_read_again_is_gone(library: Library, tmp_path: Path) -> None:
    chunk = library.query("line", 1).hits[0].chunk
    for n in range(5):
        (tmp_path / f"{n}.txt").write_text("Another text.")
    library.reindex()
    with pytest.raises(UsageError, match=r"There is no passage \d+; its document may have been read again"):
        library.passage(chunk)
    with pytest.raises(UsageError):
        library.passage(2**63 - 1)


def test_vectors_are_those_of_passages_and_questions(library: Library) -> None:
    encoder, texts = ToyEncoder(), ["a text of words", "word " * 500]
    embedded = library.embed(texts)
    assert np.array_equal(embedded.vectors, encoder.encode_contexts(texts))
    assert (embedded.model, embedded.tokens, embedded.truncated) == ("toy", 6 + 64, (1,))
    asked = library.embed(texts, as_questions=True)
    assert np.array_equal(asked.vectors, encoder.encode_questions(texts))
    assert (asked.tokens, asked.truncated) == (6 + 32, (1,))


def test_vectors_have_the_dimension_of_the_model_whatever_is_stored(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("A text.")
    library = Library(tmp_path / "library", encoder=ToyEncoder(metric="l2"))  # type: ignore[arg-type]
    library.ingest([tmp_path / "a.txt"])
    assert library.embed(["a text", "another"]).vectors.shape == (2, 16)
    assert library.embed([]).vectors.shape == (0, 16)


def test_an_empty_library_has_no_vectors(tmp_path: Path) -> None:
    with pytest.raises(WhereinError, match="There is no library"):
        Library(tmp_path / "none", encoder=ToyEncoder()).embed(["a"])  # type: ignore[arg-type]


def test_the_shipped_model_embeds_texts(open_library: Callable[[], Library], tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Cats sleep.")
    with open_library() as library:
        library.ingest([tmp_path / "a.txt"])
        vectors = library.embed(["Cats sleep all day.", "A dog barks.", "The cat is sleeping"]).vectors
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)
    assert vectors[0] @ vectors[2] > vectors[0] @ vectors[1]
