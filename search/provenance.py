"""From what an answer was made: the model, and the committed state of both indexes."""

from __future__ import annotations

from dataclasses import dataclass

from wherein.storage.catalog.models import StoredModel
from wherein.storage.index.keyword_index import KeywordIndex
from wherein.storage.index.vector_index import VectorIndex

__all__ = ["Provenance", "basis_of"]


@dataclass(frozen=True)
class Provenance:
    """The ids of the generations that were searched, and how many vectors and passages came after them.

    None and 0 for an index that the mode does not look at; `model` and the like are empty where none was asked.
    """

    model: str
    fingerprint: str
    precision: str
    generation: int | None
    delta: int
    keywords_generation: int | None
    keywords_delta: int


def basis_of(model: StoredModel | None, vectors: VectorIndex | None, keywords: KeywordIndex | None) -> Provenance:
    """Return what to say of the indexes that were searched."""
    return Provenance(
        model.name if model else "",
        model.fingerprint if model else "",
        model.precision if model else "",
        vectors.generation.id if vectors and vectors.generation else None,
        len(vectors.delta_ids) if vectors else 0,
        keywords.generation.id if keywords and keywords.generation else None,
        len(keywords.parts[1].postings.ids) if keywords else 0,
    )
