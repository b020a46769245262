"""What nearness is to a model, put in such a form that the inner product of two stored vectors orders by it.

`cosine`  the graph ends in unit vectors; they are stored as they are, and the inner product is their cosine.
`dot`     vectors of any length, stored as they are; the inner product is the model's own score.
`l2`      the nearest by Euclidean distance is the best. A context `c` is stored as `[c, -|c|^2/2]`, a question `q` asks
          as `[q, 1]`: their inner product `q.c - |c|^2/2` is `(|q|^2 - |q - c|^2) / 2`, which falls as the distance
          rises (Bachrach et al. 2014, https://doi.org/10.1145/2645710.2645741, reduce one search to the other so).
"""

import numpy as np
import numpy.typing as npt

__all__ = ["METRICS", "context_form", "distances", "question_form", "score_and_distance", "stored_width"]

METRICS = ("cosine", "dot", "l2")

Matrix = npt.NDArray[np.float32]


def stored_width(metric: str, dimension: int) -> int:
    """Return the length of the stored vectors of a model whose own have `dimension` components."""
    return dimension + 1 if metric == "l2" else dimension


def context_form(metric: str, vector: Matrix) -> Matrix:
    """Return the form in which a context's vector `[dimension]` is stored, `[width]`."""
    if metric != "l2":
        return vector
    wide = vector.astype(np.float64)
    return np.append(vector, np.float32(-(wide @ wide) / 2))


def question_form(metric: str, vector: Matrix) -> Matrix:
    """Return the form in which a question's vector `[dimension]` asks, `[width]`."""
    return np.append(vector, np.float32(1)) if metric == "l2" else vector


def score_and_distance(metric: str, question: Matrix, context: Matrix) -> tuple[float, float | None]:
    """Return the score of a question and a context in their forms, and their distance.

    The score is the inner product. The distance is the Euclidean one, not squared, in float64 from the differences
    themselves: by way of the inner product near ones would lose their digits. It is None but for `l2`, where the score
    is calculated from it, so that both tell the same order.
    """
    if metric != "l2":
        return float(question @ context), None
    asked = question[:-1].astype(np.float64)
    distances = asked - context[:-1]
    squared = float(distances @ distances)
    return (float(asked @ asked) - squared) / 2, squared**0.5


def distances(metric: str, fresh: Matrix, stored: Matrix) -> npt.NDArray[np.float64]:
    """Return how far two matrices of contexts `[n, width]` are apart, `[n]`.

    That is the largest difference of a component, as a part of the stored vector's length where that is over 1. The
    added component of `l2` follows from the others and is left out: beside it they would hardly count.
    """
    if metric == "l2":
        fresh, stored = fresh[:, :-1], stored[:, :-1]
    length = np.linalg.norm(stored.astype(np.float64), axis=1)
    return np.asarray(np.abs(fresh.astype(np.float64) - stored).max(axis=1) / np.maximum(length, 1))
