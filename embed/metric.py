"""The metric of a model, reduced to an inner product: index, delta and rescoring know no other measure.

`cosine`  the graph returns unit vectors; they are stored unchanged, and the inner product is their cosine.
`dot`     vectors of any length, stored unchanged; the inner product is the model's own score.
`l2`      Euclidean distance. A context `c` is stored as `[c, -|c|^2/2]` and a question `q` is asked as `[q, 1]`: the
          inner product `q.c - |c|^2/2` equals `(|q|^2 - |q - c|^2) / 2`, which falls as the distance rises (the
          reduction is that of Bachrach et al. 2014, https://doi.org/10.1145/2645710.2645741).
"""

import numpy as np
import numpy.typing as npt

__all__ = ["METRICS", "context_form", "distances", "question_form", "scores_and_distances", "stored_width"]

METRICS = ("cosine", "dot", "l2")
# By how much the inner product of two unit vectors may exceed 1. What exceeds it by more is left as it is, because only
# damaged vectors can.
_ROUNDING = 1e-4

Matrix = npt.NDArray[np.float32]


def stored_width(metric: str, dimension: int) -> int:
    """Return the number of components of a stored vector; the model's own vectors have `dimension`."""
    return dimension + 1 if metric == "l2" else dimension


def context_form(metric: str, vector: Matrix) -> Matrix:
    """Return the stored form `[width]` of a context's vector `[dimension]`, both float32."""
    if metric != "l2":
        return vector
    wide = vector.astype(np.float64)  # float32 would lose digits of the norm, and with them the order of near vectors
    return np.append(vector, np.float32(-(wide @ wide) / 2))


def question_form(metric: str, vector: Matrix) -> Matrix:
    """Return the searched form `[width]` of a question's vector `[dimension]`, both float32."""
    return np.append(vector, np.float32(1)) if metric == "l2" else vector


def scores_and_distances(
    metric: str, question: Matrix, contexts: Matrix
) -> tuple[npt.NDArray[np.float64], list[float | None]]:
    """Return scores `[n]` and distances of a question `[width]` and contexts `[n, width]`, all in the forms above.

    A score is the inner product; a cosine is from -1 to 1. A distance, for `l2` only, is Euclidean and not squared.
    Those of a context do not depend on the others.
    """
    if metric == "l2":
        found = [_euclidean(question, context) for context in contexts]
        return np.array([score for score, _ in found], np.float64), [distance for _, distance in found]
    # Not `@`, for which OpenBLAS adds in an order that depends on the number of contexts, and starts threads.
    scores = np.einsum("ij,j->i", contexts, question).astype(np.float64)
    if metric == "cosine":
        beyond = (np.abs(scores) > 1) & (np.abs(scores) < 1 + _ROUNDING)
        scores[beyond] = np.sign(scores[beyond])
    return scores, [None] * len(scores)


def _euclidean(question: Matrix, context: Matrix) -> tuple[float, float]:
    """Return score and distance, computed in float64 from the differences of the components.

    The inner product of near vectors keeps few digits, and score and distance must give the same order.
    """
    vector = question[:-1].astype(np.float64)
    # Without the last component, which serves the order of the inner products alone.
    difference = vector - context[:-1]
    squared = float(difference @ difference)
    return (float(vector @ vector) - squared) / 2, squared**0.5


def distances(metric: str, fresh: Matrix, stored: Matrix) -> npt.NDArray[np.float64]:
    """Return how far each of two times n context vectors `[n, width]` are apart: float64 `[n]`.

    The distance of a pair is the largest difference of a component, divided by the stored vector's L2 norm where that
    exceeds 1. The extra component of `l2` is ignored: it follows from the others and would outweigh them.
    """
    if metric == "l2":
        fresh, stored = fresh[:, :-1], stored[:, :-1]
    length = np.linalg.norm(stored.astype(np.float64), axis=1)
    return np.asarray(np.abs(fresh.astype(np.float64) - stored).max(axis=1) / np.maximum(length, 1))
