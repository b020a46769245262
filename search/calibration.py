"""The chance that a passage answers a question: from the best passage's nearness and words, and from how far it leads.

How the weights were fitted (`bench/calibration.py`) and how good they are: docs/decisions/scores.md.
"""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from wherein.search.fusion import Fused
from wherein.search.question_form import is_question

__all__ = ["NO_GOOD_MATCH", "OTHERS", "WEIGHTS", "Features", "Weights", "chances_of", "features", "weights_of"]

Scores = npt.NDArray[np.float64]

# Doubts 80 % of the train questions that have no answer (docs/decisions/scores.md).
NO_GOOD_MATCH = 0.12
"""When no hit has this chance, the answer is noted as "no good match"; docs/generate.py writes it into the docs."""


class Features(NamedTuple):
    """What is known of the best passage of a question.

    `cosine` is its own, `deviations` how many standard deviations that lies above the mean of the question's cosines
    with a sample of all vectors; 0 where these differ by rounding only. `coverage` is the share of the question's words
    that it holds (`search.fusion.Overlap`). By `lead` its score lies above the next different one, by `long_lead` above
    the fifth. `size` is the logarithm of the number of passages. `asks` is 1 for what is phrased as a question, else 0:
    more passages are near a claim or a few keywords without being the answer.
    """

    cosine: float
    deviations: float
    coverage: float
    lead: float
    long_lead: float
    size: float
    asks: float


class Weights(NamedTuple):
    """The weights of a logistic model: an intercept, and one for each of `features`.

    Another hit's logit is lower by `step`, and by `below` for each point by which its score is lower than the best.
    """

    intercept: float
    features: Features
    below: float
    step: float


# The cosines of other models have another scale.
OTHERS = Weights(-3.06, Features(0.0, 0.18, 3.35, 4.95, 3.71, -0.32, 0.83), 16.4, 0.34)
"""For any model."""

WEIGHTS: Mapping[str, Weights] = MappingProxyType(
    {"wherein-minilm-squad-int8": Weights(-5.68, Features(6.96, 0.0, 2.53, 5.29, 2.43, -0.24, 1.4), 16.9, 0.35)}
)
"""For single models, by their names."""

# The lead of a passage that is the only candidate.
_ALONE = 0.3
_FIFTH = 4
_SAME = 1e-9


def weights_of(model: str) -> Weights:
    """Return the weights for a model, given by its name."""
    return WEIGHTS.get(model, OTHERS)


def chances_of(
    weights: Weights, fused: Fused, dense: Scores, background: Scores | None, passages: int, question: str
) -> list[float | None]:
    """Return the chance of each candidate of a question, 0 to 1, best first: no later one has a higher chance.

    The arguments are those of `features`. None where there is no background, for a candidate without a cosine (NaN),
    and for all if that is the first.
    """
    scores = fused.scores
    if background is None or not len(scores) or math.isnan(dense[0]):
        return [None] * len(scores)
    own = features(fused, dense, background, passages, question)
    best = weights.intercept + float(np.dot(weights.features, own))
    lower = weights.below * (scores[0] - scores) + weights.step * (scores[0] - scores > _SAME)
    # Beyond 50 the chance is 0 or 1 all the same, and exp would overflow further out.
    chances = 1 / (1 + np.exp(-np.clip(best - lower, -50, 50)))
    return [None if math.isnan(one) else chance for one, chance in zip(dense.tolist(), chances.tolist(), strict=True)]


def features(fused: Fused, dense: Scores, background: Scores, passages: int, question: str) -> Features:
    """Return the features of the best of the candidates for `question`.

    `dense` `[r]` are the cosines of the candidates in `fused`, `background` `[m]` those of a fixed sample of all
    vectors, a few hundred or more; `passages` is the number of all passages.
    """
    deviation = float(background.std()) if len(background) else 0.0
    deviations = float(dense[0] - background.mean()) / deviation if deviation > _SAME else 0.0
    lead, long_lead = _leads(fused.without_phrases)
    coverage, size = float(fused.shares[0, 0]), math.log(max(passages, 2))
    return Features(float(dense[0]), deviations, coverage, lead, long_lead, size, float(is_question(question)))


def _leads(scores: Scores) -> tuple[float, float]:
    """Return by how much the first score lies above the next different one, and above the fifth; at least 0."""
    below = np.sort(scores[0] - scores[1:])
    # Copies of a passage do not contest its lead.
    different = below[np.abs(below) > _SAME]
    if not len(different):
        return _ALONE, _ALONE
    return max(float(different[0]), 0.0), max(float(below[:_FIFTH][-1]), 0.0)
