"""How a hit came about: the parts of its score, its chance, and the provenance of the answer."""

from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from lease_among_boxes import ingest_twice, write_docs
from oracle import read_state
from toy import ToyEncoder
from wherein.library import Library
from wherein.search.calibration import NO_GOOD_MATCH, OTHERS, chances_of
from wherein.search.fusion import Fused, fuse
from wherein.storage.catalog.connection import open_reader, snapshot
from wherein.storage.catalog.models import bound_model
from wherein.storage.index.vector_index import load_index


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    return write_docs(tmp_path / "docs")


@pytest.fixture
def library(tmp_path: Path, docs: Path) -> Library:
    return ingest_twice(tmp_path / "library", docs)


def test_the_chance_is_that_of_the_sample_and_of_all_passages(library: Library) -> None:
    """The library has fewer vectors than the sample, so that the background is all of them."""
    question = "who may sign the lease?"
    hits = library.query(question, 5).hits
    db = open_reader(library.folder)
    vectors = read_state(db).vectors
    db.close()
    background = (vectors @ ToyEncoder().encode_question(question)[0]).astype(np.float64)
    dense = np.array([hit.dense_score for hit in hits], np.float64)
    scores = np.array([hit.score for hit in hits])
    shares = np.array([[hit.overlap.coverage, hit.overlap.adjacent, hit.overlap.near] for hit in hits if hit.overlap])
    fused = Fused(np.arange(len(hits)), scores, scores, shares)
    expected = chances_of(OTHERS, fused, dense, background, len(vectors), question)
    assert [hit.chance for hit in hits] == pytest.approx(expected, abs=1e-3)  # the sample is of codes
    assert hits[0].uri.endswith("lease.txt")
    assert [hit.chance for hit in library.query(question, 3).hits] == [hit.chance for hit in hits[:3]]


def test_a_score_is_the_sum_of_the_parts_in_the_hit(library: Library) -> None:
    hit = library.query("who may sign the lease?", 1).hits[0]
    assert hit.overlap is not None
    assert 0 < hit.overlap.coverage < 1  # "who" is nowhere
    assert hit.matched == ("may", "sign", "the", "lease")
    none = fuse(np.array([hit.dense_score]), np.zeros(1), 0.0, [hit.overlap])[0]
    assert none < hit.score  # by what BM25 adds
    asked = library.query("marbles glass", 1).hits[0]
    assert asked.overlap is not None
    assert (asked.overlap.coverage, asked.overlap.adjacent, asked.overlap.near) == (1, 0, 1)


def test_the_background_is_a_sample_spread_over_generation_and_delta(library: Library) -> None:
    with closing(open_reader(library.folder)) as db, snapshot(db):
        model = bound_model(db)
        assert model is not None
        index = load_index(db, library.folder, model, None)
    assert (index.count, len(index.delta)) == (122, 1)
    with closing(open_reader(library.folder)) as db:
        vectors = read_state(db).vectors
    assert index.generation is not None
    sample = index.sample(500)  # decoded codes, and the delta's vector
    distances = np.linalg.norm(sample[:, None] - vectors, axis=2)
    assert distances.min(axis=1).max() <= index.generation.method.error + 1e-6
    assert sorted(distances.argmin(axis=1).tolist()) == list(range(122))
    few = index.sample(4)
    assert few.shape == (4, 16)
    assert (few[-1] == index.delta[-1]).all()
    assert (index.sample(4) == few).all()


def test_nothing_near_is_no_good_match(library: Library) -> None:
    answer = library.query("zebra", 3)
    assert len(answer.hits) == 3
    assert max(hit.chance or 0 for hit in answer.hits) < NO_GOOD_MATCH
    assert answer.notes == ("no good match; these are the nearest passages",)
    assert library.query("tenant 7 may sign the lease of the house", 3).notes == ()
    assert library.query("zebra", 3, mode="semantic").notes == ()
    assert [hit.chance for hit in library.query("lease", 2, mode="keyword").hits] == [None, None]


def test_other_metrics_have_no_chance(tmp_path: Path, docs: Path) -> None:
    library = Library(tmp_path / "far", encoder=ToyEncoder(metric="l2"))  # type: ignore[arg-type]
    library.ingest([str(docs)])
    answer = library.query("zebra", 3)
    assert [hit.chance for hit in answer.hits] == [None] * 3
    assert answer.notes == ()


def test_a_small_library_has_no_chance(tmp_path: Path, docs: Path) -> None:
    """The passages that answer would be a large part of the sample that they are compared with."""
    library = Library(tmp_path / "small", encoder=ToyEncoder())  # type: ignore[arg-type]
    library.ingest([str(docs / f"{n}.txt") for n in range(99)])
    assert (library.query("zebra", 1).hits[0].chance, library.query("zebra", 1).notes) == (None, ())
    library.ingest([str(docs / "99.txt")])
    assert library.query("zebra", 1).hits[0].chance is not None


def test_the_provenance_names_the_generations_that_the_mode_searched(library: Library) -> None:
    basis = {mode: library.query("lease", 1, mode=mode).basis for mode in ("hybrid", "semantic", "keyword")}
    hybrid, semantic, keyword = basis["hybrid"], basis["semantic"], basis["keyword"]
    assert hybrid
    assert semantic
    assert keyword
    assert (hybrid.model, hybrid.precision, hybrid.fingerprint) == ("toy", "w8a32", ToyEncoder().fingerprint)
    assert (hybrid.generation, hybrid.delta, hybrid.keywords_generation, hybrid.keywords_delta) == (1, 1, 2, 1)
    assert (semantic.generation, semantic.delta, semantic.keywords_generation) == (1, 1, None)
    assert (keyword.model, keyword.generation, keyword.keywords_generation, keyword.keywords_delta) == ("", None, 2, 1)
