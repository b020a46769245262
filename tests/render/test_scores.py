"""Chances in words."""

import pytest

from made_hits import made_hit
from wherein.render.scores import describe_score, likelihood


@pytest.mark.parametrize(
    ("chance", "word"),
    [
        (1.0, "very likely"), (0.8, "very likely"), (0.796, "very likely"), (0.794, "likely"), (0.5, "likely"),
        (0.494, "perhaps"), (0.2, "perhaps"), (0.194, "unlikely"), (0.0, "unlikely"),
    ],
)  # fmt: skip
def test_a_chance_has_a_word(chance: float, word: str) -> None:
    assert likelihood(chance) == word
    assert describe_score(made_hit(chance=chance)) == f"{word}, {100 * chance:.0f} %"


def test_without_a_chance_the_score_or_the_distance_is_shown() -> None:
    assert describe_score(made_hit(score=12.345)) == "score 12.35"
    assert describe_score(made_hit(score=-0.2, distance=3.0)) == "distance 3.00"
