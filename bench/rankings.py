"""How contexts are ranked for an evaluation: the functions that rank passages in a library, over indexes in memory.

    mode(candidates) -> ranking
    ranking(questions, n) -> for each question, in order: (ids, scores), the best n, best first

`ids` int64 `[<= n]` are those of the candidates, `scores` float `[<= n]` do not rise. A ranking may leave out
candidates that do not match at all.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from candidates import Candidates

from wherein.errors import UsageError
from wherein.search.fusion import fuse_best
from wherein.search.hybrid import CANDIDATES, to_read
from wherein.search.keyword import rank_by_score, scores_of
from wherein.search.modes import HYBRID, KEYWORD, MODES, SEMANTIC

__all__ = ["Mode", "Ranked", "Ranking", "find_mode", "hybrid", "keyword", "semantic"]

Ranked = tuple[npt.NDArray[np.int64], npt.NDArray[Any]]
Ranking = Callable[[Sequence[str], int], Iterable[Ranked]]
Mode = Callable[[Candidates], Ranking]


def hybrid(candidates: Candidates) -> Ranking:
    """Rank by meaning and words together, as `search.hybrid.Ranker.search` does."""

    def ranking(questions: Sequence[str], n: int) -> Iterable[Ranked]:
        index = candidates.vector_index
        for question, vector in zip(questions, candidates.question_vectors(questions), strict=True):
            matches = candidates.match(question)
            near, _ = index.nearest(vector, max(n, CANDIDATES))
            ids = np.union1d(near, rank_by_score(matches, max(n, CANDIDATES))).astype(np.int64)
            # As `VectorIndex.nearest` computes them: `@` may round differently, and starts threads.
            dense = np.einsum("ij,j->i", candidates.vectors[ids], vector).astype(np.float64)
            best = fuse_best(
                matches.question.order, ids, dense, scores_of(matches, ids.tolist()), matches.scores.idf,
                lambda read: map(candidates.terms, read), metric=candidates.encoder.model.metric, read=to_read(n),
            ).first(n)  # fmt: skip
            yield ids[best.positions], best.scores

    return ranking


def semantic(candidates: Candidates) -> Ranking:
    """Rank by the inner product of the vectors, exactly."""

    def ranking(questions: Sequence[str], n: int) -> Iterable[Ranked]:
        index = candidates.vector_index
        for vector in candidates.question_vectors(questions):
            yield index.nearest(vector, n)

    return ranking


def keyword(candidates: Candidates) -> Ranking:
    """Rank by BM25 the texts that have a word of the question."""

    def ranking(questions: Sequence[str], n: int) -> Iterable[Ranked]:
        for question in questions:
            matches = candidates.match(question)
            ids = rank_by_score(matches, n)
            yield ids, scores_of(matches, ids.tolist())

    return ranking


_RANKINGS: dict[str, Mode] = {HYBRID: hybrid, SEMANTIC: semantic, KEYWORD: keyword}


def find_mode(name: str) -> Mode:
    """Return the mode called `name`. Raises UsageError when there is none."""
    if name not in _RANKINGS:
        raise UsageError(f"There is no mode {name}; there are: {', '.join(MODES)}")
    return _RANKINGS[name]
