"""Exact search in codes: the file is the one that FAISS writes, and every answer is that of NumPy."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from approximate_libraries import (
    COUNT,
    DIMENSION,
    QUESTIONS,
    VECTORS,
    Library,
    Opened,
    assert_scores,
    best,
    flip,
    selected,
    store,
)
from wherein.errors import Damaged
from wherein.storage.catalog.connection import snapshot, writing
from wherein.storage.catalog.vectors import Ids, Matrix
from wherein.storage.index.exact_codes import ExactCodes, write_exact_codes
from wherein.storage.index.generations import generation_path
from wherein.storage.index.method import EXACT


def unit(vectors: Matrix) -> Matrix:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16).astype(np.float32)


def write(path: Path, ids: Ids, vectors: Matrix, *cuts: int) -> Any:
    parts = list(zip(np.split(ids, cuts), np.split(vectors, cuts), strict=True))
    return write_exact_codes(path, len(ids), vectors.shape[1], lambda: parts)


@pytest.mark.parametrize(("count", "cuts"), [(1, ()), (40, (7, 30)), (500, (200,))])
def test_the_file_is_the_one_that_faiss_writes(tmp_path: Path, count: int, cuts: tuple[int, ...]) -> None:
    import faiss

    ids = np.arange(3, 3 + count)
    method, digest = write(tmp_path / "ours", ids, VECTORS[:count], *cuts)
    inner: Any = faiss.IndexScalarQuantizer(DIMENSION, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT)
    inner.train(VECTORS[:count])
    index: Any = faiss.IndexIDMap(inner)
    index.add_with_ids(VECTORS[:count], ids)
    faiss.write_index(index, str(tmp_path / "theirs"))
    assert (tmp_path / "ours").read_bytes() == (tmp_path / "theirs").read_bytes()
    assert len(digest) == 64
    lost = np.linalg.norm(inner.reconstruct_n(0, count) - VECTORS[:count], axis=1).max()
    assert method.error == pytest.approx(float(lost), rel=1e-5)
    assert (method.name, method.is_coded) == (EXACT, True)


@pytest.mark.parametrize("change", [0.0, 1.01, 3.0, np.nan])
def test_no_codes_are_written_for_vectors_of_another_length(tmp_path: Path, change: float) -> None:
    vectors = VECTORS[:20].copy()
    vectors[13] *= change
    assert write(tmp_path / "codes", np.arange(1, 21), vectors, 10) is None
    assert write(tmp_path / "codes", np.arange(0), vectors[:0]) is None
    assert not (tmp_path / "codes").exists()


def test_other_numbers_of_vectors_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="2 vectors instead of 3"):
        write_exact_codes(tmp_path / "codes", 3, DIMENSION, lambda: [(np.arange(1, 3), VECTORS[:2])])


@pytest.mark.parametrize("delta", [0, 300])
@pytest.mark.parametrize("k", [1, 10, 200, COUNT, COUNT + 1])
def test_answers_are_exact(library: Library, delta: int, k: int) -> None:
    made = library(EXACT, delta)
    with snapshot(made.db):
        index = made.index()
        assert isinstance(index.folded, ExactCodes)
        for question in QUESTIONS[:10]:
            ids, scores = index.nearest(question, k)
            np.testing.assert_array_equal(ids, best(question, k))
            assert_scores(question, ids, scores)


@pytest.mark.parametrize("share", [1, 2, 7, 400])
def test_answers_with_a_filter_are_exact(library: Library, share: int) -> None:
    made = library(EXACT)
    ids = np.arange(1, COUNT + 1, share)
    with snapshot(made.db):
        for question in QUESTIONS[:10]:
            for k in (1, 10, 300):
                found, scores = made.index().nearest(question, k, selected(ids))
                np.testing.assert_array_equal(found, best(question, k, ids))
                assert_scores(question, found, scores)


def crowd(spread: float, copies: int) -> Matrix:
    """Vectors nearer to each other than their codes' error, of which `copies` are equal."""
    near = VECTORS[0] + spread * np.random.default_rng(5).standard_normal((COUNT, DIMENSION))
    near[:copies] = near[0]
    near[-40:] = VECTORS[-40:]  # so that the steps of the codes are as wide as usual
    return unit(near)


@pytest.mark.parametrize(("spread", "copies"), [(1e-2, 1), (1e-3, 500), (0.0, 1_000)])
def test_answers_are_exact_where_codes_hardly_differ(empty: Opened, spread: float, copies: int) -> None:
    vectors = crowd(spread, copies)
    store(empty.db, empty.model, 0, COUNT, vectors)
    empty.rewrite(EXACT)
    with snapshot(empty.db):
        for question in (vectors[0], VECTORS[0], QUESTIONS[0]):
            scores = np.einsum("ij,j->i", vectors, question)
            for k in (1, 10, 60):
                ids, found = empty.index().nearest(question, k)
                np.testing.assert_array_equal(found, -np.sort(-scores)[:k])
                np.testing.assert_array_equal(found, scores[ids - 1])


def test_vectors_that_are_no_longer_stored_never_shorten_an_answer(library: Library) -> None:
    made = library(EXACT)
    gone = best(QUESTIONS[0], 700)
    with writing(made.db, "test"):
        made.db.execute(f"DELETE FROM vectors WHERE id IN ({', '.join(map(str, gone))})")
    left = np.setdiff1d(np.arange(1, COUNT + 1), gone)
    with snapshot(made.db):
        for k in (1, 10, 2_000):
            ids, _ = made.index().nearest(QUESTIONS[0], k)
            np.testing.assert_array_equal(ids, best(QUESTIONS[0], k, left))


def test_a_damaged_code_or_id_makes_no_score_wrong(library: Library) -> None:
    made = library(EXACT)
    path, chance = generation_path(made.folder, made.generation.file), np.random.default_rng(11)
    noticed = 0
    for place in map(int, chance.integers(made.generation.method.head, made.generation.bytes, 60)):
        flip(path, place, 0x80)
        with snapshot(made.db):
            try:
                for question in QUESTIONS[:3]:
                    assert_scores(question, *made.index().nearest(question, 300))
            except Damaged:
                noticed += 1
        flip(path, place, 0x80)
    assert noticed


@pytest.mark.parametrize("place", [0, 4, 8, 60, 100])
def test_a_damaged_header_is_not_given_to_faiss(library: Library, place: int) -> None:
    made = library(EXACT)
    flip(generation_path(made.folder, made.generation.file), place)
    with snapshot(made.db), pytest.raises(Damaged):
        made.index()
