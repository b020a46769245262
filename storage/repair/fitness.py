"""Is a new index fit to answer? What is looked at before it takes the place of the present one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from wherein.errors import Damaged, Refused
from wherein.storage.catalog.models import StoredModel
from wherein.storage.catalog.protocol import Catalog
from wherein.storage.catalog.vectors import Ids, Matrix, read_vectors
from wherein.storage.index.generation_files import generation_problem
from wherein.storage.index.generations import VECTORS, Generation
from wherein.storage.index.vector_index import load_index
from wherein.storage.repair.deep import Proof, check_sample

__all__ = ["Fitness", "check_fitness"]

_QUESTIONS, _NEAREST = 32, 10
_PROVED = 16
_LEAST_RECALL = 0.95
# So much lower than the tenth-best score may a vector's be and still count as one of the ten: sums of another order.
_TIE = 1e-5


@dataclass(frozen=True)
class Fitness:
    """What was found good: recall@10 against exact search (0 to 1), over how many stored vectors as questions.

    `proved` stored vectors were calculated again by the model.
    """

    recall: float
    questions: int
    proved: int


def check_fitness(
    db: Catalog, folder: Path, model: StoredModel, generation: Generation, proof: Proof | None
) -> Fitness | None:
    """Look at a generation that is registered in the transaction under way; None for one of keywords.

    Its file is read whole and compared with what is stored: size, layout, SHA-256, count. Of vectors a sample is
    searched for, in index and delta and in all stored vectors, and a sample is calculated again from its text.
    Raises Refused with the reason.
    """
    if what := generation_problem(db, folder, generation):
        raise Refused(f"The new index {generation.file} is not what was to be written: {what}; the old one stays")
    if generation.kind != VECTORS:
        return None
    proved: Counter[str] = Counter()
    if proof is not None:
        for vector_id, fault in check_sample(db, model, proof, proved, _PROVED):
            raise Refused(
                f"The model does not make the vectors any more that are stored (vector {vector_id}: {fault}); the old"
                " index stays, look at the model with: wherein verify --deep"
            )
    recall, questions = _recall(db, folder, model)
    if recall < _LEAST_RECALL:
        raise Refused(
            f"The new index finds only {100 * recall:.1f} % of the {_NEAREST} nearest vectors; the old one stays"
        )
    return Fitness(recall, questions, sum(proved.values()))


def _recall(db: Catalog, folder: Path, model: StoredModel) -> tuple[float, int]:
    """Return recall@10 of the index that the transaction sees, and of how many questions it is the mean."""
    try:
        index = load_index(db, folder, model, None)
        asked = index.sample(_QUESTIONS)
        found = [index.nearest(question, _NEAREST)[0] for question in asked]
    except Damaged as error:
        raise Refused(f"The new index cannot be read ({error}); the old one stays") from error
    right, wanted = 0, 0
    for best, scores in _compared(read_vectors(db, model.id, model.dimension), asked, found):
        right += int((scores >= best[-1] - _TIE).sum())
        wanted += len(best)
    return (right / wanted if wanted else 1.0), len(asked)


def _compared(
    parts: Iterator[tuple[Ids, Matrix]], asked: Matrix, found: Sequence[Ids]
) -> Iterator[tuple[Matrix, Matrix]]:
    """Yield for each question the highest inner products with stored vectors, and those with the vectors `found`."""
    best = np.empty((len(asked), 0), np.float32)
    of_found: list[list[Matrix]] = [[] for _ in asked]
    for ids, vectors in parts:
        scores = np.einsum("qj,vj->qv", asked, vectors)
        best = -np.sort(-np.concatenate([best, scores], axis=1), axis=1)[:, :_NEAREST]
        for question, (some, wanted) in enumerate(zip(of_found, found, strict=True)):
            some.append(scores[question, np.isin(ids, wanted)])
    for row, some in zip(best, of_found, strict=True):
        yield row, np.concatenate(some)
