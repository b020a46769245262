"""How likely is it that a passage answers the question? Measured against passages that have nothing to do with it.

How the weights were found and how good they are: docs/decisions/fusion.md.
"""

import math

import numpy as np
import numpy.typing as npt

__all__ = ["NO_GOOD_MATCH", "calibrated"]

Scores = npt.NDArray[np.float64]

# A best hit below this is "no good match".
NO_GOOD_MATCH = 0.15
_START, _EXCESS, _WORDS = -4.33, 0.73, 10.36


def calibrated(dense: Scores, fused: Scores, background: Scores, passages: int) -> Scores:
    """Return for each candidate how likely it is the answer, 0 to 1, from arrays `[n]` over the candidates.

    `dense` is the cosine, `fused` what `search.fusion.fuse` made of it. `background` `[m]` has the question's cosine
    with a fixed sample of all vectors, a few hundred or more; among `passages` of them chance alone brings the best
    about sqrt(2 ln(passages)) spreads above the mean. A background without spread says nothing, as if at chance.
    """
    spread = float(background.std()) if len(background) else 0.0
    excess = np.zeros(len(dense))
    if spread > 1e-9:
        excess = (dense - background.mean()) / spread - math.sqrt(2 * math.log(max(passages, 1)))
    logit = _START + _EXCESS * excess + _WORDS * (fused - dense)
    # What is beyond 50 is 0 or 1 all the same, and would overflow far out.
    chance: Scores = 1 / (1 + np.exp(-np.clip(logit, -50, 50)))
    return chance
