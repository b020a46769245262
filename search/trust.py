"""How much the vectors count in the fusion: it depends on the model, and on what that seems to know of a question.

A model puts texts of a language that it does not know near each other for no reason that a reader would see. Words find
them all the same, and with the usual weight of the cosine hybrid ranking found a third of what they find alone. How the
limits were chosen, and what the weight does to each collection: docs/decisions/fusion.md.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from wherein.search.embedded import EmbeddedQuestion
from wherein.storage.index.vector_index import VectorIndex

__all__ = [
    "BY_WORDS", "LOW_TRUST", "agreement", "background_cosines", "spread_factor", "trust_for", "trust_in_meaning",
]  # fmt: skip

Floats = npt.NDArray[np.float64]

BY_WORDS = 5
"""How many of the best passages by words are asked for their nearness in meaning."""

LOW_TRUST = 0.5
"""Below this weight of the vectors, an answer says that it was found mostly by words."""

# With fewer vectors, passages that answer would be too large a share of the sample.
_MIN_VECTORS = 100
_LEAST = 0.15
# The deviation of a question's cosines with all vectors, for the shipped model; that of others may be a fourth of it.
_USUAL_DEVIATION = 0.085
_LARGEST_FACTOR = 8.0
# Between these limits trust grows from nothing to all.
_AGREEMENT = 0.5, 2.5
_CHARACTERS = 1.5, 3.0


def background_cosines(question: EmbeddedQuestion, index: VectorIndex) -> Floats | None:
    """Return the question's cosines with a sample of all vectors `[m]`; None for another metric and for few vectors."""
    if question.metric != "cosine" or index.count < _MIN_VECTORS:
        return None
    # Not `@`, for which OpenBLAS starts threads (`VectorIndex.nearest`).
    cosines: Floats = np.einsum("ij,j->i", index.background, question.vector).astype(np.float64)
    return cosines


def trust_for(question: EmbeddedQuestion, by_words: Floats, background: Floats | None) -> float:
    """Return the weight of the cosine for a question, from 0.15 to 1; the arrays are as for `agreement`."""
    agrees = None if background is None else agreement(by_words, background)
    return trust_in_meaning(agrees, question.characters_per_token)


def agreement(by_words: Floats, background: Floats) -> float | None:
    """Return how far the best passages by words stand out in meaning, in standard deviations; None if unknown.

    `by_words` has the cosines of at most BY_WORDS passages, `background` those of a sample of all vectors.
    """
    known, deviation = by_words[~np.isnan(by_words)], _deviation(background)
    if not len(known) or not deviation:
        return None
    return float(known.mean() - background.mean()) / deviation


def trust_in_meaning(agreement: float | None, characters_per_token: float) -> float:
    """Return the weight of the cosine, from 0.15 to 1.

    It is 1 if the passages with the question's words are near it in meaning, too, or if the model's vocabulary has its
    words whole; a language whose letters are all that the model knows has about one character per token. A question of
    which it knows nothing, such as an emoji, has the vector of every other one.
    """
    if characters_per_token <= 0:
        return _LEAST
    if agreement is None:
        return 1.0
    doubt = (1 - _share(agreement, *_AGREEMENT)) * (1 - _share(characters_per_token, *_CHARACTERS))
    return 1 - (1 - _LEAST) * doubt


def spread_factor(background: Floats | None) -> float:
    """Return the factor, 1 to 8, that brings cosines which differ little to the usual scale.

    Some models put all texts near each other: the differences of their cosines would vanish beside the words.
    """
    deviation = 0.0 if background is None else _deviation(background)
    return min(max(_USUAL_DEVIATION / deviation, 1.0), _LARGEST_FACTOR) if deviation else 1.0


def _deviation(background: Floats) -> float:
    """Return the standard deviation of cosines; 0 where they differ by rounding only."""
    deviation = float(background.std()) if len(background) else 0.0
    return deviation if deviation > 1e-9 else 0.0


def _share(value: float, low: float, high: float) -> float:
    return min(max((value - low) / (high - low), 0.0), 1.0)
