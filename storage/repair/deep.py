"""The index against the stored vectors, one by one, and a sample of those against their texts."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from wherein.storage.catalog.documents import chunk_text
from wherein.storage.catalog.models import StoredModel
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.term_counts import read_terms
from wherein.storage.catalog.vectors import Ids, Matrix, checked_vector, count_live, read_vectors
from wherein.storage.index.approximate import Approximate
from wherein.storage.index.generation_files import load_generation, load_postings
from wherein.storage.index.generations import Generation
from wherein.storage.index.method import EXACT
from wherein.storage.index.postings import Bytes, blocks
from wherein.storage.index.tuning import TARGET, GroundTruth, recall_of, significantly_below, synthetic_queries

__all__ = ["Proof", "check_index", "check_keywords", "check_sample"]

Sums = npt.NDArray[np.uint64]

_SAMPLE, _TRIED = 64, 512
_SEED = 20_240
# So many questions tell whether an approximate index finds what it did when it was made.
_ASKED = 100
_ROUNDING = 1e-5
_COUNTED = ("term", "body", "fields")
_NEXT = """
SELECT v.id, v.input_hash, v.vector, v.checksum, d.uri, substr(d.text, c.start + 1, c."end" - c.start)
FROM vectors v JOIN chunks c ON c.input_hash = v.input_hash JOIN documents d ON d.id = c.document_id
WHERE +v.model_id = ? AND v.id >= ? ORDER BY v.id LIMIT 1
"""
_LIVE = """
SELECT count(*) FROM (SELECT DISTINCT v.id FROM chunks c
JOIN vectors v ON v.model_id = ? AND v.input_hash = c.input_hash)
"""


@dataclass(frozen=True)
class Proof:
    """How far the library's model finds stored vectors `[n, width]` from those of their texts, `[n]`, and may find."""

    distances: Callable[[Sequence[str], Matrix], npt.NDArray[np.float64]]
    tolerance: float


def check_index(
    db: Catalog, folder: Path, model: StoredModel, generation: Generation | None, tally: Counter[str]
) -> Iterator[str]:
    """Yield in what index and delta differ from the stored vectors. Raises Damaged when one of either is unreadable."""
    highest = generation.highest_id if generation else 0
    live = int(db.execute(_LIVE, [model.id]).fetchone()[0])
    delta = sum(len(ids) for ids, _ in read_vectors(db, model.id, model.dimension, highest, live=True))
    in_index = count_live(db, model.id) - count_live(db, model.id, highest)
    if in_index + delta != live:
        yield f"{live} vectors belong to a passage, but index and delta together have {in_index + delta} of them"
    if generation is None:
        return
    if generation.method.name != EXACT:
        yield from _check_codes(db, folder, model, generation, tally)
        return
    index = load_generation(folder, generation)
    ids = _ids(index)
    if len(ids) > 1 and (np.diff(ids) <= 0).any():
        yield "its ids are not in their order"
        return
    for stored_ids, vectors in read_vectors(db, model.id, model.dimension):
        upto = int(np.searchsorted(stored_ids, highest, "right"))
        yield from _differences(index, ids, stored_ids[:upto], vectors[:upto])
        tally["indexed vectors"] += upto


def _differences(index: object, ids: Ids, stored_ids: Ids, vectors: Matrix) -> Iterator[str]:
    import faiss

    if not len(stored_ids):
        return
    places = np.minimum(np.searchsorted(ids, stored_ids), max(len(ids) - 1, 0))
    there = ids[places] == stored_ids if len(ids) else np.zeros(len(stored_ids), bool)
    for missing in stored_ids[~there]:
        yield f"it lacks vector {missing}"
    if there.any():
        inner = faiss.downcast_index(index.index)  # type: ignore[attr-defined]
        same = (inner.reconstruct_batch(places[there]) == vectors[there]).all(axis=1)
        for other in stored_ids[there][~same]:
            yield f"it holds another vector {other} than is stored"


def _check_codes(
    db: Catalog, folder: Path, model: StoredModel, generation: Generation, tally: Counter[str]
) -> Iterator[str]:
    """Yield what an approximate index lacks, which codes are of other vectors, and else whether it finds too little."""
    index = Approximate(load_generation(folder, generation), generation.method, db, model)
    some = index.sample(np.linspace(0, index.count - 1, 2 * _ASKED).astype(np.int64))
    truth = GroundTruth(synthetic_queries(some, generation.method.name))
    unsorted = index.ids()
    places = np.argsort(unsorted, kind="stable")
    ids, sound = unsorted[places], True
    for stored_ids, vectors in read_vectors(db, model.id, model.dimension):
        upto = int(np.searchsorted(stored_ids, generation.highest_id, "right"))
        for what in _other_codes(index, generation.method.error, ids, places, stored_ids[:upto], vectors[:upto]):
            sound = False
            yield what
        if upto:
            truth.add(stored_ids[:upto], vectors[:upto])
        tally["indexed vectors"] += upto
    recall = recall_of(index.nearest, truth) if sound else None
    if recall is not None and significantly_below(recall):
        yield f"it finds {recall.mean():.1%} of the nearest vectors, and not {TARGET:.0%}"


def _other_codes(
    index: Approximate, error: float, ids: Ids, places: Ids, stored_ids: Ids, vectors: Matrix
) -> Iterator[str]:
    """Yield how the codes of some vectors differ from these; `ids` ascend and are at `places` of the index."""
    at = np.minimum(np.searchsorted(ids, stored_ids), len(ids) - 1)
    there = ids[at] == stored_ids
    for missing in stored_ids[~there]:
        yield f"it lacks vector {missing}"
    for twice in stored_ids[there & (np.searchsorted(ids, stored_ids, "right") > at + 1)]:
        yield f"it holds vector {twice} twice"
    order = np.argsort(places[at[there]])
    held = index.sample(places[at[there]][order])
    distances = np.linalg.norm(held - vectors[there][order], axis=1)
    for other in stored_ids[there][order][~(distances <= error + _ROUNDING)]:
        yield f"it holds another vector {other} than is stored"


def _ids(index: object) -> Ids:
    import faiss

    return np.asarray(faiss.vector_to_array(index.id_map), dtype=np.int64)  # type: ignore[attr-defined]


def check_keywords(db: Catalog, folder: Path, generation: Generation, tally: Counter[str]) -> Iterator[str]:
    """Yield in what a generation of keywords differs from the stored word counts. Raises Damaged when it is unreadable.

    The postings of each passage are compared by a sum over all of them, in whatever order they are.
    """
    held = load_postings(folder, generation)
    if len(held.ids) > 1 and (np.diff(held.ids) <= 0).any():
        yield "its passages are not in their order"
        return
    if len(held.terms) > 1 and (held.terms[1:] <= held.terms[:-1]).any():
        yield "its terms are not in their order"
        return
    sums = np.zeros(len(held.ids), np.uint64)
    for terms, part in blocks(held):
        if len(held.positions[part]) and int(held.positions[part].max()) >= len(held.ids):
            yield "a posting belongs to no passage"
            return
        np.add.at(sums, held.positions[part], _mixed(terms, held.body[part], held.fields[part]))
    for rows in read_terms(db):
        upto = int(np.searchsorted(rows.ids, generation.highest_id, "right"))
        places = np.minimum(np.searchsorted(held.ids, rows.ids[:upto]), max(len(held.ids) - 1, 0))
        there = held.ids[places] == rows.ids[:upto] if len(held.ids) else np.zeros(upto, bool)
        for missing in rows.ids[:upto][~there]:
            yield f"it lacks passage {missing}"
        own = np.zeros(len(rows.ids), np.uint64)
        np.add.at(own, np.repeat(np.arange(len(rows.ids)), rows.sizes), _mixed(*(rows.entries[n] for n in _COUNTED)))
        same = (own[:upto] == sums[places]) & (rows.lengths[:upto] == held.lengths[places]) if upto else there
        for other in rows.ids[:upto][there & ~same]:
            yield f"it holds other word counts of passage {other} than are stored"
        tally["indexed passages"] += upto


def _mixed(terms: Sums, body: Bytes, fields: Bytes) -> Sums:
    """Return a number for each entry that hardly any other entry has."""
    mixed: Sums = (terms ^ (body.astype(np.uint64) << np.uint64(8)) ^ fields) * np.uint64(0x9E3779B97F4A7C15)
    spread: Sums = (mixed ^ (mixed >> np.uint64(32))) * np.uint64(0xD6E8FEB86659FD93)
    return spread


def check_sample(
    db: Catalog, model: StoredModel, proof: Proof, tally: Counter[str], size: int = _SAMPLE
) -> Iterator[tuple[int, str]]:
    """Yield id and fault of each vector in a sample of that `size` that is not the one of its text."""
    ids, texts, stored = _sample(db, model, size)
    if not ids:
        return
    distances = proof.distances(texts, np.stack(stored))
    tally["proved vectors"] += len(ids)
    for vector_id, distance in zip(ids, distances.tolist(), strict=True):
        if not distance <= proof.tolerance:
            yield vector_id, f"it is {distance:.2g} apart from what the model makes of its text"


def _sample(db: Catalog, model: StoredModel, size: int) -> tuple[list[int], list[str], list[Matrix]]:
    highest = int(db.execute("SELECT coalesce(max(id), 0) FROM vectors").fetchone()[0])
    chosen = random.Random(_SEED)
    found: dict[int, tuple[str, Matrix]] = {}
    for number in chosen.sample(range(1, highest + 1), min(_TRIED, highest)):
        if len(found) == size:
            break
        row = db.execute(_NEXT, [model.id, number]).fetchone()
        if row is not None:
            vector_id, name, _, _, uri, text = row
            found[vector_id] = chunk_text(uri, text, name).strip(), checked_vector(model.dimension, *row[:4])
    return list(found), [text for text, _ in found.values()], [vector for _, vector in found.values()]
