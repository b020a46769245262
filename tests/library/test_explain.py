"""What is told of a score: its parts, what it is worth, and from what it was made."""

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import click.testing
import numpy as np
import pytest

from oracle import read_state
from toy import ToyEncoder
from wherein import cli
from wherein.commands.options import GlobalOptions
from wherein.library import Library
from wherein.search.calibration import NO_GOOD_MATCH, calibrated
from wherein.search.fusion import fuse
from wherein.storage.catalog.connection import open_reader, snapshot
from wherein.storage.catalog.models import bound_model
from wherein.storage.index.vector_index import load_index


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    for n in range(120):
        (folder / f"{n}.txt").write_text(f"The red box {n} holds {n * n} marbles of glass.")
    (folder / "lease.txt").write_text("Tenant 7 may sign the lease of the house.")
    return folder


@pytest.fixture
def library(tmp_path: Path, docs: Path) -> Library:
    made = Library(tmp_path / "library", encoder=ToyEncoder())  # type: ignore[arg-type]
    made.ingest([str(docs)])
    (docs / "late.txt").write_text("A note that came later, on a red lease.")
    made.ingest([str(docs)])
    return made


def test_the_chance_is_that_of_the_sample_and_of_all_passages(library: Library) -> None:
    """The library has fewer vectors than the sample, so that the background is all of them."""
    question = "who may sign the lease?"
    hits = library.query(question, 5).hits
    db = open_reader(library.folder)
    vectors = read_state(db).vectors
    db.close()
    background = (vectors @ ToyEncoder().encode_question(question)[0]).astype(np.float64)
    dense = np.array([hit.dense_score for hit in hits], np.float64)
    expected = calibrated(dense, np.array([hit.score for hit in hits]), background, len(vectors))
    assert [hit.chance for hit in hits] == pytest.approx(expected.tolist(), abs=1e-5)
    assert hits[0].uri.endswith("lease.txt")
    assert int(np.argmax(expected)) == 0


def test_a_score_is_the_sum_of_the_parts_that_are_told(library: Library) -> None:
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
    assert sorted(map(bytes, index.sample(500))) == sorted(map(bytes, vectors))
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
    """What answers would be a large part of what it is compared with."""
    library = Library(tmp_path / "small", encoder=ToyEncoder())  # type: ignore[arg-type]
    library.ingest([str(docs / f"{n}.txt") for n in range(99)])
    assert (library.query("zebra", 1).hits[0].chance, library.query("zebra", 1).notes) == (None, ())
    library.ingest([str(docs / "99.txt")])
    assert library.query("zebra", 1).hits[0].chance is not None


def test_the_generations_are_told_by_mode(library: Library) -> None:
    told = {mode: library.query("lease", 1, mode=mode).basis for mode in ("hybrid", "semantic", "keyword")}
    hybrid, semantic, keyword = told["hybrid"], told["semantic"], told["keyword"]
    assert hybrid
    assert semantic
    assert keyword
    assert (hybrid.model, hybrid.precision, hybrid.fingerprint) == ("toy", "w8a32", ToyEncoder().fingerprint)
    assert (hybrid.generation, hybrid.delta, hybrid.keywords_generation, hybrid.keywords_delta) == (1, 1, 2, 1)
    assert (semantic.generation, semantic.delta, semantic.keywords_generation) == (1, 1, None)
    assert (keyword.model, keyword.generation, keyword.keywords_generation, keyword.keywords_delta) == ("", None, 2, 1)


@pytest.fixture
def ask(library: Library, monkeypatch: pytest.MonkeyPatch) -> Callable[..., click.testing.Result]:
    monkeypatch.setattr(GlobalOptions, "open_library", lambda _: library)
    return lambda *arguments: click.testing.CliRunner().invoke(cli.main, ["query", *arguments])


def test_explained_to_a_person_and_to_a_script(library: Library, ask: Callable[..., click.testing.Result]) -> None:
    question = "may sign the lease"
    hit = library.query(question, 1).hits[0]
    shown = ask(question, "-n", "1", "--explain").stdout.splitlines()
    assert f" · {hit.score:.2f} ({100 * (hit.chance or 0):.0f} %) · fresh" in shown[1]
    assert shown[2] == (
        f"   why: score {hit.score:.4f} · meaning {hit.dense_score:.4f} (rank 1)"
        f" · words (BM25) {hit.keyword_score:.4f} (rank 1) · chance {hit.chance:.4f}"
    )
    assert shown[3:5] == [
        "   overlap with the question: coverage 1.00 · adjacent 1.00 · near 1.00", "   matched: may, sign, the, lease",
    ]  # fmt: skip
    assert shown[-1] == (
        f"answered from: model toy {ToyEncoder().fingerprint}, w8a32; vectors of generation 1 and 1 newer ones;"
        " keywords of generation 2 and 1 newer passages"
    )
    assert "why:" not in ask(question).stdout
    told = json.loads(ask(question, "--explain", "--json").stdout)
    assert told["basis"]["generation"] == 1
    assert told["hits"][0]["overlap"] == {"coverage": 1.0, "adjacent": 1.0, "near": 1.0}
    assert told["hits"][0]["chance"] == pytest.approx(hit.chance)
    assert "basis" not in json.loads(ask(question, "--json").stdout)


def test_no_good_match_is_said_beside_the_passages(ask: Callable[..., click.testing.Result]) -> None:
    done = ask("zebra", "-n", "2")
    assert done.exit_code == 0
    assert done.stderr == "wherein: no good match; these are the nearest passages\n"
    assert done.stdout.startswith("1. ")
