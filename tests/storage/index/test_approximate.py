"""Approximate indexes: what they find, that their scores and filtered answers are exact, and that damage is noticed."""

import resource
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlite_utils import Database

from wherein.errors import Damaged
from wherein.storage.catalog.checksums import content_hash
from wherein.storage.catalog.connection import open_writer, snapshot, writing
from wherein.storage.catalog.models import StoredModel, bind_model, bound_model
from wherein.storage.catalog.vectors import Ids, Matrix, save_vectors, stored_ids
from wherein.storage.filters.selection import Selection
from wherein.storage.index.build import write_index
from wherein.storage.index.folding import fold_if_due, is_behind
from wherein.storage.index.generation_files import generation_problem, load_generation
from wherein.storage.index.generation_writer import write_generation
from wherein.storage.index.generations import VECTORS as VECTORS_KIND
from wherein.storage.index.generations import Generation, active_generation, generation_path
from wherein.storage.index.method import (
    EXACT,
    HNSW,
    IVF,
    Method,
    Step,
    choose_index,
    chosen_index,
    decode_method,
    encode_method,
    method_for,
)
from wherein.storage.index.vector_index import VectorIndex, load_index
from wherein.storage.repair.deep import check_index

COUNT, DIMENSION, CLUSTERS = 2_000, 24, 40
Library = Callable[..., "Opened"]
KINDS = pytest.mark.parametrize("kind", [IVF, HNSW])


def clustered(count: int, seed: int = 0) -> Matrix:
    """Unit vectors around a few directions, as those of texts about a few things."""
    chance = np.random.default_rng(seed)
    middles = np.random.default_rng(99).standard_normal((CLUSTERS, DIMENSION))
    vectors = middles[chance.integers(0, CLUSTERS, count)] + 0.6 * chance.standard_normal((count, DIMENSION))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


VECTORS, QUESTIONS = clustered(COUNT), clustered(50, seed=1)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, int], Path]:
    """Return a library of the vectors with ids from 1 on, the last `delta` of them stored after the generation."""

    @cache
    def made(kind: str, delta: int) -> Path:
        folder = tmp_path_factory.mktemp(kind)
        with closing(open_writer(folder)) as db:
            with writing(db, "test"):
                model = bind_model(
                    db, fingerprint="f" * 16, name="m", version="1", precision="w8a8", dimension=DIMENSION
                )
            choose(db, kind)
            store(db, model, 0, COUNT - delta)
            write_generation(db, folder, model)
            store(db, model, COUNT - delta, COUNT)
        return folder

    return made


class Opened:
    """A library that may be changed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.db = open_writer(folder)

    @property
    def model(self) -> StoredModel:
        model = bound_model(self.db)
        assert model is not None
        return model

    @property
    def generation(self) -> Generation:
        generation = active_generation(self.db)
        assert generation is not None
        return generation

    def index(self) -> VectorIndex:
        return load_index(self.db, self.folder, self.model, None)

    def rewrite(self, kind: str) -> Generation:
        choose(self.db, kind)
        return write_generation(self.db, self.folder, self.model)


@pytest.fixture
def library(made: Callable[[str, int], Path], tmp_path: Path) -> Iterator[Callable[..., Opened]]:
    opened = []

    def library(kind: str, delta: int = 0) -> Opened:
        opened.append(Opened(Path(shutil.copytree(made(kind, delta), tmp_path / f"{kind}-{delta}"))))
        return opened[-1]

    yield library
    for one in opened:
        one.db.close()


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Opened]:
    opened = Opened(tmp_path)
    with writing(opened.db, "test"):
        bind_model(opened.db, fingerprint="f" * 16, name="m", version="1", precision="w8a8", dimension=DIMENSION)
    yield opened
    opened.db.close()


def store(db: Database, model: StoredModel, first: int, last: int, vectors: Matrix = VECTORS) -> None:
    with writing(db, "test"):
        names = [content_hash(f"passage {number}") for number in range(first, last)]
        save_vectors(db, model.id, names, vectors[first:last])


def choose(db: Database, kind: str) -> None:
    with writing(db, "test"):
        choose_index(db, kind)


def best(question: Matrix, k: int, allowed: Ids | None = None) -> Ids:
    ids = np.arange(1, COUNT + 1) if allowed is None else allowed
    scores = np.einsum("ij,j->i", VECTORS[ids - 1], question)
    return ids[np.lexsort((ids, -scores))[:k]]


def assert_scores(question: Matrix, ids: Ids, scores: Matrix) -> None:
    np.testing.assert_array_equal(scores, np.einsum("ij,j->i", VECTORS[ids - 1], question))
    assert len(set(ids.tolist())) == len(ids)
    assert (np.lexsort((ids, -scores)) == np.arange(len(ids))).all()


@KINDS
@pytest.mark.parametrize("delta", [0, 300])
@pytest.mark.parametrize("k", [1, 10, 100, COUNT, COUNT + 7])
def test_nearly_all_of_the_nearest_are_found_and_scored_exactly(
    library: Library, kind: str, delta: int, k: int
) -> None:
    made, found = library(kind, delta), 0
    assert (made.generation.method.name, made.generation.count) == (kind, COUNT - delta)
    with snapshot(made.db):
        index = made.index()
        for question in QUESTIONS:
            ids, scores = index.nearest(question, k)
            assert len(ids) == min(k, COUNT)
            assert_scores(question, ids, scores)
            found += len(np.intersect1d(ids, best(question, k)))
    assert found >= 0.97 * len(QUESTIONS) * min(k, COUNT)
    assert all(step.recall >= 0.99 for step in made.generation.method.steps)


def selected(ids: Ids) -> Selection:
    marks = np.zeros(int(ids.max(initial=0)) + 1, np.bool_)
    marks[ids] = True
    return Selection(frozenset(), np.empty(0, np.int64), ids, np.packbits(marks, bitorder="little"))


@KINDS
@pytest.mark.parametrize("delta", [0, 300])
@pytest.mark.parametrize("allowed", [0, 1, 20, COUNT // 2, COUNT - 1, COUNT])
def test_among_what_a_filter_lets_pass_the_answer_is_that_of_brute_force(
    library: Library, kind: str, delta: int, allowed: int
) -> None:
    made = library(kind, delta)
    ids = np.sort(np.random.default_rng(3).choice(COUNT, allowed, replace=False) + 1)
    with snapshot(made.db):
        index = made.index()
        for question in QUESTIONS:
            for k in (1, 10, 60):
                found, scores = index.nearest(question, k, selected(ids))
                np.testing.assert_array_equal(found, best(question, k, ids))
                assert_scores(question, found, scores)


@KINDS
def test_where_codes_say_little_a_filtered_answer_is_exact_all_the_same(empty: Opened, kind: str) -> None:
    """Vectors so near to each other that their codes come in another order."""
    near = VECTORS[0] + 1e-2 * np.random.default_rng(5).standard_normal((COUNT, DIMENSION))
    near[:40] = VECTORS[:40]
    near = (near / np.linalg.norm(near, axis=1, keepdims=True)).astype(np.float32)
    store(empty.db, empty.model, 0, COUNT, near)
    made = empty.rewrite(kind)
    assert made.method.asked == kind
    assert made.method.name == (IVF if kind == IVF else EXACT)  # a graph does not find its way through such a crowd
    ids = np.arange(1, COUNT + 1, 2)
    with snapshot(empty.db):
        index = empty.index()
        for question in (VECTORS[0], QUESTIONS[0]):
            scores = np.einsum("ij,j->i", near[ids - 1], question)
            found, told = index.nearest(question, 10, selected(ids))
            np.testing.assert_allclose(told, np.sort(scores)[::-1][:10], atol=1e-6)
            np.testing.assert_array_equal(found, ids[np.lexsort((ids, -scores))[:10]])


@KINDS
def test_vectors_that_are_stored_no_more_are_left_out(library: Library, kind: str) -> None:
    made, gone = library(kind), best(QUESTIONS[0], 5)
    with writing(made.db, "test"):
        made.db.execute(f"DELETE FROM vectors WHERE id IN ({', '.join(map(str, gone))})")
    with snapshot(made.db):
        ids, scores = made.index().nearest(QUESTIONS[0], 50)
    assert not np.isin(ids, gone).any()
    assert len(ids) >= 45
    assert_scores(QUESTIONS[0], ids, scores)


@KINDS
def test_the_sample_is_near_to_the_vectors_and_the_same_each_time(library: Library, kind: str) -> None:
    made = library(kind, 300)
    with snapshot(made.db):
        sample = made.index().sample(200)
        np.testing.assert_array_equal(sample, made.index().sample(200))
    assert sample.shape == (200, DIMENSION)
    distances = np.linalg.norm(sample[:, None] - VECTORS, axis=2).min(axis=1)
    assert distances.max() <= made.generation.method.error + 1e-6
    assert 0 < made.generation.method.error < 0.1


def test_a_fold_keeps_the_kind(library: Library) -> None:
    made = library(IVF, 300)
    assert fold_if_due(made.db, made.folder, made.model, at_least=100)
    assert (made.generation.method.name, made.generation.count) == (IVF, COUNT)


def test_a_fold_goes_on_with_what_is_there_and_the_next_night_tunes_again(library: Library) -> None:
    made = library(IVF, 300)
    before = made.generation
    with snapshot(made.db):
        expected = [made.index().nearest(question, 20) for question in QUESTIONS]
    assert fold_if_due(made.db, made.folder, made.model, at_least=100)
    after = made.generation
    assert (after.method.steps, after.method.size) == (before.method.steps, before.method.size)
    assert (after.count, after.highest_id) == (COUNT, COUNT)
    assert list(check_index(made.db, made.folder, made.model, after, Counter())) == []
    with snapshot(made.db):
        for question, (ids, _) in zip(QUESTIONS, expected, strict=True):
            found, exact = made.index().nearest(question, 20)
            assert len(set(found.tolist()) & set(ids.tolist())) >= 17
            np.testing.assert_array_equal(exact, np.einsum("ij,j->i", VECTORS[found - 1], question))
    # Where something of it is gone, or it is not what was written, it is made anew.
    with writing(made.db, "test"):
        made.db.execute("DELETE FROM vectors WHERE id = 7")
    store(made.db, made.model, COUNT, COUNT + 250, clustered(COUNT + 250, seed=9))
    assert fold_if_due(made.db, made.folder, made.model, at_least=100)
    assert made.generation.count == COUNT + 249
    assert list(check_index(made.db, made.folder, made.model, made.generation, Counter())) == []


@pytest.mark.parametrize("place", [-40, -4_000])
def test_no_damage_is_taken_over(library: Library, place: int) -> None:
    made = library(IVF, 300)
    path = generation_path(made.folder, made.generation.file)
    data = bytearray(path.read_bytes())
    data[place] ^= 0x5A
    path.write_bytes(data)
    assert fold_if_due(made.db, made.folder, made.model, at_least=100)
    assert list(check_index(made.db, made.folder, made.model, made.generation, Counter())) == []


def test_lists_serve_until_the_library_has_doubled(empty: Opened) -> None:
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


def test_from_exact_to_lists_and_back_nothing_is_lost(library: Library) -> None:
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
    assert empty.rewrite(IVF).method == Method()
    assert not is_behind(empty.db, empty.model, VECTORS_KIND)
    store(empty.db, empty.model, 99, 100)
    assert empty.rewrite(IVF).method.name == IVF


def test_auto_goes_by_the_number_of_vectors(empty: Opened) -> None:
    assert chosen_index(empty.db) == "auto"
    assert [method_for(empty.db, count, 384) for count in (0, 99, 50_000, 50_001)] == [EXACT, EXACT, EXACT, IVF]
    assert method_for(empty.db, 50_000, 1024) == IVF
    choose(empty.db, HNSW)
    assert (method_for(empty.db, 1_000_000, 384), method_for(empty.db, 50, 384)) == (HNSW, EXACT)


@KINDS
def test_vectors_of_other_lengths_are_searched_exactly_and_that_is_not_tried_again(empty: Opened, kind: str) -> None:
    store(empty.db, empty.model, 0, COUNT, 3 * VECTORS)
    made = empty.rewrite(kind)
    assert (made.method.name, made.method.asked) == (EXACT, kind)
    assert not is_behind(empty.db, empty.model, VECTORS_KIND)
    assert empty.generation == made
    with snapshot(empty.db):
        ids, _ = empty.index().nearest(QUESTIONS[0], 10)
    np.testing.assert_array_equal(ids, best(QUESTIONS[0], 10))


# Damage.


def flip(path: Path, place: int, mask: int = 0x40) -> None:
    with path.open("r+b") as file:
        file.seek(place)
        (value,) = file.read(1)
        file.seek(place)
        file.write(bytes([value ^ mask]))


@KINDS
def test_whatever_byte_is_flipped_no_score_is_wrong_and_verify_tells(library: Library, kind: str) -> None:
    library_ = library(kind)
    made, db = library_.generation, library_.db
    path = generation_path(library_.folder, made.file)
    chance = np.random.default_rng(11)
    head = made.method.head
    places = [*range(0, 200, 7), *chance.integers(0, head, 60), head - 1, *chance.integers(head, made.bytes, 120)]
    for place in map(int, places):
        mask = int(chance.integers(1, 256))
        flip(path, place, mask)
        assert generation_problem(db, library_.folder, made)
        with snapshot(db):
            if place < head:
                with pytest.raises(Damaged):
                    library_.index()
            else:
                with suppress(Damaged):
                    index = library_.index()
                    for question in QUESTIONS[:3]:
                        assert_scores(question, *index.nearest(question, 20))
                        assert_scores(question, *index.nearest(question, 20, selected(np.arange(1, COUNT, 3))))
        flip(path, place, mask)
    assert not generation_problem(db, library_.folder, made)


@KINDS
@pytest.mark.parametrize("kept", [0, 1, 100, 5_000, -1])
def test_a_file_that_was_cut_off_is_damaged(library: Library, kind: str, kept: int) -> None:
    made = library(kind)
    path = generation_path(made.folder, made.generation.file)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(Damaged, match="repair"):
        load_generation(made.folder, made.generation)


@KINDS
def test_a_deep_look_finds_each_id_and_code_that_is_another(library: Library, kind: str) -> None:
    made = library(kind)
    generation, tally = made.generation, Counter[str]()
    path = generation_path(made.folder, generation.file)

    def found() -> list[str]:
        with snapshot(made.db):
            return [what for what in check_index(made.db, made.folder, made.model, generation, tally)
                    if "belong to a passage" not in what]  # fmt: skip

    assert found() == []
    assert tally["indexed vectors"] == COUNT
    flip(path, generation.bytes - 7)  # the last eight bytes are an id
    assert len([what for what in found() if what.startswith("it lacks vector")]) == 1
    flip(path, generation.bytes - 7)
    assert found() == []
    for place in range(generation.method.head, generation.method.head + DIMENSION):
        flip(path, place, 0x80)  # the first code
    assert len([what for what in found() if "another vector" in what]) == 1


def test_a_deep_look_tells_that_too_little_is_found(library: Library) -> None:
    made = library(IVF)
    method = made.generation.method
    lazy = replace(method, steps=tuple(replace(step, effort=1) for step in method.steps))
    with snapshot(made.db):
        (told,) = check_index(made.db, made.folder, made.model, replace(made.generation, method=lazy), Counter())
    assert told.startswith("it finds ")
    assert "99%" in told


@pytest.mark.parametrize(
    "change",
    [
        "count = count + 1", "highest_vector_id = 5", "bytes = bytes + 1", "sha256 = 'a'", "method = '{}'",
        "method = '['", "method = replace(method, '\"head\": ', '\"head\": 1')", "method = '7'",
        "method = replace(method, '\"effort\": ', '\"effort\": 1')", "method = '{\"checksum\": 1}'",
    ],
)  # fmt: skip
def test_a_record_that_was_changed_is_noticed(library: Library, change: str) -> None:
    made = library(IVF)
    with writing(made.db, "test"):
        made.db.execute(f"UPDATE generations SET {change}")
    with pytest.raises(Damaged, match="record of index"):
        active_generation(made.db)


def test_no_room_is_an_error_of_the_disk(library: Library, tmp_path: Path) -> None:
    made = library(IVF)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            write_index(made.db, tmp_path / "file", made.model, COUNT)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


# The record.

STEPS = st.builds(
    Step, st.integers(1, 1000), st.integers(1, 10**6), st.integers(1, 10**6), st.floats(0, 1, allow_nan=False)
)
METHODS = st.builds(
    Method,
    name=st.sampled_from([EXACT, IVF, HNSW]),
    asked=st.sampled_from([EXACT, IVF, HNSW]),
    size=st.integers(0, 10**6),
    steps=st.lists(STEPS, max_size=3).map(tuple),
    error=st.floats(0, 10),
    head=st.integers(0, 2**40),
    head_sha256=st.text("0123456789abcdef", max_size=64),
)


@given(METHODS, st.text(), st.integers())
def test_a_method_is_read_as_it_was_written(method: Method, file: str, count: int) -> None:
    raw = encode_method(method, file, count)
    assert decode_method(raw, file, count) == method
    if raw:
        with pytest.raises(ValueError, match="not what was registered"):
            decode_method(raw, file, count + 1)


@given(st.integers(1, 5_000))
def test_more_results_take_no_less_effort(k: int) -> None:
    method = Method(IVF, IVF, 100, (Step(10, 20, 14, 0.99), Step(100, 45, 120, 0.99)))
    step, more = method.step(k), method.step(k + 1)
    assert step.candidates >= step.k == k
    assert (more.effort, more.candidates) >= (step.effort, step.candidates)
    assert method.step(10) == method.steps[0]
    assert method.step(200) == Step(200, 90, 240, 0.99)


def test_stored_ids_are_those_of_one_model(empty: Opened) -> None:
    store(empty.db, empty.model, 0, 10)
    with writing(empty.db, "test"):
        empty.db.execute("DELETE FROM vectors WHERE id = 4")
    assert stored_ids(empty.db, empty.model.id).tolist() == [1, 2, 3, 5, 6, 7, 8, 9, 10]
    assert stored_ids(empty.db, empty.model.id + 1).tolist() == []
