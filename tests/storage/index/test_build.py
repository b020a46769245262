"""Writing an index: which method it has in the end, what is reused, and a disk that is full."""

import resource
from pathlib import Path

import numpy as np
import pytest

from approximate_libraries import COUNT, KINDS, QUESTIONS, VECTORS, Library, Opened, best, choose, clustered, store
from wherein.storage.catalog.connection import snapshot
from wherein.storage.index.build import write_index
from wherein.storage.index.folding import is_behind
from wherein.storage.index.generations import VECTORS as VECTORS_KIND
from wherein.storage.index.method import EXACT, HNSW, IVF


@pytest.mark.slow
def test_lists_are_reused_until_the_library_has_doubled(empty: Opened) -> None:
    vectors = clustered(9_000, seed=4)
    store(empty.db, empty.model, 0, 3_000, vectors)
    first = empty.rewrite(IVF)
    store(empty.db, empty.model, 3_000, 4_000, vectors)
    second = empty.rewrite(IVF)
    assert (second.method.size, second.count) == (first.method.size, 4_000)
    assert second.method.steps != first.method.steps
    index = empty.index()
    with snapshot(empty.db):
        for question in QUESTIONS:
            ids, scores = index.nearest(question, 10)
            np.testing.assert_allclose(scores, np.sort(vectors[:4_000] @ question)[::-1][:10], atol=0.1)
            np.testing.assert_array_equal(scores, np.einsum("ij,j->i", vectors[ids - 1], question))
    store(empty.db, empty.model, 4_000, 9_000, vectors)
    assert empty.rewrite(IVF).method.size > first.method.size


@pytest.mark.slow
def test_changing_the_method_and_back_gives_the_same_file_and_answers(library: Library) -> None:
    made = library(EXACT)
    first = made.generation
    with snapshot(made.db):
        before = [made.index().nearest(question, 10) for question in QUESTIONS]
    for kind in (IVF, HNSW, EXACT):
        choose(made.db, kind)
        assert is_behind(made.db, made.model, VECTORS_KIND)
        assert made.rewrite(kind).method.name == kind
        assert not is_behind(made.db, made.model, VECTORS_KIND)
    with snapshot(made.db):
        after = [made.index().nearest(question, 10) for question in QUESTIONS]
    for (ids, scores), (same_ids, same_scores) in zip(before, after, strict=True):
        np.testing.assert_array_equal(ids, same_ids)
        np.testing.assert_array_equal(scores, same_scores)
    assert (made.generation.sha256, made.generation.bytes) == (first.sha256, first.bytes)


def test_few_vectors_are_searched_exactly_whatever_is_chosen(empty: Opened) -> None:
    store(empty.db, empty.model, 0, 99)
    method = empty.rewrite(IVF).method
    assert (method.name, method.asked, method.is_coded) == (EXACT, EXACT, True)
    assert not is_behind(empty.db, empty.model, VECTORS_KIND)
    store(empty.db, empty.model, 99, 100)
    assert empty.rewrite(IVF).method.name == IVF


@KINDS
def test_vectors_of_other_lengths_are_searched_exactly_and_the_index_is_not_behind(empty: Opened, kind: str) -> None:
    store(empty.db, empty.model, 0, COUNT, 3 * VECTORS)
    made = empty.rewrite(kind)
    assert (made.method.name, made.method.asked) == (EXACT, kind)
    assert not is_behind(empty.db, empty.model, VECTORS_KIND)
    assert empty.generation == made
    with snapshot(empty.db):
        ids, _ = empty.index().nearest(QUESTIONS[0], 10)
    np.testing.assert_array_equal(ids, best(QUESTIONS[0], 10))


def test_a_full_disk_raises_an_os_error(library: Library, tmp_path: Path) -> None:
    made = library(IVF)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            write_index(made.db, tmp_path / "file", made.model, COUNT)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
