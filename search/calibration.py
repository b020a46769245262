"""How likely is it that a passage answers the question? Measured against passages that have nothing to do with it.

How the weights were found (`bench/calibration.py`) and how good they are: docs/decisions/fusion.md.
"""

import math

import numpy as np
import numpy.typing as npt

__all__ = ["NO_GOOD_MATCH", "calibrated", "features"]

Scores = npt.NDArray[np.float64]

# A best hit below this is "no good match".
NO_GOOD_MATCH = 0.1
_START, _EXCESS, _WORDS, _COSINE = -3.11, 0.39, 4.60, 2.19


def calibrated(dense: Scores, fused: Scores, background: Scores, passages: int) -> Scores:
    """Return for each candidate how likely it is the answer, 0 to 1; the arguments are those of `features`."""
    logit = _START + features(dense, fused, background, passages) @ np.array([_EXCESS, _WORDS, _COSINE])
    # What is beyond 50 is 0 or 1 all the same, and would overflow far out.
    chance: Scores = 1 / (1 + np.exp(-np.clip(logit, -50, 50)))
    return chance


def features(dense: Scores, fused: Scores, background: Scores, passages: int) -> Scores:
    """Return what tells the chance of each candidate `[n, 3]`, from arrays `[n]` over the candidates.

    `dense` is the cosine, `fused` what `search.fusion.fuse` made of it. `background` `[m]` has the question's cosine
    with a fixed sample of all vectors, a few hundred or more; among `passages` of them chance alone brings the best
    about sqrt(2 ln(passages)) spreads above the mean. The features are how many spreads the cosine lies above that,
    what the words add to it, and the cosine itself, for where all passages are about one thing the spread says little.
    A background without spread says nothing, as if at chance.
    """
    spread = float(background.std()) if len(background) else 0.0
    excess = np.zeros(len(dense))
    if spread > 1e-9:
        excess = (dense - background.mean()) / spread - math.sqrt(2 * math.log(max(passages, 1)))
    return np.column_stack([excess, fused - dense, dense])
