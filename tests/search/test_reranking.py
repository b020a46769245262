"""Reranking: the order of the hits, and what is done within the time."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pytest

from toy_reader import write_reader
from wherein.embed.answer_extractor import AnswerExtractor, load_answer_model
from wherein.search.hits import Hit
from wherein.search.reranking import Reranked, SpanReader, rerank


def hit(rank: int, text: str, score: float = 0.0) -> Hit:
    return Hit(
        rank=rank, score=score, document=rank, chunk=rank, uri=f"file:///{rank}", title="", media_type="text/plain",
        start=0, end=len(text), line=1, page=None, heading=(), text=text,
    )  # fmt: skip


@dataclass
class Known:
    """Reads with known scores, and takes a second for each passage."""

    scores: Mapping[str, float]
    weight: float | None = None
    name: str = "known"
    now: float = 100.0
    seen: list[tuple[str, str]] = field(default_factory=list)

    def prepare(self) -> None:
        self.now += 60  # loading a model takes no part of the time

    def score(self, question: str, text: str) -> float:
        self.seen.append((question, text))
        self.now += 1
        return self.scores[text]


def numbered(scores: list[float], first: list[float] | None = None) -> tuple[list[Hit], dict[str, float]]:
    firsts = first or [1 - number / 1000 for number in range(len(scores))]
    hits = [hit(number + 1, f"text {number}", value) for number, value in enumerate(firsts)]
    return hits, {one.text: score for one, score in zip(hits, scores, strict=True)}


def order(hits: list[Hit]) -> Iterator[int]:
    return (one.chunk for one in hits)


def test_the_scores_decide_alone_without_a_weight() -> None:
    hits, scores = numbered([-2.0, 7.0, 1.0])
    reader = Known(scores)
    ordered, done = rerank(reader, "who?", hits, 60_000, lambda: reader.now)
    assert [(one.chunk, one.rank, one.rerank_score) for one in ordered] == [(2, 1, 7.0), (3, 2, 1.0), (1, 3, -2.0)]
    assert [one.score for one in ordered] == [0.999, 0.998, 1.0]
    assert reader.seen == [("who?", "text 0"), ("who?", "text 1"), ("who?", "text 2")]
    assert done == Reranked("known", 3, 3)


@pytest.mark.parametrize(
    ("weight", "expected"), [(0.0, [1, 2, 3]), (0.01, [1, 2, 3]), (0.05, [2, 1, 3]), (1.0, [3, 2, 1])]
)
def test_a_weight_adds_the_scores_to_those_of_the_first_ranking(weight: float, expected: list[int]) -> None:
    hits, scores = numbered([0.0, 4.0, 6.0], [0.9, 0.8, 0.2])
    reader = Known(scores, weight)
    ordered, _ = rerank(reader, "who?", hits, 60_000, lambda: reader.now)
    assert list(order(ordered)) == expected


def test_of_equal_passages_the_first_stays_first() -> None:
    hits, scores = numbered([1.0, 3.0, 1.0, 3.0, 1.0])
    reader = Known(scores)
    ordered, _ = rerank(reader, "who?", hits, 60_000, lambda: reader.now)
    assert list(order(ordered)) == [2, 4, 1, 3, 5]


def test_only_the_best_20_are_read_and_the_others_follow() -> None:
    hits, scores = numbered([float(number) for number in range(25)])
    reader = Known(scores)
    ordered, done = rerank(reader, "who?", hits, 60_000, lambda: reader.now)
    assert list(order(ordered)) == [*range(20, 0, -1), 21, 22, 23, 24, 25]
    assert [one.rank for one in ordered] == list(range(1, 26))
    assert ordered[20].rerank_score is None
    assert done == Reranked("known", 20, 20)
    assert done.describe(60_000) == "the best 20 passages were read again by known, which decides their order"


@pytest.mark.parametrize(("milliseconds", "read"), [(1, 1), (1_000, 1), (1_001, 2), (2_500, 3), (4_000, 4), (9_000, 5)])
def test_no_passage_is_begun_when_the_time_is_up(milliseconds: int, read: int) -> None:
    hits, scores = numbered([1.0, 2.0, 3.0, 4.0, 5.0])
    reader = Known(scores)
    ordered, done = rerank(reader, "who?", hits, milliseconds, lambda: reader.now)
    assert list(order(ordered)) == [*range(read, 0, -1), *range(read + 1, 6)]
    assert done == Reranked("known", 5, read)
    if milliseconds == 2_500:
        assert done.describe(2_500) == (
            "only 3 of the best 5 passages were read again by known within the limit of 2,500 ms; the others follow in"
            " their original order"
        )


def test_without_hits_nothing_is_read() -> None:
    assert rerank(Known({}), "who?", [], 100) == ([], Reranked("known", 0, 0))


def test_an_answer_model_reads_for_the_odds_of_an_answer(tmp_path_factory: pytest.TempPathFactory) -> None:
    starts = {"lisbon": 9.0, "rome": 4.0, "[CLS]": 2.0}
    ends = {"lisbon": 8.0, "rome": 3.0, "[CLS]": 1.0}
    folder = write_reader(tmp_path_factory.mktemp("readers") / "reader", starts, ends)
    reader = SpanReader(AnswerExtractor(load_answer_model(folder), "w8a32"))
    assert reader.name == "reader"
    reader.prepare()
    assert reader.score("Where?", "It was in Lisbon.") == 9 + 8 - 2 - 1
    assert reader.score("Where?", "In Rome or in Lisbon?") == 9 + 8 - 2 - 1
    assert reader.score("Where is Lisbon?", "In Rome.") == 4 + 3 - 2 - 1
    assert reader.score("Where?", "Nobody knows.") == -3.0
    assert reader.score("Where?", "one " * 900 + "Rome") == 4.0
    assert reader.score("Where?", " \n") == float("-inf")
