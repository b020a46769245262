"""Ranking by vectors, and the vectors that are kept for the next time."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from toy import ToyEncoder
from wherein.embed.encoder import Matrix
from wherein.errors import UsageError
from wherein.evaluation.candidates import Candidates
from wherein.evaluation.modes import find_mode, semantic
from wherein.evaluation.vector_cache import read_vectors, store_vectors
from wherein.library import Library

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


def test_semantic_ranks_by_the_inner_product() -> None:
    encoder = ToyEncoder()
    asked = ["7 pears", "apples 30", "2 plums", "pears", "49"]
    found = list(semantic(Candidates(TEXTS, encoder))(asked, 10))
    scores = encoder.encode_questions(asked) @ encoder.encode_contexts(TEXTS).T
    for row, (places, values) in zip(scores, found, strict=True):
        assert list(places) == list(np.argsort(-row, kind="stable")[:10])
        assert list(values) == pytest.approx(list(row[places]))
    assert found[0][0][0] == TEXTS.index("7 pears")


def test_what_was_embedded_is_not_embedded_again(tmp_path: Path) -> None:
    told: list[str] = []
    first = Counting()
    expected = list(semantic(Candidates(TEXTS, first, cache=tmp_path, report=told.append))(["7 pears", "plums"], 3))
    assert first.encoded == len(TEXTS) + 2
    assert told[:3] == [f"embedding contexts: {n} of 150" for n in (0, 64, 128)]
    again = Counting()
    found = list(semantic(Candidates(TEXTS, again, cache=tmp_path))(["7 pears", "plums"], 3))
    assert again.encoded == 0
    assert [list(places) for places, _ in found] == [list(places) for places, _ in expected]
    changed = Counting()
    assert len(Candidates([*TEXTS[:-1], "new"], changed, cache=tmp_path).vectors) == len(TEXTS)
    assert changed.encoded == len(TEXTS) - 128  # the last piece


def test_vectors_of_another_model_or_kind_are_not_taken(tmp_path: Path) -> None:
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
def test_a_damaged_file_is_calculated_again(tmp_path: Path, damage: bytes | None) -> None:
    expected = Candidates(TEXTS[:5], Counting(), cache=tmp_path).vectors
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    path.write_bytes(whole[:40] + bytes([whole[40] ^ 1]) + whole[41:] if damage is None else damage)
    encoder = Counting()
    np.testing.assert_array_equal(Candidates(TEXTS[:5], encoder, cache=tmp_path).vectors, expected)
    assert encoder.encoded == 5
    assert path.read_bytes() == whole


def test_a_folder_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    vectors = np.ones((2, 3), np.float32)
    store_vectors(tmp_path / "file" / "a.vectors", vectors)
    assert read_vectors(tmp_path / "file" / "a.vectors", 2) is None


def test_the_oldest_go_when_there_are_too_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wherein.evaluation.vector_cache._MAX_BYTES", 100)
    for name in ("a", "b", "c"):  # 44 bytes each
        store_vectors(tmp_path / f"{name}.vectors", np.ones((1, 3), np.float32))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.vectors", "c.vectors"]


def test_an_unknown_mode_is_refused() -> None:
    assert find_mode("semantic") is semantic
    with pytest.raises(UsageError, match="no mode psychic; there are: hybrid, semantic, keyword"):
        find_mode("psychic")


@pytest.mark.parametrize("mode", ["hybrid", "semantic", "keyword"])
def test_a_collection_is_ranked_as_a_library_ranks_it(tmp_path: Path, mode: str) -> None:
    texts = [f"the {word} of {place} are {n} years old" for n, word in enumerate(["apples", "pears", "plums"] * 60)
             for place in ("Rome", "Delft")]  # fmt: skip
    library = Library(tmp_path / "library", encoder=ToyEncoder())
    for number, text in enumerate(texts):
        (tmp_path / f"{number:03d}.txt").write_text(text, "utf-8")
    library.ingest([str(tmp_path / "*.txt")])
    candidates = Candidates(texts, ToyEncoder())
    for question in ("how old are the pears of Delft?", "plums 77", "Rome Delft 12", "nothing of these"):
        ((_, scores),) = find_mode(mode)(candidates)([question], 8)
        # By scores, because passages that are equally good come in another order.
        shown = [hit.score for hit in library.query(question, 8, mode=mode).hits]
        assert shown == pytest.approx(list(scores), abs=1e-4), question
