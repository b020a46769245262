"""The index against the stored vectors, one by one, and a sample of those against their texts."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from storage.catalog import Catalog
from storage.documents import chunk_text
from storage.generations import Generation, load_generation
from storage.models import StoredModel
from storage.vectors import Ids, Matrix, checked_vector, count_live, read_vectors

__all__ = ["Proof", "check_index", "check_sample"]

_SAMPLE, _TRIED = 64, 512
_SEED = 20_240
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

    apart: Callable[[Sequence[str], Matrix], npt.NDArray[np.float64]]
    tolerance: float


def check_index(
    db: Catalog, folder: Path, model: StoredModel, generation: Generation | None, tally: Counter[str]
) -> Iterator[str]:
    """Yield in what index and delta differ from the stored vectors. Raises Damaged when one of either is unreadable."""
    highest = generation.highest_vector_id if generation else 0
    live = int(db.execute(_LIVE, [model.id]).fetchone()[0])
    delta = sum(len(ids) for ids, _ in read_vectors(db, model.id, model.dimension, highest, live=True))
    in_index = count_live(db, model.id) - count_live(db, model.id, highest)
    if in_index + delta != live:
        yield f"{live} vectors belong to a passage, but index and delta together have {in_index + delta} of them"
    if generation is None:
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


def _ids(index: object) -> Ids:
    import faiss

    return np.asarray(faiss.vector_to_array(index.id_map), dtype=np.int64)  # type: ignore[attr-defined]


def check_sample(db: Catalog, model: StoredModel, proof: Proof, tally: Counter[str]) -> Iterator[tuple[int, str]]:
    """Yield id and fault of each vector in a sample that is not the one of its text."""
    ids, texts, stored = _sample(db, model)
    if not ids:
        return
    apart = proof.apart(texts, np.stack(stored))
    tally["proved vectors"] += len(ids)
    for vector_id, distance in zip(ids, apart.tolist(), strict=True):
        if not distance <= proof.tolerance:
            yield vector_id, f"it is {distance:.2g} apart from what the model makes of its text"


def _sample(db: Catalog, model: StoredModel) -> tuple[list[int], list[str], list[Matrix]]:
    highest = int(db.execute("SELECT coalesce(max(id), 0) FROM vectors").fetchone()[0])
    chosen = random.Random(_SEED)
    found: dict[int, tuple[str, Matrix]] = {}
    for number in chosen.sample(range(1, highest + 1), min(_TRIED, highest)):
        if len(found) == _SAMPLE:
            break
        row = db.execute(_NEXT, [model.id, number]).fetchone()
        if row is not None:
            vector_id, name, _, _, uri, text = row
            found[vector_id] = chunk_text(uri, text, name).strip(), checked_vector(model.dimension, *row[:4])
    return list(found), [text for text, _ in found.values()], [vector for _, vector in found.values()]
