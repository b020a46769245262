"""What is true of every library at every moment, whatever happened to the process that wrote it."""

import json
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from stored_texts import TEXT
from wherein.search.semantic import Searcher
from wherein.storage.catalog.checksums import content_hash
from wherein.storage.catalog.connection import open_reader, snapshot
from wherein.storage.catalog.documents import document_spans, document_text, list_documents, model_input
from wherein.storage.catalog.models import bound_model
from wherein.storage.catalog.term_counts import count_terms
from wherein.storage.catalog.term_order import sealed
from wherein.storage.catalog.vectors import count_live, read_vectors, unpack_vectors
from wherein.storage.filters.selection import Filter
from wherein.storage.index.generations import active_generation
from wherein.storage.index.keyword_index import load_keywords
from wherein.storage.index.method import EXACT
from wherein.storage.index.vector_index import load_index
from wherein.storage.repair.deep_check import check_keywords

QUESTIONS = ("where does the market open?", "barrels of herring on the quay", "brooch")


@dataclass(frozen=True)
class Kept:
    """A document as a library holds it: its id, its text, and the start and end of each chunk."""

    id: int
    text: str
    spans: tuple[tuple[int, int], ...]


def checked_state(folder: Path, encoder: Any) -> dict[str, Kept]:
    """Return the documents by URI, after checking that the library is sound."""
    with closing(open_reader(folder)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        with snapshot(db):
            state = {document.uri: _kept(db, document.id) for document in list_documents(db, limit=-1)}
            model = bound_model(db)
            if model is not None:
                _check_vectors(db, model, state, encoder)
                _check_index(db, folder, model)
            _check_keywords(db, folder)
        if model is not None:
            _check_answers(db, folder, model, encoder)
    return state


def _kept(db: Any, document_id: int) -> Kept:
    text = document_text(db, document_id)
    spans = tuple((span.start, span.end) for span in document_spans(db, document_id))
    covered = 0
    for start, end in spans:
        assert start <= covered < end
        covered = end
    assert covered == len(text)
    return Kept(document_id, text, spans)


def _check_vectors(db: Any, model: Any, state: dict[str, Kept], encoder: Any) -> None:
    """No document is incomplete: each chunk has a vector, and it is that of the chunk's text, with the title if any."""
    rows = db.execute(
        f'SELECT d.title, substr({TEXT}, c.start + 1, c."end" - c.start), c.input_hash, v.vector FROM chunks c'
        " JOIN documents d ON d.id = c.document_id JOIN vectors v ON v.input_hash = c.input_hash"
        " WHERE v.model_id = ?",
        [model.id],
    ).fetchall()
    texts = Counter(model_input(kept.text, *span) for kept in state.values() for span in kept.spans)
    assert Counter(text.strip() for _, text, _, _ in rows) == texts
    if not rows:
        return
    stored = np.stack([unpack_vectors(model.dimension, [raw])[0] for *_, raw in rows])
    expected = encoder.encode_contexts([text.strip() for _, text, _, _ in rows])
    titles = encoder.encode_contexts([title for title, *_ in rows])
    for row, (title, text, name, _) in enumerate(rows):
        if name != content_hash(text.strip()):
            assert name == content_hash(f"{title}\0{text.strip()}")
            total = expected[row] + 0.3 * titles[row]
            expected[row] = total / np.linalg.norm(total)
    np.testing.assert_allclose(stored, expected, atol=3e-4)  # float16


def _check_index(db: Any, folder: Path, model: Any) -> None:
    """Generation and delta together hold each vector of a chunk exactly once."""
    index = load_index(db, folder, model, None)
    in_generation = [] if index.folded is None else index.folded.ids().tolist()
    in_segments = [number for one in index.segments for number in one.index.ids().tolist()]
    ids = in_generation + in_segments + index.delta_ids.tolist()
    assert len(ids) == len(set(ids))
    live = [
        row[0]
        for row in db.execute(
            "SELECT DISTINCT v.id FROM vectors v JOIN chunks c ON c.input_hash = v.input_hash WHERE v.model_id = ?",
            [model.id],
        )
    ]
    assert set(live) <= set(ids)
    assert len(live) == count_live(db, model.id)


def _check_keywords(db: Any, folder: Path) -> None:
    """Each chunk has the terms of its text; generation and delta together hold each chunk once, as stored."""
    rows = db.execute(
        f'SELECT c.id, substr({TEXT}, c.start + 1, c."end" - c.start), c.heading, d.title, t.counts,'
        " t.checksum, t.term_order FROM chunks c JOIN documents d ON d.id = c.document_id"
        " LEFT JOIN terms t ON t.id = c.id ORDER BY c.id"
    ).fetchall()
    for _, text, heading, title, *columns, checksum, order in rows:
        own = count_terms(text, json.loads(heading), title)
        assert [*columns, order] == [own.counts, sealed(own.order, checksum)]
    index = load_keywords(db, folder, None)
    ids = [number for part in index.parts for number in part.postings.ids.tolist()]
    assert len(ids) == len(set(ids))
    assert {row[0] for row in rows} <= set(ids)
    assert index.count == len(rows)
    if index.generation:
        assert list(check_keywords(db, folder, index.generation, Counter())) == []


def _check_answers(db: Any, folder: Path, model: Any, encoder: Any) -> None:
    """The answers are those that NumPy computes from the stored vectors."""
    with snapshot(db):
        parts = list(read_vectors(db, model.id, model.dimension))
        chunks = db.execute(
            "SELECT v.id FROM chunks c JOIN vectors v ON v.input_hash = c.input_hash WHERE v.model_id = ?", [model.id]
        ).fetchall()
    if not parts:
        return
    by_id = dict(
        zip(np.concatenate([p[0] for p in parts]).tolist(), np.concatenate([p[1] for p in parts]), strict=True)
    )
    generation = active_generation(db)
    # An approximate index may miss some passages unless there is a filter.
    everything = Filter((".*",)) if generation and generation.method.name != EXACT else None
    searcher = Searcher(db, folder, model, encoder.model.metric)
    for question in encoder.encode_questions(QUESTIONS):
        expected = sorted((float(by_id[row[0]] @ question) for row in chunks), reverse=True)
        for k in (1, 10):
            scores = [hit.score for hit in searcher.search(question, k, everything)]
            np.testing.assert_allclose(scores, expected[:k], rtol=1e-5, atol=1e-5)
