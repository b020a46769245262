"""Scores for a person: how likely a hit answers the question, in words and a figure."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wherein.search.hits import Hit

__all__ = ["describe_score", "likelihood"]

_WORDS = ((80, "very likely"), (50, "likely"), (20, "perhaps"))
"""The lowest chance, in percent, for each word."""


def describe_score(hit: "Hit") -> str:
    """Return the chance of a hit in a word and a figure, else its distance or score: `perhaps, 43 %`, `score 0.71`."""
    if hit.chance is not None:
        return f"{likelihood(hit.chance)}, {100 * hit.chance:.0f} %"
    return f"score {hit.score:.2f}" if hit.distance is None else f"distance {hit.distance:.2f}"


def likelihood(chance: float) -> str:
    """Return a chance, 0 to 1, as a word; it is rounded first, as the figure beside the word is."""
    percent = round(100 * chance)
    return next((word for least, word in _WORDS if percent >= least), "unlikely")
