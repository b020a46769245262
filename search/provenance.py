"""Provenance: the model and the committed state of both indexes that an answer came from."""

from __future__ import annotations

from dataclasses import dataclass

from wherein.storage.catalog.models import StoredModel
from wherein.storage.index.keyword_index import KeywordIndex
from wherein.storage.index.vector_index import VectorIndex

__all__ = ["Provenance", "provenance_of"]


@dataclass(frozen=True)
class Provenance:
    """The ids of the generations that were searched, and the numbers of vectors and passages in their deltas.

    None and 0 for an index that the mode does not search; `model`, `fingerprint` and `precision` are empty where no
    model was asked.
    """

    model: str
    fingerprint: str
    precision: str
    generation: int | None
    delta: int
    keywords_generation: int | None
    keywords_delta: int


def provenance_of(model: StoredModel | None, vectors: VectorIndex | None, keywords: KeywordIndex | None) -> Provenance:
    """Return the provenance of an answer from these indexes; None for one that was not searched."""
    return Provenance(
        model=model.name if model else "",
        fingerprint=model.fingerprint if model else "",
        precision=model.precision if model else "",
        generation=vectors.generation.id if vectors and vectors.generation else None,
        delta=vectors.delta_count if vectors else 0,
        keywords_generation=keywords.generation.id if keywords and keywords.generation else None,
        keywords_delta=sum(len(part.postings.ids) for part in keywords.parts[1:]) if keywords else 0,
    )
