"""The ranks of golden questions' documents, and how many documents of an answer count."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from toy import ToyEncoder
from wherein.embed.tokenizer import Question
from wherein.evaluation.golden import GoldenQuestions, ranked_documents
from wherein.storage.catalog.checksums import content_hash
from wherein.storage.catalog.connection import open_writer, writing
from wherein.storage.catalog.documents import ChunkRow, DocumentRow, save_document
from wherein.storage.catalog.golden import GoldenRow
from wherein.storage.catalog.models import StoredModel, bind_model
from wherein.storage.catalog.vectors import save_vectors

TEXTS = {"lease": "The owner may sign the lease.", "cats": "Cats sleep all day.", "bread": "Bread is baked at dawn."}


@dataclass(frozen=True)
class Passage:
    uri: str


class Ranking:
    """The best of some documents' passages, and how many were asked for."""

    def __init__(self, uris: Sequence[str]) -> None:
        self.passages = [Passage(uri) for uri in uris]
        self.asked: list[int] = []

    def __call__(self, question: str, k: int) -> Sequence[Passage]:
        self.asked.append(k)
        return self.passages[:k]


def test_documents_come_in_the_order_of_their_best_passages() -> None:
    ranking = Ranking(["b", "a", "b", "c", "a"])
    assert ranked_documents("?", ranking) == ["b", "a", "c"]
    assert ranking.asked == [100]
    assert ranked_documents("?", Ranking([])) == []


@pytest.mark.parametrize(
    ("passages_of_the_first", "asked"), [(80, [100]), (81, [100]), (82, [100, 400]), (500, [100, 400, 1600])]
)
def test_passages_are_asked_for_until_there_are_20_documents(passages_of_the_first: int, asked: list[int]) -> None:
    ranking = Ranking(["d0"] * passages_of_the_first + [f"d{n}" for n in range(1, 40)])
    assert ranked_documents("?", ranking) == [f"d{n}" for n in range(20)]
    assert ranking.asked == asked


class Counting(ToyEncoder):
    """Counts the questions that it encodes."""

    encoded = 0

    def encode_tokenized(self, questions: Sequence[Question]) -> np.ndarray:
        self.encoded += len(questions)
        return super().encode_tokenized(questions)


def save(db: Any, model: StoredModel, texts: dict[str, str]) -> None:
    for name, text in texts.items():
        chunk = ChunkRow(0, len(text), content_hash(text), None, ())
        save_document(db, DocumentRow(name, None, "", "text/plain", text, {}, (), [chunk]))
    contexts = list(texts.values())
    save_vectors(db, model.id, list(map(content_hash, contexts)), ToyEncoder().encode_contexts(contexts))


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Any]:
    with closing(open_writer(tmp_path)) as db:
        yield db


@pytest.fixture
def model(db: Any) -> StoredModel:
    with writing(db, "test"):
        made = bind_model(db, fingerprint="f" * 16, name="toy", version="1", precision="w8a32", dimension=16)
        save(db, made, TEXTS)
    return made


def test_ranks_count_documents_from_1_and_are_0_for_one_that_is_not_found(
    db: Any, tmp_path: Path, model: StoredModel
) -> None:
    rows = [
        GoldenRow(1, "who may sign the lease?", "lease", None),
        GoldenRow(4, "cats all day", "cats", 7),
        GoldenRow(5, "cats all day", "gone", None),
        GoldenRow(9, "bread -dawn", "bread", None),
    ]
    encoder = Counting()
    questions = GoldenQuestions(rows, encoder)
    assert questions.texts == {1: "who may sign the lease?", 4: "cats all day", 5: "cats all day", 9: "bread -dawn"}
    assert questions.ranks(db, tmp_path, model) == {1: 1, 4: 1, 5: 0, 9: 0}
    assert questions.ranks(db, tmp_path, model) == {1: 1, 4: 1, 5: 0, 9: 0}
    assert encoder.encoded == 3  # each question once, however often it is asked


def test_inside_a_transaction_the_ranks_are_those_of_the_state_to_be_committed(
    db: Any, tmp_path: Path, model: StoredModel
) -> None:
    questions = GoldenQuestions([GoldenRow(1, "cats all day", "cats", None)], ToyEncoder())
    with pytest.raises(ZeroDivisionError), writing(db, "test"):
        save(db, model, {"better": "cats all day", "cats": "Something else entirely, and longer than before."})
        inside = questions.ranks(db, tmp_path, model)
        raise ZeroDivisionError
    assert inside[1] > 1
    assert questions.ranks(db, tmp_path, model) == {1: 1}


def test_without_questions_nothing_is_loaded(tmp_path: Path, db: Any, model: StoredModel) -> None:
    encoder = Counting()
    assert GoldenQuestions([], encoder).ranks(db, tmp_path / "nowhere", model) == {}
    assert encoder.encoded == 0
