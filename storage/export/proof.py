"""The proof that a store holds what an export does: its counts, some whole documents, and the neighbors of vectors."""

from __future__ import annotations

from itertools import islice

import numpy as np

from wherein.errors import Refused
from wherein.storage.catalog.vectors import ROUNDING, Matrix
from wherein.storage.export.manifest import DOCUMENTS, PASSAGES
from wherein.storage.export.package import Package
from wherein.storage.store.document import EmbeddedDocument
from wherein.storage.store.store import Store

__all__ = ["LEAST_OVERLAP", "prove"]

LEAST_OVERLAP = 0.95
"""The share of the ten nearest passages that a store has to find; an approximate index is tuned to 0.99."""

_DOCUMENTS = 20
_QUESTIONS = 20
_NEIGHBORS = 10


def prove(package: Package, store: Store) -> float:
    """Return which share of the nearest passages of 20 vectors `store` finds, having compared it with the export.

    Half of the vectors are stored ones, the others lie halfway between two of them. Raises Refused when a count or one
    of 20 documents differs, or the share is below `LEAST_OVERLAP`.
    """
    tables = package.manifest.tables
    stats = store.stats()
    if (stats.documents, stats.passages) != (tables[DOCUMENTS].rows, tables[PASSAGES].rows):
        raise Refused(
            f"{store.address} holds {stats.documents:,} documents and {stats.passages:,} passages, but the export"
            f" {tables[DOCUMENTS].rows:,} and {tables[PASSAGES].rows:,}; nothing was published"
        )
    for number in _spread(tables[DOCUMENTS].rows, _DOCUMENTS):
        _compare(next(islice(package.documents(number), 1)), store)
    overlap = _overlap(package, store) if tables[PASSAGES].rows else 1.0
    if overlap < LEAST_OVERLAP:
        raise Refused(
            f"{store.address} finds only {overlap:.1%} of the nearest passages, {LEAST_OVERLAP:.0%} are required;"
            " nothing was published"
        )
    return overlap


def _spread(count: int, wanted: int) -> list[int]:
    """Return `wanted` numbers below `count`, or all, evenly spread."""
    return sorted({int(number) for number in np.linspace(0, count - 1, min(count, wanted))})


def _compare(document: EmbeddedDocument, store: Store) -> None:
    found = next(iter(store.read([document.uri])), None)
    if found is None or _without_vectors(found) != _without_vectors(document):
        raise Refused(f"{store.address} does not hold {document.uri} as it was exported; nothing was published")
    # A vector of length 1 may be rounded to float16 by a local library.
    if not np.allclose(found.vectors, document.vectors, rtol=ROUNDING, atol=ROUNDING):
        raise Refused(f"{store.address} holds other vectors of {document.uri} than the export; nothing was published")


def _without_vectors(document: EmbeddedDocument) -> dict[str, object]:
    fields = {name: getattr(document, name) for name in document.__dataclass_fields__ if name != "vectors"}
    return {**fields, "chunks": list(document.chunks), "metadata": dict(document.metadata)}


def _overlap(package: Package, store: Store) -> float:
    questions = _questions(package)
    k = min(_NEIGHBORS, package.manifest.tables[PASSAGES].rows)
    best, longest = np.full((len(questions), 0), -np.inf, np.float32), 0.0
    for vectors in package.vectors():
        best = -np.sort(-np.concatenate([best, questions @ vectors.T], axis=1), axis=1)[:, :k]
        longest = max(longest, float(np.linalg.norm(vectors, axis=1).max()))
    found = 0
    for question, scores in zip(questions, best, strict=True):
        # By their scores: equal passages have equal scores, and any of them will do.
        least = scores[-1] - 2 * ROUNDING * longest * float(np.linalg.norm(question))
        found += sum(hit.score >= least for hit in store.search(question, k))
    return float(found / (len(questions) * k))


def _questions(package: Package) -> Matrix:
    wanted, first, parts = _spread(package.manifest.tables[PASSAGES].rows, _QUESTIONS), 0, list[Matrix]()
    for vectors in package.vectors():
        parts.append(vectors[[number - first for number in wanted if first <= number < first + len(vectors)]])
        first += len(vectors)
    chosen = np.concatenate(parts)
    halfway = (chosen + np.roll(chosen, 1, axis=0)) / 2
    return np.where(np.arange(len(chosen))[:, None] % 2, halfway, chosen).astype(np.float32)
