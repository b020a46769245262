"""The texts of a collection: their vectors, kept for the next time, and the index of their words."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from sqlite_utils import Database

from keyword_oracle import QUESTIONS, WORDS, brute_force
from toy import ToyEncoder
from wherein.embed.encoder import Matrix
from wherein.evaluation.candidates import Candidates, index_texts
from wherein.evaluation.modes import semantic
from wherein.search.keyword import match
from wherein.search.query_syntax import parse_question
from wherein.storage.catalog.checksums import content_hash
from wherein.storage.catalog.connection import open_writer, writing
from wherein.storage.catalog.documents import ChunkRow, DocumentRow, save_document
from wherein.storage.catalog.terms import terms_of

TEXTS = [f"{n} {word}" for n in range(50) for word in ("apples", "pears", "plums")]


class Counting(ToyEncoder):
    """Counts the texts that it is given."""

    def __init__(self, dimension: int = 16) -> None:
        super().__init__(dimension)
        self.encoded = 0

    def encode_contexts(self, texts: Sequence[str]) -> Matrix:
        self.encoded += len(texts)
        return super().encode_contexts(texts)

    def encode_questions(self, texts: Sequence[str]) -> Matrix:
        self.encoded += len(texts)
        return super().encode_questions(texts)


def test_a_cached_batch_is_not_embedded_again(tmp_path: Path) -> None:
    progress: list[str] = []
    first = Counting()
    expected = list(semantic(Candidates(TEXTS, first, cache=tmp_path, report=progress.append))(["7 pears", "plums"], 3))
    assert first.encoded == len(TEXTS) + 2
    assert progress[:3] == [f"embedding contexts: {n} of 150" for n in (0, 64, 128)]
    again = Counting()
    found = list(semantic(Candidates(TEXTS, again, cache=tmp_path))(["7 pears", "plums"], 3))
    assert again.encoded == 0
    assert [list(ids) for ids, _ in found] == [list(ids) for ids, _ in expected]
    changed = Counting()
    assert len(Candidates([*TEXTS[:-1], "new"], changed, cache=tmp_path).vectors) == len(TEXTS)
    assert changed.encoded == len(TEXTS) - 128  # the last piece


def test_cached_vectors_of_another_model_or_kind_are_not_used(tmp_path: Path) -> None:
    Candidates(TEXTS, Counting(), cache=tmp_path).question_vectors(TEXTS)
    for encoder in (Counting(), Counting(dimension=8)):
        assert Candidates(TEXTS, encoder, cache=tmp_path).vectors.shape == (len(TEXTS), encoder.model.dimension)
        assert encoder.encoded == len(TEXTS)


def test_two_modes_share_the_vectors() -> None:
    encoder = Counting()
    candidates = Candidates(TEXTS, encoder)
    for _ in range(2):
        list(semantic(candidates)(["plums"], 3))
        assert candidates.vectors.shape == (len(TEXTS), 16)
    assert encoder.encoded == len(TEXTS) + 2


@pytest.mark.parametrize("damage", [b"", b"short", None])
def test_a_damaged_file_is_computed_again(tmp_path: Path, damage: bytes | None) -> None:
    expected = Candidates(TEXTS[:5], Counting(), cache=tmp_path).vectors
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    path.write_bytes(whole[:40] + bytes([whole[40] ^ 1]) + whole[41:] if damage is None else damage)
    encoder = Counting()
    np.testing.assert_array_equal(Candidates(TEXTS[:5], encoder, cache=tmp_path).vectors, expected)
    assert encoder.encoded == 5
    assert path.read_bytes() == whole


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with closing(open_writer(tmp_path)) as opened:
        yield opened


def test_plain_texts_score_as_passages_do(db: Database, tmp_path: Path) -> None:
    plain = [f"{' '.join(WORDS[n % 5 : n % 12])} note{n}" for n in range(12)]
    for n, text in enumerate(plain):
        chunk = ChunkRow(0, len(text), content_hash(text), None, ())
        with writing(db, "test"):
            save_document(db, DocumentRow(str(n), None, "", "text/plain", text, {}, (), [chunk]))
    index = index_texts(plain)
    for question in QUESTIONS:
        scores = match(index, parse_question(question, operators=False)).scores.parts[0]
        np.testing.assert_allclose(scores, list(brute_force(db, question).values()), rtol=1e-4, atol=1e-6)
    assert len(match(index_texts([]), parse_question("red box")).scores.parts[0]) == 0


def test_operators_of_a_question_are_words() -> None:
    candidates = Candidates(["red fox", "red den", "owl"], ToyEncoder())
    matches = candidates.match('"red fox" -den')
    assert (matches.allowed, matches.question.is_plain) == (None, True)
    assert (matches.scores.parts[0] > 0).tolist() == [True, True, False]


def test_the_terms_of_a_text_in_their_order() -> None:
    candidates = Candidates(["fox", "red fox red"], ToyEncoder())
    red, fox = terms_of("red fox")
    assert candidates.terms(1) == [red, fox, red]
    assert candidates.terms(1) is candidates.terms(1)


def test_the_index_of_texts_counts_passages_and_terms() -> None:
    index = index_texts(["red fox", "", "red red den"])
    assert (index.count, index.length, index.generation) == (3, 5, None)
    assert index.parts[0].postings.ids.tolist() == [0, 1, 2]
    assert index.parts[0].postings.lengths.tolist() == [2, 0, 3]
    assert len(index.parts[1].postings.ids) == 0
