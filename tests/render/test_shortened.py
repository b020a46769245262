"""Which hits are shown at first, and how the others are counted."""

from pathlib import Path

import pytest

import wherein
from made_hits import made_hit
from wherein.render.shortened import WEAK_CHANCE, WEAK_SHARE, shortened
from wherein.search.hits import Hit, Sentence


def by_chance(*chances: float) -> list[Hit]:
    return [made_hit(rank=rank, chance=chance) for rank, chance in enumerate(chances, 1)]


def by_score(*scores: float, **others: object) -> list[Hit]:
    return [made_hit(rank=rank, score=score, **others) for rank, score in enumerate(scores, 1)]


@pytest.mark.parametrize(
    ("hits", "ranks"),
    [
        (by_chance(0.9, 0.31, 0.3, 0.29), {1, 2, 3}),  # 30 % is never weak
        (by_chance(0.6, 0.21, 0.2, 0.19), {1, 2, 3}),  # a third of the best one's is not weak
        (by_chance(0.06, 0.03, 0.01), {1, 2}),
        (by_chance(0.1, 0.9, 0.2, 0.5), {1, 2, 4}),  # the first is shown, whatever the others have
        (by_chance(0.0, 0.0), {1, 2}),
        (by_chance(0.1), {1}),
        (by_score(9.0, 3.0, 2.9), {1, 2}),
        (by_score(-0.1, -0.5), {1, 2}),  # similarities below 0 have no third
        (by_score(0.9, 0.2, distance=5.0), {1, 2}),
        ([], set()),
    ],
)
def test_hits_far_below_the_best_are_counted(hits: list[Hit], ranks: set[int]) -> None:
    shown = shortened(hits)
    assert shown.ranks == ranks
    assert (shown.weaker, shown.repeated) == (len(hits) - len(ranks), 0)


def test_a_hit_that_must_be_shown_is_shown() -> None:
    assert shortened(by_chance(0.9, 0.1, 0.1), keep=3).ranks == {1, 3}


def test_a_sentence_of_a_document_is_shown_once() -> None:
    same, other = Sentence(start=5, end=20, score=1.0), Sentence(start=5, end=19, score=1.0)
    hits = [
        made_hit(rank=1, sentence=same), made_hit(rank=2, sentence=same), made_hit(rank=3, sentence=other),
        made_hit(rank=4, sentence=same, document=2), made_hit(rank=5), made_hit(rank=6),
    ]  # fmt: skip
    shown = shortened(hits)
    assert (shown.ranks, shown.repeated) == ({1, 3, 4, 5, 6}, 1)


@pytest.mark.parametrize(
    ("weaker", "repeated", "words"),
    [
        (0, 0, ""),
        (1, 0, "1 weaker passage"),
        (3_000, 0, "3,000 weaker passages"),
        (0, 1, "1 passage with a sentence shown above"),
        (0, 2, "2 passages with a sentence shown above"),
        (2, 1, "2 weaker passages and 1 with a sentence shown above"),
    ],
)
def test_what_is_not_shown_is_named(weaker: int, repeated: int, words: str) -> None:
    sentence = Sentence(start=0, end=9, score=1.0)
    hits = [made_hit(chance=0.9, sentence=sentence)]
    hits += [made_hit(rank=2, chance=0.9, sentence=sentence)] * repeated + [made_hit(rank=3, chance=0.1)] * weaker
    assert shortened(hits).others == words


def test_the_documentation_has_the_same_limits() -> None:
    page = (Path(wherein.__file__).parent / "docs" / "querying.md").read_text("utf-8")
    assert WEAK_SHARE == 1 / 3
    assert f"less than a third of the best hit's chance and below {100 * WEAK_CHANCE:.0f} %" in page
