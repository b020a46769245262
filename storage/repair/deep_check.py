"""Deep checks: the index against every stored vector, and a sample of the vectors against their texts."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from wherein.storage.catalog.models import StoredModel
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.term_counts import read_terms
from wherein.storage.catalog.texts import read_span
from wherein.storage.catalog.titled_texts import TitledText, checked_input
from wherein.storage.catalog.vectors import Ids, Matrix, checked_vector, count_live, read_vectors
from wherein.storage.index.approximate import Approximate
from wherein.storage.index.codes import CODE_ROUNDING, Codes
from wherein.storage.index.exact_codes import ExactCodes
from wherein.storage.index.generation_files import load_generation, load_postings
from wherein.storage.index.generations import Generation
from wherein.storage.index.method import EXACT
from wherein.storage.index.postings import Bytes
from wherein.storage.index.tuning import TARGET, GroundTruth, recall_of, significantly_below, synthetic_queries

__all__ = ["Proof", "check_index", "check_keywords", "check_sample", "check_vectors"]

Sums = npt.NDArray[np.uint64]

# Ids have gaps, and the draws that fall into one gap find the same vector.
_SAMPLE_SIZE, _MAX_TRIES = 64, 512
_SEED = 20_240
_UNORDERED = "its ids are not in ascending order"
_QUESTIONS = 100  # with which the recall of an approximate index is estimated
_COUNT_FIELDS = ("term", "body", "fields")
# The `+` makes SQLite walk the ids: see `_of_model` in storage/catalog/vectors.py.
_NEXT = """
SELECT v.id, v.input_hash, v.vector, v.checksum, d.uri, d.title, d.id, c.start, c."end"
FROM vectors v JOIN chunks c ON c.input_hash = v.input_hash JOIN documents d ON d.id = c.document_id
WHERE +v.model_id = ? AND v.id >= ? ORDER BY v.id LIMIT 1
"""
_LIVE = """
SELECT count(*) FROM (SELECT DISTINCT v.id FROM chunks c
JOIN vectors v ON v.model_id = ? AND v.input_hash = c.input_hash)
"""


@dataclass(frozen=True)
class Proof:
    """How to compare stored vectors with their model.

    `distances` takes n model inputs and their stored vectors, float32 `[n, dimension]`, and returns n distances to the
    vectors that the model computes now; `tolerance` is the largest that is not damage.
    """

    distances: Callable[[Sequence[TitledText], Matrix], npt.NDArray[np.float64]]
    tolerance: float


def check_index(
    db: Catalog, folder: Path, model: StoredModel, generation: Generation | None, tally: Counter[str]
) -> Iterator[str]:
    """Yield how index and delta differ from the stored vectors. Raises Damaged when either cannot be read."""
    highest = generation.highest_id if generation else 0
    live = int(db.execute(_LIVE, [model.id]).fetchone()[0])
    delta = sum(len(ids) for ids, _ in read_vectors(db, model.id, model.dimension, highest, live=True))
    in_index = count_live(db, model.id) - count_live(db, model.id, highest)
    if in_index + delta != live:
        yield f"{live} vectors belong to a passage, but index and delta together have {in_index + delta} of them"
    if generation is not None:
        yield from check_vectors(db, folder, model, generation, tally)


def check_vectors(
    db: Catalog, folder: Path, model: StoredModel, generation: Generation, tally: Counter[str], above: int = 0
) -> Iterator[str]:
    """Yield how the file of a generation, or of a segment of the ids over `above`, differs from the stored vectors.

    Raises Damaged when it cannot be read.
    """
    if generation.method.is_coded:
        yield from _check_codes(db, folder, model, generation, tally, above)
        return
    index = load_generation(folder, generation)
    ids = _ids(index)
    if len(ids) > 1 and (np.diff(ids) <= 0).any():
        yield _UNORDERED
        return
    for stored_ids, vectors in read_vectors(db, model.id, model.dimension, above):
        upto = int(np.searchsorted(stored_ids, generation.highest_id, "right"))
        yield from _differences(index, ids, stored_ids[:upto], vectors[:upto])
        tally["indexed vectors"] += upto


def _differences(index: object, ids: Ids, stored_ids: Ids, vectors: Matrix) -> Iterator[str]:
    import faiss

    if not len(stored_ids):
        return
    positions = np.minimum(np.searchsorted(ids, stored_ids), max(len(ids) - 1, 0))
    present = ids[positions] == stored_ids if len(ids) else np.zeros(len(stored_ids), bool)
    for missing in stored_ids[~present]:
        yield f"it lacks vector {missing}"
    if present.any():
        inner = faiss.downcast_index(index.index)  # type: ignore[attr-defined]
        same = (inner.reconstruct_batch(positions[present]) == vectors[present]).all(axis=1)  # bit for bit
        for other in stored_ids[present][~same]:
            yield f"its vector {other} is not the one stored"


def _check_codes(
    db: Catalog, folder: Path, model: StoredModel, generation: Generation, tally: Counter[str], above: int
) -> Iterator[str]:
    """Yield the vectors that an index of codes lacks or holds wrongly; if none, whether its recall is too low."""
    opened = ExactCodes if generation.method.name == EXACT else Approximate
    index = opened(load_generation(folder, generation), generation.method, db, model)
    is_exact, unsorted = generation.method.name == EXACT, index.ids()
    sample = index.sample(np.linspace(0, index.count - 1, 2 * _QUESTIONS).astype(np.int64))
    truth = None if is_exact else GroundTruth(synthetic_queries(sample, generation.method.name))
    if is_exact and (np.diff(unsorted) <= 0).any():
        yield _UNORDERED
        return
    positions = np.argsort(unsorted, kind="stable")
    ids, sound = unsorted[positions], True
    for stored_ids, vectors in read_vectors(db, model.id, model.dimension, above):
        upto = int(np.searchsorted(stored_ids, generation.highest_id, "right"))
        for what in _other_codes(index, generation.method.error, ids, positions, stored_ids[:upto], vectors[:upto]):
            sound = False
            yield what
        if upto and truth:
            truth.add(stored_ids[:upto], vectors[:upto])
        tally["indexed vectors"] += upto
    if not sound or truth is None:
        return
    recall = recall_of(index.nearest, truth)  # raises Damaged at a wrong code
    if significantly_below(recall):
        yield f"it finds {recall.mean():.1%} of the nearest vectors, and not {TARGET:.0%}"


def _other_codes(
    index: Codes, error: float, ids: Ids, positions: Ids, stored_ids: Ids, vectors: Matrix
) -> Iterator[str]:
    """Yield how the index differs from these vectors; the ascending `ids` are at `positions` of the index."""
    rank = np.minimum(np.searchsorted(ids, stored_ids), len(ids) - 1)
    present = ids[rank] == stored_ids
    for missing in stored_ids[~present]:
        yield f"it lacks vector {missing}"
    for twice in stored_ids[present & (np.searchsorted(ids, stored_ids, "right") > rank + 1)]:
        yield f"it holds vector {twice} twice"
    order = np.argsort(positions[rank[present]])  # the codes are read in file order
    decoded = index.sample(positions[rank[present]][order])
    distances = np.linalg.norm(decoded - vectors[present][order], axis=1)
    for other in stored_ids[present][order][~(distances <= error + CODE_ROUNDING)]:  # negated: NaN is wrong too
        yield f"its vector {other} is not the one stored"


def _ids(index: object) -> Ids:
    import faiss

    return np.asarray(faiss.vector_to_array(index.id_map), dtype=np.int64)  # type: ignore[attr-defined]


def check_keywords(
    db: Catalog, folder: Path, generation: Generation, tally: Counter[str], above: int = 0
) -> Iterator[str]:
    """Yield how a keyword index, or a segment of the ids over `above`, differs from the stored word counts.

    The postings of a passage are compared by a sum over all of them, which does not depend on their order. Raises
    Damaged when the index cannot be read.
    """
    held = load_postings(folder, generation)
    if len(held.ids) > 1 and (np.diff(held.ids) <= 0).any():
        yield "its passages are not in ascending order"
        return
    sums = np.zeros(len(held.ids), np.uint64)
    try:
        for part in held.blocks():
            np.add.at(sums, part.positions, _mixed(part.terms, part.body, part.fields))
    except ValueError as error:
        yield str(error)
        return
    for rows in read_terms(db, above):
        upto = int(np.searchsorted(rows.ids, generation.highest_id, "right"))
        positions = np.minimum(np.searchsorted(held.ids, rows.ids[:upto]), max(len(held.ids) - 1, 0))
        present = held.ids[positions] == rows.ids[:upto] if len(held.ids) else np.zeros(upto, bool)
        for missing in rows.ids[:upto][~present]:
            yield f"it lacks passage {missing}"
        own = np.zeros(len(rows.ids), np.uint64)
        np.add.at(
            own, np.repeat(np.arange(len(rows.ids)), rows.sizes), _mixed(*(rows.entries[n] for n in _COUNT_FIELDS))
        )
        same = (own[:upto] == sums[positions]) & (rows.lengths[:upto] == held.lengths[positions]) if upto else present
        for other in rows.ids[:upto][present & ~same]:
            yield f"its word counts of passage {other} are not those stored"
        tally["indexed passages"] += upto


def _mixed(terms: Sums, body: Bytes, fields: Bytes) -> Sums:
    """Hash each entry to 64 bits, so that sums over different postings differ."""
    # The products overflow, as they should; odd factors lose no information.
    mixed: Sums = (terms ^ (body.astype(np.uint64) << np.uint64(8)) ^ fields) * np.uint64(0x9E3779B97F4A7C15)
    spread: Sums = (mixed ^ (mixed >> np.uint64(32))) * np.uint64(0xD6E8FEB86659FD93)
    return spread


def check_sample(
    db: Catalog, model: StoredModel, proof: Proof, tally: Counter[str], size: int = _SAMPLE_SIZE
) -> Iterator[tuple[int, str]]:
    """Yield id and problem of each vector, in a sample of `size`, that differs from the model's for its text."""
    ids, inputs, stored = _sample(db, model, size)
    if not ids:
        return
    distances = proof.distances(inputs, np.stack(stored))
    tally["proved vectors"] += len(ids)
    for vector_id, distance in zip(ids, distances.tolist(), strict=True):
        if not distance <= proof.tolerance:  # negated: NaN is wrong too
            yield vector_id, f"its distance from the model's vector for its text is {distance:.2g}"


def _sample(db: Catalog, model: StoredModel, size: int) -> tuple[list[int], list[TitledText], list[Matrix]]:
    highest = int(db.execute("SELECT coalesce(max(id), 0) FROM vectors").fetchone()[0])
    chosen = random.Random(_SEED)
    found: dict[int, tuple[TitledText, Matrix]] = {}
    for number in chosen.sample(range(1, highest + 1), min(_MAX_TRIES, highest)):
        if len(found) == size:
            break
        row = db.execute(_NEXT, [model.id, number]).fetchone()
        if row is not None:
            vector_id, input_hash, raw, checksum, uri, title, *span = row
            vector = checked_vector(model.dimension, vector_id, input_hash, raw, checksum)
            found[vector_id] = checked_input(uri, title, read_span(db, *span).text, input_hash), vector
    return list(found), [one for one, _ in found.values()], [vector for _, vector in found.values()]
