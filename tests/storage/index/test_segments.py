"""Segments: what came after a generation is answered from files, as if it were read from the catalog."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlite_utils import Database

from approximate_libraries import COUNT, KINDS, QUESTIONS, Library, Opened, assert_scores, best, flip, selected, store
from catalogs import document, hashes, save
from wherein.errors import Damaged
from wherein.search.bm25 import score_passages
from wherein.storage.catalog.connection import open_reader, snapshot, writing
from wherein.storage.catalog.documents import delete_document
from wherein.storage.catalog.models import StoredModel
from wherein.storage.catalog.terms import terms_of
from wherein.storage.index.folding import differs, write_segments_if_due
from wherein.storage.index.generation_writer import write_generation
from wherein.storage.index.generations import FOLDER, KEYWORDS, VECTORS, drop_old_generations, generation_path
from wherein.storage.index.keyword_index import load_keywords
from wherein.storage.index.method import EXACT
from wherein.storage.index.segment_writer import write_segment_if_due
from wherein.storage.index.segments import delete_segments, list_segments, segments_of, unreadable_segments
from wherein.storage.index.vector_index import load_index

AT_LEAST = 50


def extend(made: Opened, kind: str = VECTORS, at_least: int = AT_LEAST) -> bool:
    return write_segment_if_due(made.db, made.folder, made.model, kind, at_least)


def spans(made: Opened) -> list[tuple[int, int, int]]:
    """Return for each segment of vectors over which id it begins, up to which it goes, and how many it holds."""
    chain = segments_of(made.db, made.folder, made.generation)
    return [(one.above, one.content.highest_id, one.content.count) for one in chain]


def grown(made: Opened, *sizes: int) -> Opened:
    """Add vectors in runs of these sizes, each followed by a segment; the library has `COUNT` in the end."""
    first = COUNT - sum(sizes)
    store(made.db, made.model, 0, first)
    made.rewrite(EXACT)
    for size in sizes:
        store(made.db, made.model, first, first + size)
        extend(made)
        first += size
    return made


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / FOLDER).iterdir())


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ((AT_LEAST,), []),
        ((AT_LEAST + 1,), [51]),
        ((30, 30), [60]),
        ((60, 60), [120]),
        ((500, 60), [500, 60]),
        ((500, 60, 60), [500, 120]),
        ((500, 60, 70), [630]),
        ((1_100, 210, 51, 20), [1_100, 210, 51]),
        ((900, 200, 51, 20), [1_151]),
    ],
)
def test_a_segment_is_merged_with_those_that_are_not_much_larger(
    empty: Opened, sizes: tuple[int, ...], expected: list[int]
) -> None:
    made = grown(empty, *sizes)
    assert [count for _, _, count in spans(made)] == expected
    ends = [made.generation.highest_id, *(highest for _, highest, _ in spans(made))]
    assert [above for above, _, _ in spans(made)] == ends[:-1]
    with snapshot(made.db):
        index = made.index()
    assert index.count == COUNT
    assert len(index.delta_ids) == sum(sizes) - sum(expected)


@pytest.mark.parametrize("sizes", [(900, 200, 51, 20), (1_999,), (700, 700)])
def test_answers_are_exact(empty: Opened, sizes: tuple[int, ...]) -> None:
    made = grown(empty, *sizes)
    assert spans(made)
    with snapshot(made.db):
        index = made.index()
        for question in QUESTIONS[:10]:
            for k in (1, 10, 300, COUNT + 1):
                ids, scores = index.nearest(question, k)
                np.testing.assert_array_equal(ids, best(question, k))
                assert_scores(question, ids, scores)
                for share in (2, 90):
                    allowed = np.arange(1, COUNT + 1, share)
                    ids, scores = index.nearest(question, k, selected(allowed))
                    np.testing.assert_array_equal(ids, best(question, k, allowed))
        assert index.sample(100).shape == (100, QUESTIONS.shape[1])


@KINDS
def test_an_approximate_generation_has_exact_segments(library: Library, kind: str) -> None:
    made = library(kind, 300)
    assert extend(made)
    assert spans(made) == [(1_700, COUNT, 300)]
    with snapshot(made.db):
        for question in QUESTIONS[:5]:
            ids, scores = made.index().nearest(question, 10, selected(np.arange(1_600, COUNT + 1)))
            np.testing.assert_array_equal(ids, best(question, 10, np.arange(1_600, COUNT + 1)))
            assert_scores(question, ids, scores)


def test_an_opened_index_takes_over_what_it_has(empty: Opened) -> None:
    made = grown(empty, 500, 60)
    with snapshot(made.db):
        first = made.index()
    store(made.db, made.model, 0, 1)  # known already
    with snapshot(made.db):
        second = load_index(made.db, made.folder, made.model, replace(first, version=-1))
    assert [one.index for one in second.segments] == [one.index for one in first.segments]
    assert second.folded is first.folded


def test_another_connection_reads_through_itself_in_every_file(empty: Opened) -> None:
    made = grown(empty, 500, 60, 20)
    first = open_reader(made.folder)
    with snapshot(first):
        loaded = load_index(first, made.folder, made.model, None)
    second = open_reader(made.folder)
    with snapshot(second):
        other = load_index(second, made.folder, made.model, loaded)
        first.close()
        for question in QUESTIONS[:5]:
            np.testing.assert_array_equal(other.nearest(question, COUNT)[0], best(question, COUNT))
    assert other.state == loaded.state
    assert len(other.segments) == 2
    assert other.read_from(second) is other
    second.close()


def test_segments_that_are_no_longer_registered_are_no_longer_used(empty: Opened) -> None:
    made = grown(empty, 500, 60)
    with snapshot(made.db):
        vectors = made.index()
        assert load_index(made.db, made.folder, made.model, vectors) is vectors
    with writing(made.db, "test"):
        delete_segments(made.db)
    with snapshot(made.db):
        without = load_index(made.db, made.folder, made.model, vectors)
    assert (len(vectors.segments), len(without.segments), len(without.delta_ids)) == (2, 0, 560)


def test_segments_of_keywords_that_are_no_longer_registered_are_no_longer_used(
    db: Database, tmp_path: Path, model: StoredModel
) -> None:
    save(db, document("one", hashes(0, 3)))
    write_generation(db, tmp_path, model, KEYWORDS)
    save(db, document("two", hashes(0, 9)))
    assert write_segment_if_due(db, tmp_path, model, KEYWORDS, at_least=0)
    with snapshot(db):
        keywords = load_keywords(db, tmp_path, None)
        assert load_keywords(db, tmp_path, keywords) is keywords
    with writing(db, "test"):
        delete_segments(db)
    with snapshot(db):
        assert [len(part.postings.ids) for part in load_keywords(db, tmp_path, keywords).parts] == [3, 9]


def test_a_new_generation_ends_the_segments_and_a_rollback_brings_them_back(empty: Opened) -> None:
    made = grown(empty, 500, 60)
    assert files(made.folder) == ["000001.faiss", "s000001.faiss", "s000002.faiss"]
    first = made.generation
    made.rewrite(EXACT)
    assert spans(made) == []
    assert len(segments_of(made.db, made.folder, first)) == 2
    drop_old_generations(made.db, made.folder)
    assert files(made.folder) == ["000002.faiss", "s000001.faiss", "s000002.faiss"]
    drop_old_generations(made.db, made.folder, kept=1)
    assert files(made.folder) == ["000002.faiss"]
    assert list_segments(made.db) == []


def test_merged_files_are_removed(empty: Opened) -> None:
    made = grown(empty, 60, 60, 60)
    drop_old_generations(made.db, made.folder)
    assert files(made.folder) == ["000001.faiss", "s000003.faiss"]


def test_a_missing_file_ends_the_chain_and_a_damaged_one_is_damage(empty: Opened) -> None:
    made = grown(empty, 500, 60)
    last = segments_of(made.db, made.folder, made.generation)[-1]
    path = generation_path(made.folder, last.content.file)
    flip(path, 8)
    with snapshot(made.db), pytest.raises(Damaged):
        made.index()
    path.unlink()
    assert [count for _, _, count in spans(made)] == [500]
    with snapshot(made.db):
        ids, _ = made.index().nearest(QUESTIONS[0], 10)
    np.testing.assert_array_equal(ids, best(QUESTIONS[0], 10))


@pytest.mark.parametrize(
    "change", ["file = '../s000001.faiss'", "file = 's000001.keywords'", "count = 5", "above = 1439", "method = '{'"]
)
def test_a_record_that_cannot_be_right_is_damage(empty: Opened, change: str) -> None:
    made = grown(empty, 500, 60)
    with writing(made.db, "test"):
        made.db.execute(f"UPDATE segments SET {change} WHERE id = 1")
    assert unreadable_segments(made.db) == [1]
    with snapshot(made.db), pytest.raises(Damaged, match="run: wherein repair"):
        made.index()


def test_a_vector_that_is_gone_from_a_segment_is_noticed(empty: Opened) -> None:
    made = grown(empty, 500, 60)
    assert not differs(made.db, made.model, made.generation)
    with writing(made.db, "test"):
        made.db.execute("DELETE FROM vectors WHERE id = ?", [COUNT])
    assert differs(made.db, made.model, made.generation)
    with snapshot(made.db):
        ids, _ = made.index().nearest(QUESTIONS[0], COUNT)
    np.testing.assert_array_equal(ids, best(QUESTIONS[0], COUNT, np.arange(1, COUNT)))


def test_keywords_are_found_in_every_segment(db: Database, tmp_path: Path, model: StoredModel) -> None:
    save(db, document("one", hashes(0, 3), text="aab"))
    write_generation(db, tmp_path, model, KEYWORDS)
    (gone,) = save(db, document("two", hashes(0, 9), text="abababaab"))
    assert not write_segment_if_due(db, tmp_path, model, KEYWORDS, at_least=9)
    assert write_segment_if_due(db, tmp_path, model, KEYWORDS, at_least=8)
    save(db, document("three", hashes(0, 1), text="b"))
    assert write_segment_if_due(db, tmp_path, model, KEYWORDS, at_least=0)
    save(db, document("four", hashes(0, 2), text="ba"))
    with snapshot(db):
        index = load_keywords(db, tmp_path, None)
    assert [part.postings.ids.tolist() for part in index.parts] == [
        [1, 2, 3],
        [4, 5, 6, 7, 8, 9, 10, 11, 12],
        [13],
        [14, 15],
    ]
    assert (index.count, index.length) == (15, 15)
    with writing(db, "test"):
        delete_document(db, gone)
    with snapshot(db):
        left = load_keywords(db, tmp_path, None)
        assert load_keywords(db, tmp_path, left) is left
    assert (left.count, left.length) == (6, 6)


def test_passages_in_every_segment_are_scored(db: Database, tmp_path: Path, model: StoredModel) -> None:
    for number in range(4):
        save(db, document(str(number), hashes(number, number + 1), text="a"))
        if number == 0:
            write_generation(db, tmp_path, model, KEYWORDS)
        else:
            assert write_segment_if_due(db, tmp_path, model, KEYWORDS, at_least=0)
        with snapshot(db):
            index = load_keywords(db, tmp_path, None)
        scores = score_passages(index, dict.fromkeys(terms_of("a"), 1))
        assert [len(part) for part in scores.parts] == [len(part.postings.ids) for part in index.parts]
        assert np.count_nonzero(np.concatenate(scores.parts) > 0) == number + 1


def test_without_a_generation_there_is_no_segment(db: Database, tmp_path: Path, model: StoredModel) -> None:
    write_segments_if_due(db, tmp_path, model)
    assert not write_segment_if_due(db, tmp_path, model, VECTORS, at_least=0)
    assert not (tmp_path / FOLDER).exists()
