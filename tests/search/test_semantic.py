"""Ranking by meaning over a catalog: against NumPy, with passages that share a vector, and with a damaged index."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from toy import ToyEncoder
from wherein.errors import Damaged
from wherein.search.filters.parse import parse_filter
from wherein.search.semantic import Searcher, exact_nearness
from wherein.storage.catalog.checksums import content_hash, vector_checksum
from wherein.storage.catalog.connection import open_reader
from wherein.storage.catalog.models import bound_model
from wherein.storage.catalog.vectors import pack_vectors

NOTES = {f"{n:02d}": f"Note {n} on box {n % 7} and lease {n % 3}." for n in range(30)}


def searcher(db: Any, folder: Path, metric: str = "cosine") -> Searcher:
    model = bound_model(db)
    assert model is not None
    return Searcher(db, folder, model, metric)


def ask(text: str, encoder: ToyEncoder | None = None) -> np.ndarray:
    return (encoder or ToyEncoder()).encode_question(text)[0]


@pytest.mark.parametrize("fold", [False, True])
@pytest.mark.parametrize("metric", ["cosine", "dot", "l2"])
def test_the_k_nearest_in_order(fill: Callable[..., Path], metric: str, fold: bool) -> None:
    encoder = ToyEncoder(metric=metric)
    folder, question = fill(NOTES, encoder=encoder, fold=fold), ask("lease 2 box 5", encoder)
    vectors = encoder.encode_contexts(list(NOTES.values()))
    if metric == "cosine":
        vectors = vectors.astype(np.float16).astype(np.float32)  # as they are stored
    scores = vectors @ question
    with closing(open_reader(folder)) as db:
        for k in (1, 7, 30, 31):
            hits = searcher(db, folder, metric).search(question, k)
            assert [hit.score for hit in hits] == pytest.approx(sorted(scores, reverse=True)[:k], rel=1e-5)
            assert [hit.rank for hit in hits] == list(range(1, min(k, 30) + 1))
            for hit in hits:
                row = int(hit.title)
                assert hit.score == pytest.approx(scores[row], rel=1e-5)
                if metric == "l2":
                    assert hit.distance == pytest.approx(np.linalg.norm(vectors[row, :-1] - question[:-1]), rel=1e-5)
                else:
                    assert hit.distance is None


def test_passages_of_one_vector_are_found_each_in_the_order_of_their_ids(db: Any, folder: Path) -> None:
    hits = searcher(db, folder).search(ask("the owner may sign the lease"), 3)
    assert [hit.title for hit in hits] == ["lease", "copy", "cats"]
    assert hits[0].score == hits[1].score > hits[2].score
    assert [hit.title for hit in searcher(db, folder).search(ask("cats"), 2)] == ["cats", "lease"]


def test_vectors_without_a_passage_do_not_shorten_an_answer(db: Any, folder: Path, change: Callable[..., None]) -> None:
    change("DELETE FROM documents WHERE title IN ('lease', 'copy')")
    change("DELETE FROM chunks WHERE document_id NOT IN (SELECT id FROM documents)")
    assert [hit.title for hit in searcher(db, folder).search(ask("the owner may sign the lease"), 1)] == ["cats"]


def test_of_passages_that_share_a_vector_only_the_selected_one_is_found(db: Any, folder: Path) -> None:
    hits = searcher(db, folder).search(ask("lease"), 3, parse_filter(places=["copy.txt"]))
    assert [hit.title for hit in hits] == ["copy"]


def test_the_state_committed_last_is_searched(db: Any, folder: Path, fill: Callable[..., Path]) -> None:
    kept = searcher(db, folder)
    kept.refresh()
    assert kept.provenance is None
    assert len(kept.search(ask("dogs"), 9)) == 3
    assert kept.provenance is not None
    assert (kept.provenance.model, kept.provenance.generation, kept.provenance.delta) == ("toy", None, 2)
    fill({"dogs": "Dogs bark."})
    assert kept.search(ask("dogs"), 9)[0].title == "dogs"
    assert kept.provenance.delta == 3


def test_an_index_that_holds_another_vector_is_damage(db: Any, folder: Path, change: Callable[..., None]) -> None:
    kept = searcher(db, folder)
    kept.refresh()
    name, raw = content_hash("Cats sleep all day."), pack_vectors(ToyEncoder().encode_contexts(["Dogs"]))[0]
    change("UPDATE vectors SET vector = ?, checksum = ? WHERE input_hash = ?", raw, vector_checksum(name, raw), name)
    with pytest.raises(Damaged, match=r"Vector \d+ in the index is not the one stored; run: wherein repair"):
        kept.search(ask("cats"), 1)


def test_an_exact_score_replaces_one_that_differs_by_rounding_only() -> None:
    question, stored = np.array([0.6, 0.8], np.float32), np.array([[0.8, 0.6]] * 3, np.float32)
    assert exact_nearness("cosine", question, stored, [0.96005, 0.9602, float("nan")]) == [
        (pytest.approx(0.96), None), None, None,
    ]  # fmt: skip


def test_the_tolerance_grows_with_the_lengths_of_the_vectors() -> None:
    question, stored = np.array([60.0, 80], np.float32), np.array([[80.0, 60], [80.0, 60], [0.8, 0.6]], np.float32)
    exact = exact_nearness("dot", question, stored, [9600.9, 9601.1, 96.05])
    assert exact == [(pytest.approx(9600), None), None, None]
