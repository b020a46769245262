"""Is a new index fit to answer? The checks before it replaces the present one."""

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
from wherein.storage.repair.deep_check import Proof, check_sample

__all__ = ["IndexCheck", "check_index"]

_QUESTIONS, _NEAREST = 32, 10
_SAMPLE_SIZE = 16
_MIN_RECALL = 0.95
# A vector counts as one of the ten nearest when its score is at most this much below the tenth-best: float32 sums in
# another order differ.
_TIE = 1e-5


@dataclass(frozen=True)
class IndexCheck:
    """The results of the checks: recall@10 against exact search (0 to 1), with `questions` stored vectors as questions.

    `proved` stored vectors were compared with those that the model computes from their texts.
    """

    recall: float
    questions: int
    proved: int


def check_index(
    db: Catalog, folder: Path, model: StoredModel, generation: Generation, proof: Proof | None
) -> IndexCheck | None:
    """Check a generation that the current transaction has registered; return None for a keyword index.

    Its file is read completely and compared with its record: size, layout, SHA-256, count. A sample of the vectors is
    searched for in index and delta and in all stored vectors, and a sample is computed again from its texts. Raises
    Refused with the reason.
    """
    if what := generation_problem(db, folder, generation):
        raise Refused(f"The new index {generation.file} is damaged: {what}; the old one stays")
    if generation.kind != VECTORS:
        return None
    proved: Counter[str] = Counter()
    if proof is not None:
        for vector_id, fault in check_sample(db, model, proof, proved, _SAMPLE_SIZE):
            raise Refused(
                f"The model no longer computes the vectors that are stored (vector {vector_id}: {fault}); the old index"
                " stays, check the model with: wherein verify --deep"
            )
    recall, questions = _recall(db, folder, model)
    if recall < _MIN_RECALL:
        raise Refused(
            f"The new index finds only {100 * recall:.1f} % of the {_NEAREST} nearest vectors; the old one stays"
        )
    return IndexCheck(recall, questions, sum(proved.values()))


def _recall(db: Catalog, folder: Path, model: StoredModel) -> tuple[float, int]:
    """Return recall@10 of the index that the transaction sees, and the number of questions."""
    try:
        index = load_index(db, folder, model, None)
        questions = index.sample(_QUESTIONS)
        nearest = [index.nearest(question, _NEAREST)[0] for question in questions]
    except Damaged as error:
        raise Refused(f"The new index cannot be read ({error}); the old one stays") from error
    correct, expected = 0, 0
    for best, scores in _exact_scores(read_vectors(db, model.id, model.dimension), questions, nearest):
        correct += int((scores >= best[-1] - _TIE).sum())
        expected += len(best)
    return (correct / expected if expected else 1.0), len(questions)


def _exact_scores(
    batches: Iterator[tuple[Ids, Matrix]], questions: Matrix, nearest: Sequence[Ids]
) -> Iterator[tuple[Matrix, Matrix]]:
    """Yield for each question the highest inner products with stored vectors, and those with its `nearest`."""
    best = np.empty((len(questions), 0), np.float32)
    of_nearest: list[list[Matrix]] = [[] for _ in questions]
    for ids, vectors in batches:
        scores = np.einsum("qj,vj->qv", questions, vectors)
        best = -np.sort(-np.concatenate([best, scores], axis=1), axis=1)[:, :_NEAREST]
        for question, (parts, wanted) in enumerate(zip(of_nearest, nearest, strict=True)):
            parts.append(scores[question, np.isin(ids, wanted)])
    for row, parts in zip(best, of_nearest, strict=True):
        yield row, np.concatenate(parts)
