"""The chance that a passage answers a question, estimated against passages that are unrelated to the question.

How the weights were fitted (`bench/calibration.py`) and how good they are: docs/decisions/fusion.md.
"""

import math

import numpy as np
import numpy.typing as npt

__all__ = ["NO_GOOD_MATCH", "calibrated", "chances_of", "features"]

Scores = npt.NDArray[np.float64]

# So low that hardly any right answer is doubted: of hits below it 1.3 % were right (docs/decisions/fusion.md).
NO_GOOD_MATCH = 0.1
"""When no hit has this chance, the answer is noted as "no good match"; docs/generate.py writes it into the docs."""

_INTERCEPT, _EXCESS, _WORDS, _COSINE = -3.11, 0.39, 4.60, 2.19


def calibrated(dense: Scores, words: Scores, background: Scores, passages: int) -> Scores:
    """Return the chance `[n]`, 0 to 1, that each candidate is the answer; the arguments are those of `features`."""
    logit = _INTERCEPT + features(dense, words, background, passages) @ np.array([_EXCESS, _WORDS, _COSINE])
    # Beyond 50 the chance is 0 or 1 all the same, and exp would overflow further out.
    chance: Scores = 1 / (1 + np.exp(-np.clip(logit, -50, 50)))
    return chance


def chances_of(dense: Scores, words: Scores, background: Scores | None, passages: int) -> list[float | None]:
    """Return the chances of candidates; None where there is no background, or a candidate has no cosine (NaN)."""
    if background is None:
        return [None] * len(dense)
    chances = calibrated(dense, words, background, passages).tolist()
    return [None if math.isnan(score) else chance for score, chance in zip(dense.tolist(), chances, strict=True)]


def features(dense: Scores, words: Scores, background: Scores, passages: int) -> Scores:
    """Return the features `[n, 3]` of each candidate, from arrays `[n]` over the candidates.

    `dense` is the cosine, `words` what the question's words add to it (`search.fusion.Fused`). `background` `[m]` has
    the question's cosines with a fixed sample of all vectors, a few hundred or more. Among `passages` unrelated ones
    the best cosine is to be expected sqrt(2 ln(passages)) standard deviations above the mean. The features are how many
    standard deviations the cosine lies above that, what the words add to the cosine, and the cosine itself, because the
    deviation says little where all passages are about one subject. A background without deviation counts as no excess.
    """
    deviation = float(background.std()) if len(background) else 0.0
    excess = np.zeros(len(dense))
    if deviation > 1e-9:  # below that, the cosines differ by rounding only
        excess = (dense - background.mean()) / deviation - math.sqrt(2 * math.log(max(passages, 1)))
    return np.column_stack([excess, words, dense])
